import Cloud
import Model
import Simulation
import Store
import Testing

/// Books that are wrong, and that I-30 says so.
@Suite("Checks of costs")
struct CostChecksTests {
    private func line(_ instance: String, created: Int64, ended: Int64?, until now: Int64 = 10_000)
        -> MemoryCloud.Bill.MachineLine
    {
        MemoryCloud.Bill.MachineLine(
            instance: instance, token: "t", node: NodeID("n1"), cluster: "c",
            offering: Offering(nodeType: "small", zone: "a", capacityType: "spot", microdollarsPerHour: 7),
            createdUnixMs: created, endedUnixMs: ended, time: Millis((ended ?? now) - created))
    }

    /// An account of that machine which is booked until `until` of its life.
    private func account(
        _ line: MemoryCloud.Bill.MachineLine, until: Int64, isEnded: Bool = false,
        _ change: (inout SafetyOfCosts.Account) -> Void = { _ in }
    ) -> SafetyOfCosts.Account {
        var row = CostAccountRow(
            id: "\(line.instance)@\(line.createdUnixMs)", instance: line.instance, node: line.node,
            type: "small",
            zone: "a", capacityType: "spot", microdollarsPerHour: 7, createdUnixMs: line.createdUnixMs,
            beganAt: Moment(500), shares: [CostShare(.idle)])
        row.since = Moment(500 + until)
        if isEnded { row.endedAt = row.since }
        var account = SafetyOfCosts.Account(row, booked: until * 1_000)
        change(&account)
        return account
    }

    private func words(
        _ accounts: [SafetyOfCosts.Account], _ bill: [MemoryCloud.Bill.MachineLine],
        past: [Int64: Int64] = [:],
        isComplete: Bool = true
    ) -> [String] {
        let found = SafetyOfCosts(accounts: accounts, past: past, bill: bill, isComplete: isComplete)
            .breaches()
        #expect(found.allSatisfy { $0.rule == "I-30" })
        return found.map(\.words)
    }

    @Test func rightBooksAreSilent() {
        let (ended, running) = (
            line("i-1", created: 1_000, ended: 4_000), line("i-2", created: 2_000, ended: nil)
        )
        let accounts = [account(ended, until: 3_000, isEnded: true), account(running, until: 1_234)]
        #expect(words(accounts, [ended, running]).isEmpty)
        // Of one that has ended nobody may have heard yet.
        #expect(words([account(ended, until: 2_000), accounts[1]], [ended, running]).isEmpty)
        // And of one long ago the time is in the sum.
        let old = line("i-0", created: 0, ended: 500)
        #expect(words(accounts, [old, ended, running], past: [7: 500_000]).isEmpty)
    }

    @Test func wrongBooksAreNamed() {
        let ended = line("i-1", created: 1_000, ended: 4_000)
        let running = line("i-2", created: 2_000, ended: nil)
        let right = account(ended, until: 3_000, isEnded: true)
        #expect(
            words([account(ended, until: 2_999, isEnded: true)], [ended]).count == 1, "a millisecond less")
        #expect(words([account(ended, until: 3_000, isEnded: true) { $0.booked -= 1 }], [ended]).count == 1)
        #expect(
            words([account(ended, until: 3_000, isEnded: true) { $0.row.microdollarsPerHour = 8 }], [ended])
                .count == 1)
        #expect(words([account(running, until: 8_000, isEnded: true)], [running]).count == 1, "it runs")
        #expect(
            words([right, account(running, until: 1) { $0.row.shares = [] }], [ended, running]).count == 1)
        #expect(words([right], []).count == 1, "no such machine")
        #expect(words([right], [ended, running]).count == 1, "one is missing")
        #expect(
            words([right], [ended, running], isComplete: false).isEmpty, "and may be, where ends are not told"
        )
        #expect(words([right], [ended], past: [7: 1]).count == 1, "one microsecond too many")
        let guess = account(ended, until: 2_900, isEnded: true) { $0.row.isEstimate = true }
        #expect(words([guess], [ended]).count == 1)
        #expect(words([guess], [ended], isComplete: false).isEmpty)
    }
}
