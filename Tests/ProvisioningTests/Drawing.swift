import Model
import Placement
import Provisioning

func replica(_ serial: Int) -> ReplicaID { ReplicaID(DeploymentID("app#d"), serial: Int64(serial)) }

func cpus(_ cpu: Int64, gpu: Int64 = 0, mib: Int64 = 0) -> Resources {
    Resources([Resources.cpu: cpu * 1000, Resources.gpu: gpu * 1000, Resources.memory: mib << 20])
}

func unplaced(_ resources: [Resources], buys: Bool = true) -> [Unplaced] {
    resources.enumerated().map {
        Unplaced(demand: Demand(replica: replica($0), resources: $1, buys: buys), refusals: [])
    }
}

func offering(_ type: String, _ price: Int64, zone: String = "a", available: Int? = nil) -> Offering {
    Offering(
        nodeType: type, zone: zone, capacityType: "on_demand", microdollarsPerHour: price,
        available: available)
}

/// A world of one type, `cpu-4`, that tests change.
struct World {
    var settings = ClusterSettings()
    var unplaced: [Unplaced] = []
    /// For each type: live, ready, launching, recent.
    var counts: [String: (live: Int, ready: Int, launching: Int, recent: Int)] = [:]
    var offerings: [Offering] = [offering("cpu-4", 40_000)]
    var unavailable: [Unavailable] = []
    var idle: [IdleNode] = []

    init(_ unplaced: [Unplaced] = []) {
        self.unplaced = unplaced
        settings.maxWorkers = 100
        settings.upscalingSpeed = Thousandths(1_000_000)
        settings.nodeTypes = [NodeType(name: "cpu-4", resources: cpus(4), maxWorkers: 50)]
    }

    func plan(now: Int64 = 1_000_000) -> ProvisioningPlan {
        var types = settings.nodeTypes
        for name in counts.keys.sorted() where !types.contains(where: { $0.name == name }) {
            types.append(NodeType(name: name, resources: cpus(4), maxWorkers: 0))
        }
        let states = types.map { type in
            let count = counts[type.name] ?? (0, 0, 0, 0)
            return TypeState(
                type: type, live: count.live, ready: count.ready, launching: count.launching,
                recent: Array(repeating: Moment(now + 500), count: count.recent))
        }
        return provision(
            ProvisioningInput(
                settings: settings, unplaced: unplaced, types: states, offerings: offerings,
                unavailableUntil: unavailable, idle: idle, now: Moment(now)))
    }
}

extension ProvisioningPlan {
    /// The types bought, sorted.
    var bought: [String] { launches.map(\.type).sorted() }
    /// The answers for one replica.
    func codes(_ serial: Int) -> [Refusal.Code]? {
        refusals.first { $0.replica == replica(serial) }?.refusals.map(\.code)
    }
}
