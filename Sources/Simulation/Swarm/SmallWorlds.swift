import Model

/// Small fixed worlds, half a minute to a minute of events each and then rest: one step of a cluster's life
/// after the other, so that each boundary in it can be struck in turn.
package enum SmallWorlds {
    /// In the order in which a cluster meets them.
    package static let names = [
        "cold-start", "scale-up", "rollout", "scale-down", "delete", "come-back", "hung", "node-lost",
        "rebooted", "restored", "lost", "consolidate",
    ]

    static var namesInWords: String { names.joined(separator: ", ") }

    /// Nil: there is none of this name.
    package static func make(_ name: String) -> WorldPlan? {
        switch name {
        case "cold-start": coldStart()
        case "scale-up": scaleUp()
        case "rollout": rollout()
        case "scale-down": scaleDown()
        case "delete": delete()
        case "come-back": comeBack()
        case "hung": hung()
        case "node-lost": nodeLost()
        case "rebooted": rebooted()
        case "restored": restored()
        case "lost": lost()
        case "consolidate": consolidate()
        default: nil
        }
    }

    /// An empty state, a first request.
    private static func coldStart() -> WorldPlan {
        world([application("one", auto())], users: [(0, 1)], for: 25)
    }

    /// One node is not enough any more.
    private static func scaleUp() -> WorldPlan {
        world([application("one", auto())], users: [(0, 1), (12, 5)], for: 40)
    }

    private static func rollout() -> WorldPlan {
        var next = application("one", .fixed(2))
        next.deployments[0].replica.environment = [.init(name: "VERSION", value: "2")]
        return world([application("one", .fixed(2))], users: [(0, 2)], for: 40, [(15, .apply([next]))])
    }

    /// From two nodes and more to the least there may be. Requests are short, and the users come and go a little after a
    /// report: whatever each still has to finish, the same counts follow.
    private static func scaleDown() -> WorldPlan {
        world(
            [application("one", auto())], users: [(0, 1), (10, 5), (25, 0)], for: 55, service: Millis(100),
            shift: Millis(30))
    }

    private static func delete() -> WorldPlan {
        world(
            [application("one", .fixed(1)), application("two", .fixed(2))], users: [(0, 1)], for: 40,
            [(15, .delete(application: "two"))])
    }

    /// An application is deleted, and deployed again when nothing is left of it.
    private static func comeBack() -> WorldPlan {
        let applications = [application("one", .fixed(1)), application("two", .fixed(1))]
        return world(
            applications, users: [(0, 1)], for: 60,
            [(15, .delete(application: "one")), (40, .apply(applications))])
    }

    /// A replica that hears nothing any more is to end.
    private static func hung() -> WorldPlan {
        let two = application("two", .fixed(2))
        return world(
            [application("one", .fixed(1)), two], users: [(0, 1)], for: 50,
            [(15, .hangReplica(two.deployments[0].id, 1)), (18, .delete(application: "two"))])
    }

    private static func nodeLost() -> WorldPlan {
        world([application("one", .fixed(3))], users: [(0, 2)], for: 50, [(15, .loseMachine(1))])
    }

    /// The machine of the tiers goes down and comes back.
    private static func rebooted() -> WorldPlan {
        world([application("one", .fixed(3))], users: [(0, 2)], for: 50, [(15, .reboot)])
    }

    /// A copy of the database from before a rollout is put back after it.
    private static func restored() -> WorldPlan {
        var next = application("one", .fixed(2))
        next.deployments[0].replica.environment = [.init(name: "VERSION", value: "2")]
        return world(
            [application("one", .fixed(2))], users: [(0, 2)], for: 60,
            [
                (15, .backUp), (16, .apply([next])), (35, .restore), (40, .readopt([next])),
                (45, .apply([next])),
            ])
    }

    /// The database is deleted in the middle of a rollout, and made anew from what runs.
    private static func lost() -> WorldPlan {
        var next = application("one", .fixed(2))
        next.deployments[0].replica.environment = [.init(name: "VERSION", value: "2")]
        return world(
            [application("one", .fixed(2))], users: [(0, 2)], for: 60,
            [(15, .apply([next])), (17, .loseState), (25, .readopt([next]))])
    }

    /// Two nodes are left half empty: one of them is given up, with what stands there moved first.
    private static func consolidate() -> WorldPlan {
        let names = ["one", "two", "three", "four"]
        var plan = world(
            names.map { application($0, .fixed(1)) }, users: [(0, 1)], for: 75,
            [(15, .delete(application: "four")), (15, .delete(application: "two"))])
        plan.cluster.consolidation = ConsolidationSettings()
        plan.cluster.consolidation.ageMin = .seconds(5)
        plan.cluster.consolidation.after = .seconds(2)
        return plan
    }

    // MARK: - What they are made of

    private static func auto() -> ReplicaCount {
        var scaling = AutoscalingSettings()
        scaling.maxReplicas = 6
        scaling.targetOngoing = .one
        scaling.metricsInterval = .seconds(1)
        scaling.lookBack = .seconds(3)
        scaling.upscaleDelay = .seconds(1)
        scaling.downscaleDelay = .seconds(5)
        return .auto(scaling)
    }

    /// At `/one`, one CPU a replica.
    private static func application(_ name: String, _ count: ReplicaCount) -> ApplicationSettings {
        var settings = DeploymentSettings(
            id: DeploymentID(application: name, deployment: "model"),
            replica: ReplicaSettings(command: ["serve"]))
        settings.count = count
        return ApplicationSettings(name: name, routePrefix: "/" + name, deployments: [settings])
    }

    /// Nodes of two CPUs that boot in 2 s, and users of the first application, who do not pause: as many as there are
    /// is the load, so that no count hangs on a thousandth.
    /// - Parameter users: seconds and how many from then on; they leave when the trouble is over.
    /// - Parameter service: what a request takes.
    /// - Parameter shift: so much later than those seconds.
    private static func world(
        _ applications: [ApplicationSettings], users: [(at: Int64, count: Int64)], for trouble: Int64,
        _ script: [(at: Int64, kind: Deed.Kind)] = [], service: Millis = Millis(400), shift: Millis = .zero
    ) -> WorldPlan {
        var cluster = ClusterSettings()
        cluster.provider = .native(endpoint: "http://cloud", tokenFile: "/token")
        cluster.nodeTypes = [
            NodeType(name: "small", resources: Resources([Resources.cpu: 2_000]), maxWorkers: 4)
        ]
        cluster.maxWorkers = 4
        cluster.idleTimeout = .seconds(10)
        cluster.joinDeadline = .seconds(60)
        cluster.agentLost = .seconds(15)
        // Their time is too short for it; it has a world of its own.
        cluster.consolidation.isOn = false
        let settleWithin = Millis.seconds(600)
        let quietFor = Millis.seconds(60)
        let healAt = Millis.seconds(trouble)
        var plan = WorldPlan(
            seed: 1, cluster: cluster, applications: applications, horizon: healAt + settleWithin + quietFor)
        plan.cloud.bootDelay = .seconds(2)
        plan.cloud.stopDelay = Millis(500)
        plan.usualConduct.readyAfter = Millis(500)
        plan.usualConduct.service = .fixed(service)
        var steps = users.map { ClientPlan.Step(at: .seconds($0.at) + shift, amount: $0.count) }
        steps.append(.init(at: healAt + .seconds(5), amount: 0))
        plan.clients = [ClientPlan(path: "/one", load: .closed(steps, think: .zero))]
        plan.script = script.map { Deed(at: .seconds($0.at), $0.kind) }
        plan.healAt = healAt
        plan.settleWithin = settleWithin
        plan.quietBefore = .seconds(60)
        plan.quietFor = quietFor
        plan.violationsMax = 1
        return plan
    }
}
