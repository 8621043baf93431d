import Cloud
import Model
import Simulation
import Testing

@Suite("Oracle")
struct OracleTests {
    static let tick: Int64 = 100_000

    /// Without node types: one node that costs nothing.
    static let machine = OracleMarket(
        cluster: ClusterSettings(), offerings: [], deployment: DeploymentID("a#d"), replica: Resources())

    private func counts(
        _ arrivals: [Arrival], service: Int64 = 200_000, objective: Int64 = 1_000_000, servers: Int = 1,
        most: Int? = nil, seconds: Int
    ) -> OracleReport {
        var plan = OraclePlan(
            load: .requests(arrivals), service: .fixed(service), objective: objective, servers: servers,
            seconds: seconds, market: Self.machine)
        plan.replicasMax = most
        return foresee(plan)
    }

    @Test func nothingIsNeededForNothing() {
        let report = counts([], seconds: 3)
        #expect(report.replicas == [0, 0, 0] && report.requests == 0 && report.missed == 0)
    }

    /// Ten a second of 200 ms each keep two servers busy.
    @Test(arguments: [(1, [2, 2, 2]), (2, [1, 1, 1]), (5, [1, 1, 1])])
    func evenLoadTakesItsWork(servers: Int, expected: [Int]) {
        let arrivals = (0..<30).map { Arrival(at: Int64($0) * 100_000) }
        let report = counts(arrivals, objective: 200_000, servers: servers, seconds: 3)
        #expect(report.replicas == expected)
        #expect(report.requests == 30 && report.missed == 0)
    }

    /// Twelve at once of 200 ms: five rounds fit a second, so three servers.
    @Test func aBurstMayQueueAsLongAsTheObjectiveAllows() {
        let burst = [Arrival](repeating: Arrival(at: 0), count: 12)
        #expect(counts(burst, seconds: 2).replicas == [3, 0])
        #expect(counts(burst, objective: 200_000, seconds: 2).replicas == [12, 0])
        #expect(counts(burst, servers: 5, seconds: 2).replicas == [1, 0])
    }

    @Test func aReplicaAtWorkIsKept() {
        let report = counts([Arrival(at: 0, service: 2_500_000)], objective: 3_000_000, seconds: 4)
        #expect(report.replicas == [1, 1, 1, 0])
    }

    /// No count helps a request of 5 s against 1 s: it is late, and buys no more than its place in the queue.
    @Test func aHopelessRequestIsLateAndBuysNothing() {
        let report = counts(
            [Arrival(at: 0, service: 5_000_000), Arrival(at: 0, service: 5_000_000)], seconds: 6)
        #expect(report.missed == 2)
        #expect(report.replicas == [2, 2, 2, 2, 2, 0])
        let easy = counts([Arrival(at: 0, service: 1_500_000), Arrival(at: 1_000_000)], seconds: 3)
        #expect(easy.missed == 1 && easy.replicas == [1, 1, 0])
    }

    @Test func theMostThereMayBeIsWhatOverloadGets() {
        let burst = [Arrival](repeating: Arrival(at: 0), count: 30)
        let report = counts(burst, most: 2, seconds: 4)
        #expect(report.replicas == [2, 2, 2, 0])
        // Ten are in time: five rounds of two.
        #expect(report.missed == 20)
    }

    @Test func usersOfAClosedLoopNeedTheirShare() {
        var plan = OraclePlan(
            load: .users([(0, 1), (1_000_000, 10), (2_500_000, 21), (4_000_000, 0)]),
            service: .fixed(200_000),
            objective: 1_000_000, servers: 2, seconds: 5, market: Self.machine)
        // Five rounds of 200 ms fit a second: five users to a server, ten to a replica.
        #expect(foresee(plan).replicas == [1, 1, 3, 3, 0])
        plan.objective = 100_000
        let late = foresee(plan)
        #expect(late.replicas == [1, 5, 11, 11, 0] && late.missed == late.requests)
        plan.service = .lognormal(median: Millis(100), sigmaMilli: 500, seed: 1)
        let drawn = foresee(plan)
        #expect(drawn.replicas == [1, 5, 11, 11, 0])
        #expect((4_700...5_300).contains(drawn.missed), "\(drawn.missed)")
        #expect(drawn.requests == 10_000)
    }

    // MARK: - Against the definition, word by word

    @Test(arguments: 0..<300)
    func theFastWayFindsWhatTheDefinitionSays(seed: Int) {
        var dice = SeededDice(seed: UInt64(seed), text: "oracle-tests")
        func throwOf(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &dice) }
        let seconds = 5
        let arrivals = (0..<Int(throwOf(1...40))).map { _ in
            Arrival(at: throwOf(0...39) * Self.tick, service: throwOf(0...14) * Self.tick)
        }.sorted { $0.at < $1.at }
        let objective = throwOf(1...12) * Self.tick
        let servers = Int(throwOf(1...3))
        let most = throwOf(0...1) == 0 ? nil : Int(throwOf(1...6))
        let slow = Definition(arrivals: arrivals, objective: objective, servers: servers, most: most)
        let report = counts(arrivals, objective: objective, servers: servers, most: most, seconds: seconds)
        let expected = slow.counts(seconds: seconds)
        #expect(report.replicas == expected)
        #expect(report.requests == arrivals.count)
        let last = max(expected[seconds - 1], 1)
        #expect(report.missed == slow.run(expected + [Int](repeating: last, count: 100)).late)
    }
}

/// The definition of the oracle by ticks: slow, and plain to see.
private struct Definition {
    let arrivals: [Arrival]
    let objective: Int64
    let servers: Int
    let most: Int?

    struct Outcome {
        /// When each request began; nil: it has not.
        var begins: [Int64?]
        var late: Int
    }

    /// With `counts[second]` replicas, as long as there are counts.
    func run(_ counts: [Int]) -> Outcome {
        var begins = [Int64?](repeating: nil, count: arrivals.count)
        var running: [Int64] = []
        var late = 0
        for tick in 0..<Int64(counts.count * 10) {
            let now = tick * OracleTests.tick
            running.removeAll { $0 <= now }
            for (index, arrival) in arrivals.enumerated() where arrival.at <= now && begins[index] == nil {
                guard running.count < counts[Int(tick / 10)] * servers else { break }
                begins[index] = now
                let end = now + (arrival.service ?? 0)
                if end > now { running.append(end) }
                if end - arrival.at > objective { late += 1 }
            }
        }
        return Outcome(begins: begins, late: late)
    }

    private func latest(_ arrival: Arrival) -> Int64 {
        let service = arrival.service ?? 0
        return arrival.at + (service <= objective ? objective - service : objective)
    }

    func counts(seconds: Int) -> [Int] {
        var chosen: [Int] = []
        for second in 0..<seconds {
            let begin = Int64(second) * 1_000_000
            let before = run(chosen).begins
            let inService = zip(arrivals, before).count { arrival, begun in
                begun.map { $0 + (arrival.service ?? 0) > begin } ?? false
            }
            let kept = (inService + servers - 1) / servers
            let concerned = arrivals.indices.filter {
                before[$0] == nil && arrivals[$0].at < begin + 1_000_000
            }
            let isLate = concerned.first.map { latest(arrivals[$0]) < begin } ?? false
            var count = kept
            if let most, isLate {
                count = max(kept, min(most, (inService + concerned.count + servers - 1) / servers))
            } else {
                while count < most ?? .max {
                    let outcome = run(chosen + [Int](repeating: count, count: 60)).begins
                    let allInTime = concerned.allSatisfy { index in
                        outcome[index].map { $0 <= latest(arrivals[index]) } ?? false
                    }
                    if allInTime { break }
                    count += 1
                }
            }
            chosen.append(count)
        }
        return chosen
    }
}
