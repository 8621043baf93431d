import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// A tier that is killed and started again takes the same decisions at the same moments.
@Suite struct DecisionDeltaTests {
    /// Second and requests from then on.
    private static let course: [(at: Int64, load: Int)] = [
        (0, 2), (8, 9), (20, 7), (23, 9), (40, 3), (47, 4), (60, 1), (90, 6), (93, 5),
    ]

    /// - Parameter kills: seconds at which the tier dies.
    /// - Parameter away: for so long.
    private func decisions(
        killedAt kills: [Int64], away: Millis = .zero
    ) async throws -> [(at: Int64, what: String)] {
        let world = try TwoTiers(.cloud([.cpus("small", 16)]))
        try world.apply([.of(.named("chat", .between(1, 8, target: 1, up: .seconds(5), down: .seconds(20))))])
        let events =
            Self.course.map { (at: $0.at, load: $0.load as Int?) } + kills.map { (at: $0, load: nil as Int?) }
        var now: Int64 = 0
        for event in events.sorted(by: { $0.at < $1.at }) {
            try await world.run(.seconds(event.at - now))
            now = event.at
            if let load = event.load {
                world.offer(load, to: chat)
            } else {
                world.killServe()
                try await world.run(away)
                now += away.rawValue / 1000
                try world.openServe()
            }
        }
        try await world.run(.seconds(150 - now))
        #expect(world.violations == [])
        let store = try #require(world.serve?.store)
        let sql = "SELECT at_ms, before, after, rule FROM serve_decision WHERE kind = 'scale' ORDER BY id"
        return try store.query(sql).rows.map { row in
            (Int64(row[0].text) ?? -1, row.dropFirst().map(\.text).joined(separator: " "))
        }
    }

    @Test(
        arguments: [[3], [10], [12, 13], [24], [42, 50], [58], [61, 75], [92], [5, 25, 45, 65, 85]]
            as [[Int64]])
    func aKillChangesNoDecision(kills: [Int64]) async throws {
        let undisturbed = try await decisions(killedAt: [])
        #expect(undisturbed.count >= 4)
        let disturbed = try await decisions(killedAt: kills)
        #expect(disturbed.map(\.what) == undisturbed.map(\.what))
        // Messages take a millisecond more or less.
        let shifts = zip(disturbed, undisturbed).map { abs($0.at - $1.at) }
        #expect(shifts.allSatisfy { $0 <= 5 }, "\(disturbed) instead of \(undisturbed)")
    }

    /// What was due meanwhile is decided at its return, by what was known when it was due.
    @Test(arguments: [[10], [21], [29, 50], [61, 80], [90]] as [[Int64]])
    func whatWasDueMeanwhileIsDecidedAsItWouldHaveBeen(kills: [Int64]) async throws {
        let away = Millis(4_000)
        let undisturbed = try await decisions(killedAt: [])
        let disturbed = try await decisions(killedAt: kills, away: away)
        #expect(disturbed.map(\.what) == undisturbed.map(\.what))
        let shifts = zip(disturbed, undisturbed).map { $0.at - $1.at }
        #expect(
            shifts.allSatisfy { $0 >= -5 && $0 <= away.rawValue + 500 }, "\(disturbed) not \(undisturbed)")
    }
}
