import Model

/// One of the shapes by which others measure their node autoscalers: a cluster, and what happens to it.
struct ElasticShape {
    /// What is asked of the cluster at one time, and what has to come of it.
    struct Act {
        /// Nodes come, nodes go, or nothing is to happen.
        enum Way: String { case out, into = "in", still }

        var name: String
        var way: Way
        /// From then on these are wanted.
        var applications: [ApplicationSettings]
        /// From then on the cluster file says this; nil: as before.
        var cluster: ClusterSettings?
        /// The next act begins so long after this one, whatever is going on; nil: when nothing happens any more.
        var span: Millis?
        /// Nodes that there are in the end; nil: as many as it takes.
        var nodes: Int?
        /// Replicas that are left without a place.
        var unplaced = 0
        /// Of CPU and memory, in percent of what the nodes have, at least.
        var cpuMin = 0
        var memoryMin = 0
        /// It only makes ready what the next acts begin with.
        var isSetUp = false

        init(_ name: String, _ way: Way, _ applications: [ApplicationSettings]) {
            self.name = name
            self.way = way
            self.applications = applications
        }
    }

    var name: String
    var cluster: ClusterSettings
    var offerings: [Offering]
    var acts: [Act]

    typealias Making = @Sendable (Scale) -> ElasticShape

    static let all = ofAutoscaler + ofKarpenter

    /// What Karpenter waits before it consolidates; here every wait of ours that the cluster file can name.
    static let wait = Millis(30_000)

    /// As both peers set it up: no limit of speed or number, everything may be disturbed.
    static func cluster(_ types: [NodeType]) -> ClusterSettings {
        var cluster = ClusterSettings()
        cluster.provider = .native(endpoint: "http://cloud", tokenFile: "/token")
        cluster.nodeTypes = types.sorted { $0.name < $1.name }
        cluster.maxWorkers = 20_000
        cluster.upscalingSpeed = Thousandths(10_000_000)
        cluster.idleTimeout = wait
        cluster.consolidation.after = wait
        cluster.consolidation.ageMin = .zero
        var budget = DisruptionBudget()
        budget.nodes = .percent(100)
        cluster.budgets = [budget]
        return cluster
    }

    static func application(
        _ name: String, _ count: Int, _ resources: Resources, _ rules: [TopologyRule] = [],
        maxPerNode: Int? = nil, isUndisturbed: Bool = false, version: String = ""
    ) -> ApplicationSettings {
        var replica = ReplicaSettings(command: ["serve" + version])
        replica.resources = resources
        if !rules.isEmpty || maxPerNode != nil {
            var placing = PlacingSettings()
            placing.rules = rules
            placing.maxPerNode = maxPerNode
            replica.placing = placing
        }
        var settings = DeploymentSettings(
            id: DeploymentID(application: name, deployment: "d"), replica: replica)
        settings.count = .fixed(count)
        settings.isUndisturbed = isUndisturbed
        return ApplicationSettings(name: name, routePrefix: "/\(name)", deployments: [settings])
    }

    static func spread(_ name: String, over topology: Topology) -> TopologyRule {
        TopologyRule(topology: topology, ask: .spread(maxSkew: 1), selector: ["application": name])
    }

    static func apart(_ name: String) -> TopologyRule {
        TopologyRule(topology: .node, ask: .antiAffinity, selector: ["application": name])
    }
}

/// So many percent of a count, at least one.
struct Scale {
    var percent: Int
    func callAsFunction(_ count: Int) -> Int { max(1, count * percent / 100) }
}
