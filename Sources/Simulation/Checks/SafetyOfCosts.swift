import Cloud
import Model
import Store

/// I-30: what the node tier says was paid is what the provider bills.
package struct SafetyOfCosts: Sendable {
    /// One machine's account, with all that is booked for it.
    package struct Account: Sendable {
        package var row: CostAccountRow
        /// Thousandths of the machine times milliseconds.
        package var booked: Int64

        package init(_ row: CostAccountRow, booked: Int64) {
            self.row = row
            self.booked = booked
        }
    }

    package var accounts: [Account]
    /// Of accounts that are no longer kept: booked time by price.
    package var past: [Int64: Int64]
    /// The provider's, until `now`.
    package var bill: [MemoryCloud.Bill.MachineLine]
    /// Every end was told in time, so that nothing may be missing or estimated.
    package var isComplete: Bool

    package init(
        accounts: [Account], past: [Int64: Int64] = [:], bill: [MemoryCloud.Bill.MachineLine],
        isComplete: Bool
    ) {
        self.accounts = accounts
        self.past = past
        self.bill = bill
        self.isComplete = isComplete
    }

    package func breaches() -> [Breach] {
        let lines = Dictionary(
            bill.map { ("\($0.instance)@\($0.createdUnixMs)", $0) }, uniquingKeysWith: { $1 })
        let found = accounts.sorted { $0.row.id < $1.row.id }.flatMap { breaches($0, lines[$0.row.id]) }
        return found + (isComplete && found.isEmpty ? sum(lines) : [])
    }

    private func breaches(_ account: Account, _ line: MemoryCloud.Bill.MachineLine?) -> [Breach] {
        let row = account.row
        var found: [Breach] = []
        func say(_ words: String) { found.append(Breach("I-30", "account \(row.id): \(words)")) }
        let span = (row.since - row.beganAt).rawValue
        if account.booked != span * 1_000 {
            say("\(account.booked) us are booked of \(span) ms")
        }
        if row.shares.reduce(0, { $0 + $1.milli }) != 1_000 { say("its shares are not a whole") }
        guard let line else {
            say("no machine of the provider's is behind it")
            return found
        }
        if row.microdollarsPerHour != line.offering.microdollarsPerHour {
            say("\(row.microdollarsPerHour) an hour, and \(line.offering.microdollarsPerHour) are billed")
        }
        if row.endedAt != nil, !row.isEstimate {
            if line.endedUnixMs == nil { say("it has ended, and the machine runs") }
            if span != line.time.rawValue { say("\(span) ms, and \(line.time.rawValue) are billed") }
        }
        return found
    }

    /// All of it, by price, until the provider's now.
    private func sum(_ lines: [String: MemoryCloud.Bill.MachineLine]) -> [Breach] {
        var booked: [Int64: Int128] = past.mapValues { Int128($0) }
        for account in accounts {
            let row = account.row
            if row.isEstimate {
                return [Breach("I-30", "the end of \(row.id) was told, and is an estimate")]
            }
            // What runs is paid until the provider's now; of what has just ended the tier has not heard yet.
            let open = row.endedAt == nil ? lines[row.id].map { row.beganAt + $0.time - row.since } : nil
            booked[row.microdollarsPerHour, default: 0] +=
                Int128(account.booked) + Int128((open ?? .zero).rawValue) * 1_000
        }
        var billed: [Int64: Int128] = [:]
        for line in bill {
            billed[line.offering.microdollarsPerHour, default: 0] += Int128(line.time.rawValue) * 1_000
        }
        return Set(booked.keys).union(billed.keys).sorted().compactMap { price in
            let (ours, theirs) = (booked[price] ?? 0, billed[price] ?? 0)
            guard ours != theirs else { return nil }
            return Breach(
                "I-30", "at \(price) an hour \(ours) us are accounted for, and \(theirs) are billed")
        }
    }
}

extension Checks {
    /// Trouble in which the provider goes on to tell of every end soon enough.
    private static let tellingFaults: Set<FaultClass> = [
        .replyLost, .callLost, .stockOut, .quota, .terminateLost, .neverBoots, .slowBoot, .preemption,
        .machineLoss, .tierCrash, .agentCrash, .proxyCrash, .replicaCrash, .replicaHang, .replicaSlow,
        .startFails, .startSlow, .operators,
    ]
    /// As long as clouds show an ended machine at the least, see promise 3 of `CloudProvider`.
    private static let tellsFor = Millis(300_000)
    /// What is created in the last moments may not be known yet.
    private static let answerWithin = Millis(60_000)

    /// - Parameter isAtTheEnd: also what needs all that was said to have been heard.
    func lookAtCosts(_ world: World, isAtTheEnd: Bool) {
        guard let watch, plan.cluster.provider != nil else { return }
        let state = watch.state
        var booked: [String: Int64] = [:]
        guard let totals = try? watch.ask("SELECT account, sum(time_us) FROM cost_total GROUP BY account"),
            let old = try? watch.ask(
                "SELECT microusd_per_hour, sum(time_us) FROM cost_past GROUP BY microusd_per_hour"),
            !totals.truncated, !old.truncated
        else { return }
        for row in totals.rows {
            if case .integer(let time) = row[1] { booked[row[0].text] = time }
        }
        var past: [Int64: Int64] = [:]
        for row in old.rows {
            if case .integer(let price) = row[0], case .integer(let time) = row[1] { past[price] = time }
        }
        let cloud = world.provider.cloud
        let bill = cloud.billByMachine.filter { $0.cluster == cluster }
        let young = cloud.unixMillis - (Self.answerWithin + plan.cloud.listLag).rawValue
        let isTold =
            plan.torment == .none && plan.script.isEmpty && plan.cloud.remembersTerminated >= Self.tellsFor
            && plan.faults.classes.allSatisfy { Self.tellingFaults.contains($0) }
        let accounts = state.costAccounts.values.map { SafetyOfCosts.Account($0, booked: booked[$0.id] ?? 0) }
        report(
            SafetyOfCosts(
                accounts: accounts, past: past, bill: bill,
                isComplete: isAtTheEnd && isTold && !isRestored && !bill.contains { $0.createdUnixMs > young }
            ).breaches(), world)
    }
}
