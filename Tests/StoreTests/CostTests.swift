import Foundation
import Model
import Schema
import Store
import Testing

/// The tables of what is paid.
@Suite struct CostTests {
    private func sum(_ store: Store) throws -> [StoreValue] {
        try store.query("SELECT sum(time_us), sum(time_us * microusd_per_hour) FROM cost_lines").rows[0]
    }

    /// Accounts that are old become part of one sum, and nothing is lost on the way.
    @Test func whatIsNoLongerKeptByMachineStillCounts() throws {
        let pair = try Pair()
        let began = pair.nodes.now()
        try pair.nodes.commit { write in
            for number in 1...5 {
                var row = account(number, began: began, [CostShare(.idle)])
                (row.since, row.endedAt) = (began + Millis(1_000), began + Millis(1_000))
                try write.put(row)
                try write.book(
                    [(CostCause.starting, 300), (.deployment, 700)].map { cause, milli in
                        CostBooking(
                            account: row.id, microdollarsPerHour: 10_000, hour: Moment(0), cause: cause,
                            deployment: cause == .deployment ? chat.rawValue : "", micros: milli * 1_000)
                    })
            }
            // Of the fifth the provider still shows the machine: its account would be opened anew.
            try write.put(
                InstanceSeenRow(
                    instance: "i-5", token: "t", node: NodeID("n5"), type: "small", state: "terminated",
                    seenAt: began, firstSeenAt: began))
        }
        let before = try sum(pair.nodes)
        #expect(before[0] == .integer(5_000_000))
        var retention = Retention()
        retention.costAccountAgeMax = Millis(60_000)
        retention.costHourAgeMax = Millis(60_000)
        retention.batchMax = 2
        #expect(try pair.nodes.trim(retention) == 0, "none is old")
        pair.time.advance(120_000)
        try pair.nodes.trimAll(retention)
        #expect(try sum(pair.nodes) == before)
        #expect(try pair.nodes.state().costAccounts.keys.sorted() == ["i-5@5"])
        #expect(
            try pair.nodes.query("SELECT cause, time_us FROM cost_past ORDER BY 1").rows == [
                [.text("deployment"), .integer(2_800_000)], [.text("starting"), .integer(1_200_000)],
            ])
        #expect(try pair.nodes.query("SELECT count(*) FROM cost_total").rows == [[.integer(2)]])
    }

    @Test func historyByTheHourHasAnEnd() throws {
        let pair = try Pair()
        pair.time.advance(10 * 3_600_000 + 1)
        let hour = CostBooking.hour.rawValue
        let last = pair.nodes.now().ms / hour * hour
        try pair.nodes.commit { write in
            for back in 0..<5 {
                try write.book([
                    CostBooking(
                        account: "a", microdollarsPerHour: 1, hour: Moment(last - Int64(back) * hour),
                        cause: .idle, deployment: "", micros: 1)
                ])
            }
        }
        var retention = Retention()
        retention.costHourAgeMax = Millis(2 * hour)
        try pair.nodes.trimAll(retention)
        #expect(try pair.nodes.query("SELECT count(*) FROM cost_hour").rows == [[.integer(2)]])
    }

    @Test func theServeTierMayNotWriteThem() throws {
        let pair = try Pair()
        #expect(throws: StoreError.self) {
            try pair.serve.commit { try $0.put(account(1, began: Moment(1), [CostShare(.idle)])) }
        }
        #expect(throws: StoreError.self) {
            try pair.serve.commit { write in
                try write.book([
                    CostBooking(
                        account: "a", microdollarsPerHour: 1, hour: Moment(0), cause: .idle, deployment: "",
                        micros: 1)
                ])
            }
        }
    }

    /// A database of version 5 with a node: it goes on, and its costs begin.
    @Test func aClusterOfVersionFiveGoesOn() throws {
        let place = try Place()
        try FileManager.default.createDirectory(
            atPath: place.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try place.shell("PRAGMA application_id = \(Schema.applicationID)")
        for migration in Schema.migrations.prefix(5) {
            #expect(try place.shell("\n" + migration.sql) == "")
        }
        try place.shell("PRAGMA user_version = 5")
        #expect(
            try place.shell(
                """
                INSERT INTO node (id, type, phase, token, epoch, provider, offerings_json, instance, microusd_per_hour,
                  resources_json, ports_first, ports_last, created_ms, created_unix_ms, join_deadline_ms, phase_ms)
                VALUES ('n1', 'small', 'ready', 't', 1, 'fake', '[]', 'i-1', 40000, '{"CPU":4000}', 1, 2, 3, 4, 5, 6)
                """) == "")
        let store = try place.open(.nodes)
        let state = try store.state()
        #expect(state.nodes[NodeID("n1")]?.microdollarsPerHour == 40_000)
        #expect(state.costAccounts.isEmpty && state.kept.isEmpty)
        let row = account(1, began: store.now(), [CostShare(.idle)])
        try store.commit { try $0.put(row) }
        #expect(try store.state().costAccounts == [row.id: row])
        let why = try store.query("SELECT node, code FROM why_not_removed").rows
        #expect(why == [[.text("n1"), .text("unseen")]])
    }
}
