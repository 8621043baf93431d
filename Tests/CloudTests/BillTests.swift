import Cloud
import CloudAdapters
import Foundation
import Link
import LocalCloud
import Model
import Testing
import Wire

/// The dates by which machines are paid, and the bill by machine.
@Suite(.serialized, .timeLimit(.minutes(2))) struct BillTests {
    @Test func theBillByMachineIsTheBill() throws {
        let cloud = Shop.cloud {
            $0.stopDelay = .seconds(3)
            $0.unixMsAtStart = 1_000
        }
        let first = try cloud.made("a")
        cloud.advance(by: .seconds(10))
        let second = try cloud.made("b", [Shop.large])
        try cloud.terminateNow(instance: first.id).get()
        cloud.advance(by: .seconds(20))
        let lines = cloud.billByMachine
        #expect(lines.map(\.instance) == [first.id, second.id])
        #expect(lines.map(\.createdUnixMs) == [1_000, 11_000])
        #expect(lines.map(\.endedUnixMs) == [14_000, nil])
        #expect(lines.map(\.time) == [.seconds(13), .seconds(20)])
        let sum = lines.reduce(Int64(0)) { $0 + $1.offering.microdollarsPerHour * $1.time.rawValue }
        #expect(sum / 3_600_000 == cloud.bill.microdollars)
        // The list says the same.
        #expect(try cloud.listed().map(\.createdUnixMs) == [1_000, 11_000])
        #expect(try cloud.listed().map(\.endedUnixMs) == [14_000, nil])
        #expect(first.createdUnixMs == 1_000 && first.endedUnixMs == nil)
    }

    @Test func aStaleListKnowsNoLaterEnd() throws {
        let cloud = Shop.cloud { $0.staleSpan = .seconds(30) }
        let made = try cloud.made("a")
        cloud.advance(by: .seconds(60))
        cloud.lose(instance: made.id)
        for _ in 0..<20 {
            cloud.inject(.listStale)
            cloud.advance(by: .seconds(1))
            for instance in try cloud.listed() {
                #expect((instance.endedUnixMs != nil) == (instance.state == .terminated))
            }
        }
        // A lie about the state is no word about the end.
        cloud.inject(.goesBackwards)
        for instance in try cloud.listed() where instance.state == .running {
            #expect(instance.endedUnixMs == nil)
        }
    }

    @Test func theFakeCloudBillsWhatItsListSays() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, link) async throws -> Void in
                let path = "\(LocalCloudRoutes.bill)?cluster=\(place.cluster)"
                func bill() async throws -> BillAnswer {
                    try await link.call("GET", path, deadline: .seconds(10), as: BillAnswer.self)
                }
                let made = try await provider.create(place.request("t1", node: "n1"))
                let created = try #require(made.createdUnixMs)
                let running = try await bill()
                #expect(
                    running.machines.map(\.instance) == [made.id] && running.machines[0].endedUnixMs == nil)
                #expect(running.machines[0].timeMs.rawValue == running.asOfUnixMs - created)
                try await provider.terminate(instance: made.id)
                try await place.until("the agent has ended") { place.processes().isEmpty }
                var ended: Int64?
                while ended == nil {
                    try await place.ticks(1)
                    ended = try await provider.list(cluster: place.cluster).first?.endedUnixMs
                }
                let line = try await bill().machines[0]
                #expect(line.createdUnixMs == created && line.endedUnixMs == ended)
                #expect(line.timeMs.rawValue == (ended ?? 0) - created)
                #expect(try await bill().machines[0] == line, "nothing more is paid")
            }
            // The books are on disk.
            try await place.whileRunning { (_, link) async throws -> Void in
                let path = "\(LocalCloudRoutes.bill)?cluster=\(place.cluster)"
                let again = try await link.call("GET", path, deadline: .seconds(10), as: BillAnswer.self)
                #expect(again.machines.count == 1 && again.machines[0].endedUnixMs != nil)
            }
        }
    }
}
