import Cloud
import Model
import NodeTier
import Store
import Testing
import TwoTiers

/// The database of a cluster that runs is lost, and made anew from what runs.
@Suite struct ReadoptTests {
    private let wanted = [ApplicationSettings.of(.named("chat", .between(1, 8, down: .seconds(30))))]

    /// Six requests on three replicas on two machines.
    private func running(_ applications: [ApplicationSettings]? = nil) async throws -> TwoTiers {
        let world = try TwoTiers(.cloud([.cpus("small", 2)], idleTimeout: .seconds(60)))
        try world.apply(applications ?? wanted)
        try await world.run(.seconds(5))
        world.offer(6, to: chat)
        try await world.run(.seconds(25))
        #expect(try world.ready(chat).count == 3)
        #expect(world.machines.count == 2)
        return world
    }

    private func processes(_ world: TwoTiers) -> [ReplicaID] {
        world.agents.values.flatMap(\.running).sorted()
    }

    /// Until both tiers work as ever.
    private func isDone(_ world: TwoTiers, within limit: Millis = .seconds(10)) async throws -> Bool {
        try await world.run(until: { try world.readoptPhase() == .done }, within: limit)
    }

    @Test func whatRunsIsFoundAndGoesOn() async throws {
        let world = try await running()
        let (ready, nodes) = (try world.ready(chat), try world.nodes(in: .ready))
        let tokens = Dictionary(uniqueKeysWithValues: nodes.map { ($0.id, $0.token) })
        try world.loseState()
        try await world.run(.seconds(60))
        #expect(world.routed(chat) == ready)

        try world.readopt(wanted)
        let done = try await world.run(
            until: {
                #expect(world.routed(chat) == ready)
                #expect(processes(world) == ready)
                return try world.readoptPhase() == .done
            }, within: .seconds(10))
        #expect(done)
        try await world.run(.seconds(5))
        #expect(try world.ready(chat) == ready)
        #expect(world.routed(chat) == ready)
        #expect(try world.deployment(chat)?.target == 3)
        let found = try world.nodes(in: .ready)
        #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.token) }) == tokens)
        #expect(world.cloud.machines.count == 2)
        #expect(try world.state().foundReplicas.isEmpty)

        // It not only lives: it works, and under names that nobody has had.
        world.offer(12, to: chat)
        try await world.run(.seconds(40))
        let more = try world.ready(chat)
        #expect(more.count == 6 && Set(more).isSuperset(of: ready))
        #expect(more.filter { !ready.contains($0) }.allSatisfy { $0.serial > 1_000 })
        #expect(world.machines.count == 3)
        #expect(Set(world.machines.map(\.instance.node)).count == 3)
        #expect(world.violations == [])
    }

    /// Nothing is ordered, bought or given back before it is known what there is.
    @Test func untilAllIsFoundNothingIsDone() async throws {
        let world = try await running()
        let ready = try world.ready(chat)
        let silent = try #require(world.agents.keys.sorted().first)
        try world.loseState()
        world.agents[silent]?.silent = true
        let calls = world.calls.count
        try world.readopt(wanted)
        try await world.run(.seconds(25))
        #expect(try world.readoptPhase() == .looking)
        #expect(processes(world) == ready)
        #expect(world.routed(chat) == ready)
        #expect(world.calls.dropFirst(calls).allSatisfy { $0 == .list || $0 == .offerings })
        #expect(try world.state().replicas.isEmpty)
    }

    /// A cluster whose state is made anew while one machine is silent, when that is over.
    private func withOneSilent() async throws -> (TwoTiers, ScriptedAgent, others: [ReplicaID]) {
        let world = try await running()
        let ready = try world.ready(chat)
        let silent = try #require(world.agents.values.min { $0.node < $1.node })
        try world.loseState()
        world.agents[silent.instance]?.silent = true
        try world.readopt(wanted)
        #expect(try await isDone(world, within: .seconds(40)))
        #expect(try world.state().readopt?.silent == silent.node.rawValue)
        let others = ready.filter { !silent.running.contains($0) }
        #expect(try world.ready(chat) == others)
        #expect(world.machines.count == 2)
        return (world, silent, others)
    }

    /// It speaks again: it is taken in, and what it runs beyond its orders ends.
    @Test func aMachineHeardLaterJoins() async throws {
        let (world, silent, others) = try await withOneSilent()
        try await world.run(.seconds(20))
        world.agents[silent.instance]?.silent = false
        try await world.run(.seconds(20))
        let ready = try world.ready(chat)
        #expect(ready.count == 3 && Set(ready).isSuperset(of: others))
        #expect(processes(world) == ready)
        #expect(world.machines.map(\.instance.id).contains(silent.instance))
        #expect(world.violations == [])
    }

    @Test func aMachineThatStaysSilentIsReplaced() async throws {
        let (world, silent, others) = try await withOneSilent()
        try await world.run(.seconds(120))
        let ready = try world.ready(chat)
        #expect(ready.count == 3 && Set(ready).isSuperset(of: others))
        #expect(world.machines.count == 2)
        #expect(!world.machines.map(\.instance.id).contains(silent.instance))
        #expect(world.violations == [])
    }

    @Test func anOldVersionIsReplacedStartFirst() async throws {
        let world = try await running([.of(.named("chat", .fixed(3)))])
        let old = Set(try world.ready(chat))
        try world.loseState()
        try world.readopt([.of(.named("chat", .fixed(3), command: "other"))])
        #expect(try await isDone(world))
        let replaced = try await world.run(
            until: {
                let ready = try world.ready(chat)
                #expect(ready.count >= 3)
                return ready.count == 3 && old.isDisjoint(with: ready)
            }, within: .seconds(60))
        #expect(replaced)
        try await world.run(.seconds(10))
        #expect(processes(world) == (try world.ready(chat)))
        #expect(world.violations == [])
    }

    @Test func whatIsInNoFileAnyMoreIsDrained() async throws {
        let mail = DeploymentID(application: "post", deployment: "mail")
        let both = wanted + [.of(.named("mail", of: "post", .fixed(1)), name: "post")]
        let world = try await running(both)
        let ready = try world.ready(chat)
        #expect(try world.ready(mail).count == 1)
        try world.loseState()
        try world.readopt(wanted)
        #expect(try await isDone(world))
        // A proxy that nobody knows of any more may route to it: it is waited for as one that is silent.
        try await world.run(.seconds(30))
        #expect(try world.ready(chat) == ready)
        #expect(processes(world) == ready)
        #expect(try world.deployment(mail) == nil)
        #expect(world.proxies["p1"]?.routes[mail] == nil)
        #expect(world.violations == [])
    }

    @Test func aListThatFailsIsAskedForAgain() async throws {
        let world = try await running()
        let ready = try world.ready(chat)
        try world.loseState()
        world.cloud.inject(.listFails, .listFails)
        try world.readopt(wanted)
        #expect(try await isDone(world))
        #expect(try world.ready(chat) == ready)
        #expect(world.cloud.machines.count == 2)
    }

    /// Either tier may die at any moment of it.
    @Test(arguments: [1, 7, 23, 40, 101])
    func whoDiesOnTheWayGoesOnWithIt(_ pause: Int64) async throws {
        let world = try await running()
        let ready = try world.ready(chat)
        try world.loseState()
        try world.readopt(wanted)
        for _ in 0..<4 {
            try await world.run(Millis(pause))
            world.killServe()
            world.killNodes()
            try world.openServe()
            try world.openNodes()
        }
        #expect(try await isDone(world))
        try await world.run(.seconds(5))
        #expect(try world.ready(chat) == ready)
        #expect(processes(world) == ready)
        #expect(world.cloud.machines.count == 2)
        #expect(world.violations == [])
    }

    /// With the wrong cluster file a machine is as large as its agent says.
    @Test func aMachineOfAnUnknownTypeIsAdopted() async throws {
        let world = try await running()
        let ready = try world.ready(chat)
        try world.loseState()
        world.settings = .cloud([.cpus("large", 8)])
        try world.readopt(wanted)
        #expect(try await isDone(world))
        #expect(try world.ready(chat) == ready)
        for node in try world.state().nodes.values where node.type == "small" {
            #expect(node.resources == Resources(["CPU": 2000]))
        }
        try await world.run(.seconds(30))
        #expect(try world.ready(chat).count == 3)
        #expect(world.violations == [])
    }

    @Test func thisMachineAloneIsFoundToo() async throws {
        let world = try TwoTiers(ClusterSettings())
        world.startLocalAgent(cpus: 4)
        try world.apply([.of(.named("chat", .fixed(3)))])
        try await world.run(.seconds(10))
        let ready = try world.ready(chat)
        #expect(ready.count == 3)
        try world.loseState()
        try world.readopt([.of(.named("chat", .fixed(3)))])
        #expect(try await isDone(world))
        try await world.run(.seconds(5))
        #expect(try world.ready(chat) == ready)
        #expect(processes(world) == ready)
        #expect(world.violations == [])
    }
}
