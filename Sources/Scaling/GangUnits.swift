import Model

/// A rollout of gangs, told as one of single replicas: each unit counts as one. A unit is one gang; while the gangs of an
/// old version are of another size, it is as many of the one or the other as make the same number, if so many are wanted.
/// - Source: Ray Serve 2.60 rounds its batch up to whole gangs, and moves a gang off a draining node as a whole.
struct GangUnits {
    /// Replicas of a unit; a multiple of the size of a gang.
    let size: Int
    private let input: RolloutInput
    /// By the replica that stands for the unit.
    private var members: [ReplicaID: [RolloutReplica]] = [:]
    private var units: [RolloutReplica] = []

    /// Stands for all nodes: what an old gang holds together is what a new one lacks.
    private static let anywhere = NodeID("")

    init(_ input: RolloutInput) {
        self.input = input
        let gang = max(input.gangSize, 1)
        let sorted = input.replicas.map { (serial: $0.id.serial, replica: $0) }
            .sorted { a, b in a.serial < b.serial }.map(\.replica)
        var (gangs, places) = ([[RolloutReplica]](), [Int64: Int]())
        for replica in sorted {
            let name = replica.gang ?? -replica.id.serial
            let place = places[name] ?? gangs.count
            if place == gangs.count {
                places[name] = place
                gangs.append([])
            }
            gangs[place].append(replica)
        }
        let largest = gangs.lazy.filter { members in !members[0].current }.map { $0.count }.max() ?? 1
        let common = largest / Self.divisor(largest, gang) * gang
        size = common <= max(input.target, gang) ? common : (largest + gang - 1) / gang * gang
        for current in [false, true] {
            for leaves in [false, true] {
                let own = gangs.filter { members in
                    members[0].current == current && members.contains { $0.leaving != nil } == leaves
                }
                var unit: [RolloutReplica] = []
                for members in own {
                    unit += members
                    if unit.count >= size { add(&unit) }
                }
                add(&unit)
            }
        }
    }

    /// The greatest number that divides both.
    private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }

    private mutating func add(_ unit: inout [RolloutReplica]) {
        guard var one = unit.first else { return }
        one.gang = nil
        one.ready = unit.allSatisfy(\.ready)
        one.unplaced = unit.contains(where: \.unplaced)
        one.leaving = unit.compactMap(\.leaving).min()
        one.buys = unit.allSatisfy(\.buys)
        one.resources = unit.reduce(Resources()) { $0 + $1.resources }
        one.node = Self.anywhere
        // Where a member lacks no more than room, the room of an old gang is what would help.
        one.short = unit.contains { !$0.short.isEmpty } ? [Self.anywhere: one.resources] : [:]
        members[one.id] = unit
        units.append(one)
        unit = []
    }

    private func whole(_ count: Int) -> Int { (max(count, 0) + size - 1) / size }

    /// What to do, in replicas.
    func plan() -> RolloutPlan {
        var asked = input
        asked.gangSize = 1
        asked.replicas = units
        asked.target = whole(input.target)
        asked.stopping = whole(input.stopping)
        asked.replaced = whole(input.replaced)
        asked.batch = max(1, whole(input.batch))
        // Never more than is allowed, but one gang, or none could ever be replaced.
        asked.unavailable = input.unavailable.map { $0 > 0 ? max(1, $0 / size) : 0 }
        if case .upTo(let count) = input.surge { asked.surge = .upTo(whole(count)) }
        var plan = rollout(asked)
        plan.start *= size
        plan.startSurplus *= size
        plan.surplusToStop *= size
        plan.drain = plan.drain.flatMap { members[$0]?.map(\.id) ?? [$0] }
        plan.mayBuy = plan.mayBuy.flatMap { members[$0]?.map(\.id) ?? [$0] }
        for index in plan.decisions.indices {
            plan.decisions[index].reason += " Each of them is a gang of \(size)."
            plan.decisions[index].inputs.append(.init("gang_size", Int64(size)))
        }
        return plan
    }
}
