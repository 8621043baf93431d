/// A kind of machine that can be had, as the operator describes it in `available_node_types`.
package struct NodeType: Hashable, Sendable, Codable {
    package var name: String
    package var resources: Resources
    /// Sorted by name.
    package var labels: [NodeLabel] = []
    package var minWorkers = 0
    package var maxWorkers: Int
    /// Nil: the cluster's.
    package var idleTimeout: Millis?
    /// For the provider alone, as JSON with sorted keys (Ray: `node_config`); nil: none. Nodes with another one have drifted.
    package var config: String?
    /// A node older than this is replaced (Karpenter: `expireAfter`); nil: never.
    package var expireAfter: Millis?

    package init(name: String, resources: Resources, maxWorkers: Int) {
        self.name = name
        self.resources = resources
        self.maxWorkers = maxWorkers
    }
}

/// A word of the operator's about a node type; label selectors look at them.
package struct NodeLabel: Hashable, Sendable, Codable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One way to buy a node type, as the provider offers it.
public struct Offering: Hashable, Sendable, Codable {
    /// The operator's name of the node type.
    public var nodeType: String
    /// The provider's word for where; empty when it has none.
    public var zone: String
    /// `on_demand`, `spot` or the provider's own word.
    public var capacityType: String
    /// Millionths of a dollar for an hour.
    public var microdollarsPerHour: Int64
    /// Nil: the provider does not say; 0: none to be had now.
    public var available: Int?

    public init(
        nodeType: String, zone: String, capacityType: String, microdollarsPerHour: Int64,
        available: Int? = nil
    ) {
        self.nodeType = nodeType
        self.zone = zone
        self.capacityType = capacityType
        self.microdollarsPerHour = microdollarsPerHour
        self.available = available
    }
}

/// The limits and the timing of the node tier, from the cluster file.
package struct ClusterSettings: Hashable, Sendable, Codable {
    package var name = "tandem"
    /// Nil: no provider; this machine is the only node.
    package var provider: ProviderSettings?
    /// Sorted by name.
    package var nodeTypes: [NodeType] = []
    /// Nodes in all, at most.
    package var maxWorkers = 8
    /// A step launches at most `max(1, ceil(speed × nodes of the type that are ready))` of a type (Ray).
    package var upscalingSpeed = Thousandths.one
    /// A node without replicas is given back after this long (Ray: 5 minutes).
    package var idleTimeout = Millis(300_000)
    /// From launch to hello; beyond it the node is terminated (Karpenter: 15 minutes).
    package var joinDeadline = Millis(900_000)
    /// No sync for this long: no new replicas are placed there.
    package var agentSilent = Millis(10_000)
    /// No sync for this long though the provider shows the machine: it is drained and replaced.
    package var agentLost = Millis(60_000)
    /// No sync for this long: routes no longer wait for this proxy.
    package var proxySilent = Millis(10_000)
    package var ports = PortSettings()
    /// What an `import_path` of a serve file is started as, until replicas in Python come; nil: there is none. Sorted.
    package var importPaths: [ImportPath]?
    /// Millionths of a dollar per hour that all nodes together may cost; nil: no limit.
    package var priceMax: Int64?
    package var consolidation = ConsolidationSettings()
    /// Empty: one of 10 % for everything (Karpenter's default).
    package var budgets: [DisruptionBudget] = []
    package var headroom: [Headroom] = []
    package var spot = SpotSettings()
    package var placement = NodeChoice.bestFit

    /// No shorter silence may mean anything: whose call is lost calls again within this.
    package static let silenceMin = Millis(6_000)

    package init() {}
}

extension ClusterSettings {
    /// Rows of earlier versions have fewer keys.
    package init(from decoder: any Decoder) throws {
        self.init()
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.take(&name, .name)
        try fields.take(&provider, .provider)
        try fields.take(&nodeTypes, .nodeTypes)
        try fields.take(&maxWorkers, .maxWorkers)
        try fields.take(&upscalingSpeed, .upscalingSpeed)
        try fields.take(&idleTimeout, .idleTimeout)
        try fields.take(&joinDeadline, .joinDeadline)
        try fields.take(&agentSilent, .agentSilent)
        try fields.take(&agentLost, .agentLost)
        try fields.take(&proxySilent, .proxySilent)
        try fields.take(&ports, .ports)
        try fields.take(&importPaths, .importPaths)
        try fields.take(&priceMax, .priceMax)
        try fields.take(&consolidation, .consolidation)
        try fields.take(&budgets, .budgets)
        try fields.take(&headroom, .headroom)
        try fields.take(&spot, .spot)
        try fields.take(&placement, .placement)
    }
}

/// The command that stands for an `import_path`.
package struct ImportPath: Hashable, Sendable, Codable {
    package var path: String
    /// As `ReplicaSettings.command`.
    package var command: [String]

    package init(path: String, command: [String]) {
        self.path = path
        self.command = command
    }
}

/// Where the processes of one machine listen; 0 takes any free port.
package struct PortSettings: Hashable, Sendable, Codable {
    /// The data port's address. Anything but loopback is shown in status.
    package var ingressHost = "127.0.0.1"
    package var ingress = 8000
    /// Applications API and dashboard (Ray's port). Loopback only.
    package var control = 8265
    /// The agents' endpoint. Loopback only.
    package var nodes = 6380
    /// Replicas listen in this range, node by node.
    package var replicasFirst = 20_000
    package var replicasLast = 32_000

    package init() {}
}

/// Which provider, and what the fake cloud shall pretend.
package enum ProviderSettings: Hashable, Sendable, Codable {
    case fake(FakeCloudSettings)
    /// The native wire protocol at `http://host:port` or `unix:/path`, with a bearer token from a 0600 file.
    case native(endpoint: String, tokenFile: String)
}

/// How the local fake cloud behaves. Rates are in thousandths of the calls.
package struct FakeCloudSettings: Hashable, Sendable, Codable {
    package var bootDelay = BootDelay.fixed(Millis(500))
    /// Machines there are of a type; a type not named has as many as are asked. Sorted by name.
    package var capacity: [TypeCapacity] = []
    package var seed: UInt64 = 1
    package var outOfCapacityPerMille = 0
    package var rejectedPerMille = 0
    /// The call is carried out and its answer lost.
    package var lostReplyPerMille = 0
    /// Price shown for a type, in millionths of a dollar an hour; a type not named: 1 cent a CPU. Sorted by name.
    package var prices: [TypePrice] = []
    /// Where and how machines can be had; a type not named is had in one place, at its price in `prices`. Nil: no type is
    /// named. In the order of the file.
    package var offerings: [Offering]?

    /// From an order to a running machine.
    package enum BootDelay: Hashable, Sendable, Codable {
        case fixed(Millis)
        case uniform(from: Millis, to: Millis)
        /// Half of the boots take less than `median`; `sigma` is that of the logarithm.
        case lognormal(median: Millis, sigma: Thousandths)
    }

    /// How many machines of a type there are.
    package struct TypeCapacity: Hashable, Sendable, Codable {
        package var type: String
        package var count: Int
        package init(type: String, count: Int) {
            self.type = type
            self.count = count
        }
    }

    /// What a machine of a type is said to cost.
    package struct TypePrice: Hashable, Sendable, Codable {
        package var type: String
        package var microdollarsPerHour: Int64
        package init(type: String, microdollarsPerHour: Int64) {
            self.type = type
            self.microdollarsPerHour = microdollarsPerHour
        }
    }

    package init() {}
}
