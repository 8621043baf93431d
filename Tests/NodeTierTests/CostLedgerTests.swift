import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// What is paid for every machine, and for what: to the millisecond what the cloud bills.
@Suite struct CostLedgerTests {
    /// Loads, losses, lost answers and kills of the tiers by the dice.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func theLedgerEqualsTheBill(_ seed: UInt64) async throws {
        var dice = SeededDice(seed: seed)
        let world = try TwoTiers(
            .cloud(
                [.cpus("large", 4, max: 3), .cpus("small", 2, min: 1, max: 4)], maxWorkers: 6,
                idleTimeout: .seconds(15)), proxies: 2
        ) {
            $0.bootDelay = Millis(800)
            $0.listLag = Millis(700)
            $0.stopDelay = Millis(900)
            $0.remembersTerminated = .seconds(3_600)
        }
        for _ in 0..<200 {
            try act(on: world, &dice)
            try await world.run(Millis(Int64.random(in: 1...4_000, using: &dice)))
        }
        world.cloud.heal()
        if world.serve == nil { try world.openServe() }
        if world.nodes == nil { try world.openNodes() }
        try await world.run(.seconds(90))
        try expectTheBill(of: world, "seed \(seed)")
        #expect(world.violations == [], "seed \(seed)")
        #expect(world.cloud.billByMachine.count > 3, "seed \(seed) has a bill to speak of")
        #expect(world.nodes?.missedWakes == 0)
    }

    private func act(on world: TwoTiers, _ dice: inout SeededDice) throws {
        let machine = world.machines.randomElement(using: &dice)?.instance.id
        switch Int.random(in: 0..<16, using: &dice) {
        case 0...5: world.offer(Int.random(in: 0...14, using: &dice), to: chat)
        case 6:
            let count = Int.random(in: 0...3, using: &dice)
            try world.apply([
                .of(.named("chat", .between(0, 6))),
                .of(.named("send", of: "mail", .fixed(count), milliCPU: 1_500), name: "mail"),
            ])
        case 7, 8: world.killNodes()
        case 9: world.killServe()
        case 10, 11:
            if world.serve == nil { try world.openServe() }
            if world.nodes == nil { try world.openNodes() }
        case 12: machine.map { world.cloud.lose(instance: $0) }
        case 13: machine.map { world.cloud.preempt(instance: $0, in: .seconds(20)) }
        default:
            let faults: [CloudFault] = [
                .launchSucceedsButReplyIsLost, .launchIsLost, .neverBoots, .listOmits, .listFails, .listStale,
                .terminateLost, .terminateReplyIsLost, .throttled, .unavailable,
            ]
            faults.randomElement(using: &dice).map { world.cloud.inject($0) }
        }
    }

    /// Every machine that there ever was has its account, and what is booked is what is billed.
    private func expectTheBill(of world: TwoTiers, _ name: String) throws {
        let rows = try world.ask(
            """
            SELECT a.id, a.microusd_per_hour, a.since_ms - a.began_ms, a.ended_ms IS NOT NULL, a.is_estimate,
              coalesce((SELECT sum(time_us) FROM cost_total t WHERE t.account = a.id), 0),
              coalesce((SELECT min(time_us) FROM cost_total t WHERE t.account = a.id), 0)
            FROM cost_account a
            """
        ).rows.map { $0.map(\.text) }
        let accounts = Dictionary(rows.map { ($0[0], $0) }, uniquingKeysWith: { first, _ in first })
        let bill = world.cloud.billByMachine
        #expect(accounts.count == bill.count, "\(name)")
        var sum = Int128(0)
        for line in bill {
            let account = try #require(
                accounts["\(line.instance)@\(line.createdUnixMs)"], "\(name): \(line.instance)")
            #expect(account[1] == "\(line.offering.microdollarsPerHour)")
            let span = try #require(Int64(account[2]))
            let booked = try #require(Int64(account[5]))
            #expect(booked == span * 1_000, "\(name): \(line.instance)")
            #expect((Int64(account[6]) ?? -1) >= 0, "\(name): nobody's time is below zero")
            #expect((account[3] == "1") == (line.endedUnixMs != nil), "\(name): \(line.instance)")
            #expect(account[4] == "0", "\(name): \(line.instance) is no estimate")
            if line.endedUnixMs != nil { #expect(span == line.time.rawValue, "\(name): \(line.instance)") }
            // What runs is paid until now; the rest of its span is not booked yet.
            sum +=
                Int128(line.offering.microdollarsPerHour)
                * (Int128(booked) + Int128(line.time.rawValue - span) * 1_000)
        }
        #expect(Int64(sum / 3_600_000_000) == world.cloud.bill.microdollars, "\(name)")
        // The history by the hour says the same.
        let hours = try world.ask(
            "SELECT sum(time_us) - (SELECT sum(time_us) FROM cost_total), min(time_us) >= 0 FROM cost_hour")
        #expect(hours.rows == [[.integer(0), .integer(1)]], "\(name)")
    }

    private func causes(_ world: TwoTiers) throws -> [String: Int64] {
        var causes: [String: Int64] = [:]
        for row in try world.ask(
            "SELECT iif(cause = 'deployment', deployment, cause), sum(milli) FROM cost_lines GROUP BY 1"
        ).rows {
            if case .integer(let milli) = row[1], milli > 0 { causes[row[0].text] = milli }
        }
        return causes
    }

    /// Lean replicas and a fat one on a node of 4 CPUs and 8,000 bytes.
    @Test(arguments: [
        // Half of its CPU, three eighths of its memory; another lean one would fit into the rest.
        (1_000, 500, 3_000, ["shop#lean": 500, "shop#fat": 375, "idle": 125] as [String: Int64]),
        // 2.4 and 1.5 of 4 CPUs: into what is left none of them fits.
        (1_200, 1_500, 3_000, ["shop#lean": 600, "shop#fat": 375, "fragmentation": 25]),
        // 60 % of its CPU, 75 % of its memory: more than a whole, so each counts for less.
        (1_200, 1_500, 6_000, ["shop#lean": 444, "shop#fat": 556]),
    ])
    func timeIsSharedByTheDominantShare(
        _ leanCPU: Int64, _ fatCPU: Int64, _ fatBytes: Int64, _ expected: [String: Int64]
    ) async throws {
        var type = NodeType(
            name: "small", resources: Resources(["CPU": 4_000, "memory": 8_000]), maxWorkers: 1)
        type.minWorkers = 1
        let world = try TwoTiers(.cloud([type]))
        var lean = DeploymentSettings.named("lean", .fixed(2))
        lean.replica.resources = Resources(["CPU": leanCPU, "memory": 1_000])
        var fat = DeploymentSettings.named("fat", .fixed(1))
        fat.replica.resources = Resources(["CPU": fatCPU, "memory": fatBytes])
        try world.apply([.of(lean, fat)])
        try await world.run(.seconds(20))
        #expect(try causes(world) == expected)
        #expect(world.violations == [])
    }

    @Test func whatNobodyUsesHasItsCause() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2, min: 1)], idleTimeout: .seconds(60))) {
            $0.bootDelay = .seconds(8)
        }
        try await world.run(.seconds(5))
        #expect(try causes(world) == ["starting": 1_000])
        try await world.run(.seconds(15))
        #expect(try causes(world) == ["headroom": 1_000])
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(25))
        #expect(try causes(world) == ["shop#chat": 1_500, "idle": 500])
        _ = try world.delete("shop")
        try await world.run(.seconds(30))
        #expect(try causes(world) == ["idle": 2_000])
        try await world.run(.seconds(120))
        #expect(try causes(world) == ["headroom": 1_000])
        try expectTheBill(of: world, "causes")
    }

    /// Two machines of one token: the second is nobody's, and paid for all the same.
    @Test func aStrayIsPaidForAsAStray() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)])) { $0.stopDelay = .seconds(4) }
        world.cloud.inject(.duplicateInstance)
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(3))
        #expect(try causes(world)["stray"] == 1_000)
        try await world.run(.seconds(60))
        #expect(try causes(world) == ["shop#chat": 1_000])
        try expectTheBill(of: world, "stray")
        let stray = try world.ask("SELECT sum(time_us) FROM cost_total WHERE cause = 'stray'").rows
        #expect(stray[0][0] != .integer(0) && stray[0][0] != .null)
    }

    /// The end is heard of late: what was booked after it is taken back from those to whom it was booked.
    @Test func anEndHeardOfLateIsTakenBack() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 4)], idleTimeout: .seconds(300))) {
            $0.remembersTerminated = .seconds(3_600)
        }
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(20))
        let machine = try #require(world.machines.first?.instance.id)
        for _ in 0..<40 { world.cloud.inject(.listStale) }
        world.cloud.lose(instance: machine)
        try world.apply([.of(.named("chat", .fixed(1)), .named("mail", .fixed(1)))])
        try await world.run(.seconds(120))
        world.cloud.heal()
        try await world.run(.seconds(60))
        try expectTheBill(of: world, "late")
        #expect(world.violations == [])
    }

    /// A cloud that forgets its ended machines at once: the account is closed, and says that it is an estimate.
    @Test func whatTheProviderDoesNotTellIsAnEstimate() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(5))) {
            $0.remembersTerminated = .zero
        }
        try world.apply([.of(.named("chat", .fixed(1)))])
        try await world.run(.seconds(20))
        _ = try world.delete("shop")
        try await world.run(.seconds(60))
        #expect(world.machines.isEmpty)
        let account = try world.ask(
            "SELECT is_estimate, ended_ms - began_ms FROM cost_account WHERE ended_ms IS NOT NULL"
        ).rows
        #expect(account.count == 1 && account[0][0] == .integer(1))
        guard case .integer(let span) = account[0][1] else {
            Issue.record("no span")
            return
        }
        let billed = world.cloud.billByMachine[0].time.rawValue
        #expect(abs(span - billed) < 2_000, "\(span) of \(billed)")
    }

    /// Nothing is written for time that passes: only for what changes.
    @Test func aQuietClusterWritesNothing() async throws {
        let world = try TwoTiers(.cloud([.cpus("small", 2)]))
        try world.apply([.of(.named("chat", .fixed(2)))])
        try await world.run(.seconds(60))
        let before = try world.ask("SELECT sum(time_us), count(*) FROM cost_total").rows
        try await world.run(.seconds(3_600))
        #expect(try world.ask("SELECT sum(time_us), count(*) FROM cost_total").rows == before)
        // And yet the hour is there for whoever asks.
        let hours = try world.ask(
            "SELECT node_hours >= 1.0 FROM cost_by_deployment WHERE deployment = 'shop#chat'")
        #expect(hours.rows == [[.integer(1)]])
    }
}
