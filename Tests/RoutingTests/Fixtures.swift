import Model
import Routing

/// Dice that can be thrown again.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

func fence(_ generation: Int64, epoch: Int64 = 1) -> Fence {
    Fence(clusterGeneration: 1, epoch: epoch, generation: generation)
}

func address(_ name: String, _ serial: Int64, port: Int? = nil) -> ReplicaAddress {
    ReplicaAddress(
        id: ReplicaID(DeploymentID(name), serial: serial), host: "127.0.0.1",
        port: port ?? Int(20_000 + serial))
}

func route(
    _ fence: Fence, of name: String = "app#main", prefix: String? = "/", replicas: [Int64] = [1],
    maxOngoing: Int = 1, maxQueued: Int? = nil
) -> Route {
    Route(
        deployment: DeploymentID(name), fence: fence, prefix: prefix,
        replicas: replicas.map { address(name, $0) }, maxOngoing: maxOngoing, maxQueued: maxQueued,
        metricsInterval: Millis(100))
}
