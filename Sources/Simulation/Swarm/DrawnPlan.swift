import Cloud
import Model

/// A world drawn by a seed: its machines, deployments, load, and its own mix of what goes wrong.
///
/// Each seed leaves out most fault classes, others than the next seed; where one is on its rate is drawn
/// log-uniformly, so that rare and frequent trouble, and few and many kinds of it, are met alike (swarm testing: Groce,
/// Zhang, Eide, Chen, Regehr, ISSTA 2012). One seed in twenty has no faults at all.
package struct DrawnPlan {
    /// Trouble lasts so long.
    package static let troubleFor = Millis.seconds(3_600)
    /// After it the world has so long to settle, and must then be quiet to the end.
    package static let settleWithin = Millis.seconds(3_600)
    package static let quietFor = Millis.seconds(150)
    /// The low load after all trouble.
    package static let lowFor = Millis.seconds(60)
    /// Of so many seeds one looks closely whether tiers rest rightly; it costs a third more (7 % of all with 5).
    package static let closeOneIn: UInt64 = 10
    private static let closeSampleEvery = 8
    /// Machines for three deployments of 14 replicas of 2 CPU each.
    private static let roomyWorkers = 42
    /// One of so many seeds is without faults.
    package static let faultFreeOneIn = 20

    private var dice: SeededDice
    private let seed: UInt64

    private init(_ seed: UInt64) {
        self.seed = seed
        dice = SeededDice(seed: seed, text: "plan")
    }

    package static func make(seed: UInt64) -> WorldPlan {
        var drawing = DrawnPlan(seed)
        return drawing.make()
    }

    private mutating func between(_ low: Int64, _ high: Int64) -> Int64 {
        Int64.random(in: low...high, using: &dice)
    }

    private mutating func oneOf<T>(_ values: [T]) -> T { values[Int(between(0, Int64(values.count) - 1))] }

    /// Log-uniform: each doubling as likely as any other.
    private mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
        var octaves: Int64 = 0
        while low << (octaves + 1) <= high { octaves += 1 }
        let base = low << between(0, octaves)
        return min(high, between(base, 2 * base))
    }

    private mutating func make() -> WorldPlan {
        let cluster = drawCluster()
        let count = Int(oneOf([1, 1, 1, 1, 1, 2, 2, 3]))
        var applications: [ApplicationSettings] = []
        var plan = WorldPlan(
            seed: seed, cluster: cluster, applications: [],
            horizon: Self.troubleFor + Self.settleWithin + Self.quietFor)
        for number in 1...count {
            applications.append(drawApplication(number, of: count, in: &plan))
        }
        plan.applications = applications
        plan.proxies = Int(oneOf([1, 1, 1, 1, 1, 1, 2, 3]))
        plan.cloud.bootDelay = Millis(spread(2_000, 60_000))
        plan.cloud.listLag = Millis(spread(100, 8_000))
        plan.cloud.stopDelay = Millis(spread(500, 30_000))
        plan.cloud.remembersTerminated = Millis(oneOf([0, 30_000, 300_000]))
        plan.cloud.callTime = Millis(spread(10, 2_000))
        plan.healAt = Self.troubleFor
        plan.settleWithin = Self.settleWithin
        plan.quietFor = Self.quietFor
        plan.quietBefore = Self.quietFor
        plan.violationsMax = 1
        if seed % Self.closeOneIn == 0 { plan.restSampleEvery = Self.closeSampleEvery }
        if between(1, Int64(Self.faultFreeOneIn)) > 1 {
            drawFaults(&plan)
        } else {
            makeRoom(in: &plan.cluster)
        }
        return plan
    }

    private mutating func drawCluster() -> ClusterSettings {
        var cluster = ClusterSettings()
        cluster.provider = .native(endpoint: "http://cloud", tokenFile: "/token")
        cluster.consolidation = drawConsolidation()
        for name in ["large", "medium", "small"].prefix(Int(between(1, 3))) {
            var type = NodeType(
                name: name,
                resources: Resources([Resources.cpu: oneOf([2_000, 2_000, 2_000, 2_000, 2_000, 3_000])]),
                maxWorkers: Int(between(4, 10)))
            type.minWorkers = Int(oneOf([0, 0, 0, 0, 1, 2]))
            cluster.nodeTypes.append(type)
        }
        cluster.maxWorkers = Int(between(7, 12))
        cluster.idleTimeout = Millis(spread(15_000, 60_000))
        cluster.joinDeadline = Millis(spread(120_000, 600_000))
        cluster.agentLost = Millis(oneOf([30_000, 60_000]))
        return cluster
    }

    /// By dice of its own, so that the rest of a world is as it was before there was any. Half of the worlds have it.
    private func drawConsolidation() -> ConsolidationSettings {
        var dice = SeededDice(seed: seed, text: "consolidation")
        func oneOf<T>(_ values: [T]) -> T { values[Int.random(in: values.indices, using: &dice)] }
        var settings = ConsolidationSettings()
        settings.isOn = oneOf([true, false])
        settings.ageMin = .seconds(oneOf([20, 60, 300, 600]))
        settings.after = .seconds(oneOf([5, 15, 30, 60]))
        settings.savingMin = Thousandths(oneOf([0, 100, 300]))
        settings.payback = .seconds(oneOf([600, 3_600]))
        return settings
    }

    /// Where nothing goes wrong no request may fail: there are machines for all that can be wanted.
    private func makeRoom(in cluster: inout ClusterSettings) {
        cluster.maxWorkers = Self.roomyWorkers
        for index in cluster.nodeTypes.indices { cluster.nodeTypes[index].maxWorkers = Self.roomyWorkers }
    }

    // MARK: - Deployments and their load

    private mutating func drawApplication(
        _ number: Int, of count: Int, in plan: inout WorldPlan
    ) -> ApplicationSettings {
        let name = "app\(number)"
        let command = "serve-\(name)"
        var replica = ReplicaSettings(command: [command])
        replica.resources = Resources([Resources.cpu: oneOf([500, 1_000, 1_000, 1_000, 2_000])])
        var settings = DeploymentSettings(
            id: DeploymentID(application: name, deployment: "model"), replica: replica)
        settings.maxOngoing = Int(between(3, 12))
        settings.gracefulShutdownTimeout = Millis(oneOf([20_000, 30_000, 60_000]))
        settings.count = drawCount(maxOngoing: settings.maxOngoing)
        var conduct = Conduct()
        conduct.readyAfter = Millis(spread(200, 10_000))
        let median = spread(650, 7_800)
        conduct.service =
            between(0, 1) == 0
            ? .fixed(Millis(median)) : .lognormal(median: Millis(median), sigmaMilli: between(100, 600))
        plan.conduct[command] = conduct
        plan.clients.append(drawClient(path: "/\(name)", median: median, share: count))
        return ApplicationSettings(name: name, routePrefix: "/\(name)", deployments: [settings])
    }

    private mutating func drawCount(maxOngoing: Int) -> ReplicaCount {
        guard between(0, 5) > 0 else { return .fixed(Int(between(2, 6))) }
        var scaling = AutoscalingSettings()
        scaling.minReplicas = Int(oneOf([0, 0, 1, 1, 2]))
        scaling.maxReplicas = scaling.minReplicas + Int(between(6, 12))
        scaling.targetOngoing = Thousandths(oneOf([500, 1_000, 1_000, 2_000]))
        scaling.metricsInterval = Millis(oneOf([2_000, 5_000, 5_000] + Array(repeating: 10_000, count: 9)))
        scaling.lookBack = Millis(spread(5_000, 60_000))
        scaling.upscaleDelay = Millis(oneOf([0, 1_000, 5_000, 30_000]))
        scaling.downscaleDelay = Millis(spread(10_000, 150_000))
        return .auto(scaling)
    }

    /// Load that needs up to a dozen or two of replicas, in one of the shapes that people meet; constant and low once
    /// the trouble is over, then none.
    private mutating func drawClient(path: String, median: Int64, share: Int) -> ClientPlan {
        let end = Self.troubleFor.rawValue
        var steps: [ClientPlan.Step] = []
        let isOpen = between(0, 2) > 0
        // Of open load: requests a second, thousandths; of closed load: users.
        let base = isOpen ? spread(800, 2_560) / Int64(share) : between(3, 9)
        switch between(0, 3) {
        case 0:  // steps up and down, some of them to nothing
            for at in stride(from: Int64(0), to: end, by: 300_000) {
                steps.append(.init(at: Millis(at), amount: base * oneOf([0, 0, 0, 1, 2, 4]) / 2))
            }
        case 1:  // a slow wave
            let wave: [Int64] = [10, 17, 20, 17, 10, 3, 0, 3]
            let offset = Int(between(0, 7))
            for (index, at) in stride(from: Int64(0), to: end, by: 180_000).enumerated() {
                steps.append(.init(at: Millis(at), amount: base * wave[(index + offset) % 8] / 10))
            }
        case 2:  // nothing, then a crowd at once
            for at in stride(from: Int64(0), to: end, by: 1_200_000) {
                steps.append(.init(at: Millis(at), amount: 0))
                steps.append(.init(at: Millis(at + 600_000), amount: base * 3))
                steps.append(.init(at: Millis(at + 900_000), amount: base))
            }
        default:  // working hours, and nights between them
            for at in stride(from: Int64(0), to: end, by: 1_200_000) {
                steps.append(.init(at: Millis(at), amount: base * 3 / 2))
                steps.append(.init(at: Millis(at + 600_000), amount: 0))
            }
        }
        let quiet = Self.lowFor.rawValue
        steps.append(.init(at: Millis(end), amount: isOpen ? 500 : 1))
        steps.append(.init(at: Millis(end + quiet), amount: 0))
        var client = ClientPlan(
            path: path, load: isOpen ? .open(steps) : .closed(steps, think: Millis(oneOf([0, 200, 1_000]))))
        client.retries = Int(oneOf([0, 0, 0, 2]))
        return client
    }

    // MARK: - Trouble

    private static let ranges: [FaultClass: ClosedRange<Int64>] = [
        .replyLost: 1...300, .callLost: 1...300, .providerDown: 10...500, .throttled: 10...300,
        .stockOut: 1...200, .quota: 1...50, .hang: 1...50, .listFails: 1...200, .listWrong: 1...50,
        .terminateLost: 1...200, .neverBoots: 1...200, .slowBoot: 1...200, .joinsLate: 1...50, .lies: 1...10,
        .preemption: 10...3_000, .machineLoss: 10...3_000, .messageLost: 1...300, .messageSlow: 1...300,
        .messageTwice: 1...200, .partition: 10...3_000, .tierCrash: 10...10_000, .agentCrash: 100...10_000,
        .proxyCrash: 100...5_000, .tierPause: 100...5_000, .secondHead: 100...5_000, .brokenLock: 100...2_000,
        .clockJump: 100...10_000, .diskBusy: 10...10_000, .diskBroken: 10...2_000, .diskFull: 100...3_000,
        .replicaCrash: 10...5_000, .replicaHang: 10...3_000, .replicaSlow: 10...5_000, .startFails: 1...100,
        .startSlow: 1...200, .operators: 100...10_000,
    ]

    private mutating func drawFaults(_ plan: inout WorldPlan) {
        // Of eight classes so many are on.
        let share = oneOf([1, 1, 1, 2, 3])
        for fault in FaultClass.allCases {
            let isOn = between(1, 8) <= share
            guard let range = Self.ranges[fault] else { continue }
            let rate = spread(range.lowerBound, range.upperBound)
            if isOn { plan.faults.rates[fault] = Int(rate) }
        }
        if plan.faults[.operators] > 0 { drawOperators(&plan) }
    }

    /// People who change counts, commands and minds, some of them wrongly, and put it right in the end.
    private mutating func drawOperators(_ plan: inout WorldPlan) {
        let first = plan.applications
        for _ in 0..<between(1, 6) {
            let at = Millis(between(60_000, Self.troubleFor.rawValue - 60_000))
            var changed = first
            let index = Int(between(0, Int64(first.count) - 1))
            switch between(0, 4) {
            case 0:
                changed[index].deployments[0].replica.environment = [
                    .init(name: "V", value: "\(at.rawValue)")
                ]
            case 1: changed[index].deployments[0].count = .fixed(Int(between(0, 5)))
            case 2: changed.remove(at: index)
            case 3:
                changed[index].deployments[0].replica.command = ["broken"]
                var broken = Conduct()
                broken.readyAfter = nil
                broken.failsAfter = Millis(spread(50, 5_000))
                plan.conduct["broken"] = broken
            default: changed[index].deployments[0].maxOngoing = Int(between(1, 20))
            }
            plan.script.append(Deed(at: at, .apply(changed)))
        }
        plan.script.append(Deed(at: Self.troubleFor, .apply(first)))
        plan.script.sort { $0.at < $1.at }
    }
}
