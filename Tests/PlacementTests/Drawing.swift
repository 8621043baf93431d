import Model
import Placement

let deployment = DeploymentID("app#d")

func replica(_ serial: Int) -> ReplicaID { ReplicaID(deployment, serial: Int64(serial)) }

/// Thousandths of a CPU and a GPU, and mebibytes.
func amounts(cpu: Int64 = 0, gpu: Int64 = 0, mib: Int64 = 0) -> Resources {
    Resources([Resources.cpu: cpu, Resources.gpu: gpu, Resources.memory: mib << 20])
}

func room(
    _ node: String, free: Resources, total: Resources? = nil, _ state: Room.State = .open, replicas: Int = 0
) -> Room {
    Room(node: NodeID(node), type: "t", free: free, total: total ?? free, state: state, replicas: replicas)
}

/// A cluster of up to `roomsMax` nodes with drawn sizes, states and use, and up to `demandsMax` replicas.
func drawnCluster(_ dice: inout Dice, roomsMax: Int, demandsMax: Int) -> (rooms: [Room], demands: [Demand]) {
    let rooms = (0..<Int.random(in: 0...roomsMax, using: &dice)).map { number in
        let total = amounts(
            cpu: .random(in: 1...8, using: &dice) * 1000, gpu: .random(in: 0...2, using: &dice) * 1000,
            mib: .random(in: 1...8, using: &dice) * 512)
        var free = total
        let used = Int.random(in: 0...2, using: &dice)
        for _ in 0..<used { free[Resources.cpu] = max(0, free[Resources.cpu] - 1000) }
        let states: [Room.State] = [.open, .open, .open, .coming, .closed]
        return room(
            "n\(number)", free: free, total: total, states.randomElement(using: &dice) ?? .open,
            replicas: used)
    }
    let demands = (0..<Int.random(in: 0...demandsMax, using: &dice)).map { serial in
        Demand(
            replica: replica(serial),
            resources: amounts(
                cpu: .random(in: 0...6, using: &dice) * 500,
                gpu: Int64.random(in: 0...3, using: &dice) / 3 * 1000,
                mib: .random(in: 0...4, using: &dice) * 256),
            buys: Int.random(in: 0..<5, using: &dice) > 0)
    }
    return (rooms, demands)
}
