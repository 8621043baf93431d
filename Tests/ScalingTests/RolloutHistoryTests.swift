import Model
import Scaling
import Testing

/// A rollout from beginning to end in a world with or without spare room, with drawn start times.
@Suite struct RolloutHistoryTests {
    private struct World {
        let deployment = DeploymentID("app#d")
        let cpu = Resources([Resources.cpu: 1_000])
        var replicas: [RolloutReplica] = []
        var startsLeft: [Int] = []  // ticks until ready, once placed
        var stopping: [Int] = []  // ticks until the room is free
        var slots: Int
        var serial: Int64 = 0

        mutating func add(current: Bool, ready: Bool, buys: Bool, ticks: Int) {
            serial += 1
            replicas.append(
                RolloutReplica(
                    id: ReplicaID(deployment, serial: serial), current: current, ready: ready,
                    unplaced: !ready,
                    buys: buys, node: NodeID("n"), resources: cpu, short: ready ? [:] : [NodeID("n"): cpu]))
            startsLeft.append(ticks)
        }

        mutating func remove(_ index: Int, ticks: Int) {
            if !replicas[index].unplaced { stopping.append(ticks) }
            replicas.remove(at: index)
            startsLeft.remove(at: index)
        }

        /// Places what fits, buys for what may buy, and lets time pass.
        mutating func pass() {
            stopping = stopping.map { $0 - 1 }.filter { $0 > 0 }
            for index in replicas.indices where replicas[index].unplaced {
                let used = stopping.count + replicas.count { !$0.unplaced }
                if used >= slots && replicas[index].buys { slots += 1 }
                if used < slots { replicas[index].unplaced = false }
            }
            for index in replicas.indices where !replicas[index].unplaced && !replicas[index].ready {
                startsLeft[index] -= 1
                replicas[index].ready = startsLeft[index] <= 0
            }
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func itEndsAndKeepsItsPromises(seed: UInt64) {
        var dice = Dice(seed: seed)
        var target = Int.random(in: 1...6, using: &dice)
        var world = World(slots: target + Int.random(in: 0...1, using: &dice))
        for _ in 0..<target { world.add(current: false, ready: true, buys: true, ticks: 0) }
        for index in world.replicas.indices { world.replicas[index].unplaced = false }
        let slots = world.slots
        let changesAt = Bool.random(using: &dice) ? Int.random(in: 0..<20, using: &dice) : -1
        var floor = target
        for tick in 0..<200 {
            if tick == changesAt { target = Int.random(in: 1...6, using: &dice) }
            // What the rollout may not undercut: what is ready now, but for one.
            floor = min(target, world.replicas.count(where: \.ready))
            let plan = rollout(
                RolloutInput(
                    deployment: world.deployment, target: target, replicas: world.replicas,
                    stopping: world.stopping.count, failing: false, retryAt: nil, now: Moment(Int64(tick)),
                    grace: .zero))
            for id in plan.drain {
                guard let index = world.replicas.firstIndex(where: { $0.id == id }) else { continue }
                world.remove(index, ticks: .random(in: 1...4, using: &dice))
            }
            for _ in 0..<plan.surplusToStop {
                let candidates = world.replicas.indices.filter { world.replicas[$0].current }
                let first = candidates.first { !world.replicas[$0].ready } ?? candidates.last
                guard let first else { continue }
                world.remove(first, ticks: 1)
            }
            for id in plan.mayBuy {
                for index in world.replicas.indices where world.replicas[index].id == id {
                    world.replicas[index].buys = true
                }
            }
            let before = world.replicas.count
            for number in 0..<(plan.start + plan.startSurplus) {
                world.add(
                    current: true, ready: false, buys: number < plan.start,
                    ticks: .random(in: 1...4, using: &dice))
            }
            #expect(before == world.replicas.count || world.replicas.count <= target + 1, "seed \(seed)")
            let ready = world.replicas.count(where: \.ready)
            #expect(ready >= floor || ready >= target - 1, "seed \(seed) tick \(tick)")
            world.pass()
        }
        #expect(world.replicas.count == target, "seed \(seed)")
        #expect(world.replicas.allSatisfy { $0.current && $0.ready }, "seed \(seed)")
        if changesAt < 0 {
            #expect(world.slots == slots, "a rollout buys nothing when room is freed; seed \(seed)")
        }
    }
}
