import Cloud
import Model
import Supervision

/// A machine: an agent, the replicas' processes, and a disk that outlives the agent.
final class MachineHost {
    /// In the order in which they were made; 0: the machine of the tiers.
    let number: Int
    let instance: String
    let node: NodeID
    let resources: Resources
    let portRange: ClosedRange<Int>
    private(set) var isAlive = true
    var agent: AgentHost?
    var processes: [ReplicaID: ReplicaProcess] = [:]
    var ports: [Int: ReplicaProcess] = [:]
    var disk = Disk()
    let dice: SeededDice

    /// What an agent keeps for its successor.
    struct Disk {
        var fence = Fence.none
        var orders: [StandingOrder]?
        var records: [ReplicaID: Record] = [:]
        var nextPort: Int?
        /// The tier told the node to end: no agent is started any more.
        var isRetired = false
        var incarnations = 0
    }

    struct Record {
        var account: Account
        /// A process was started for it.
        var hasProcess: Bool
    }

    init(
        number: Int, instance: String, node: NodeID, resources: Resources, ports: ClosedRange<Int>,
        seed: UInt64
    ) {
        self.number = number
        self.instance = instance
        self.node = node
        self.resources = resources
        portRange = ports
        dice = SeededDice(seed: seed, text: "machine-\(number)")
    }

    var host: String { "m\(number)" }
    var party: Party { .agent(number) }

    func startAgent(_ world: World) {
        guard isAlive, agent == nil, !disk.isRetired else { return }
        disk.incarnations += 1
        let agent = AgentHost(on: self, world)
        self.agent = agent
        world.say("\(party) of \(node) starts")
        agent.begin(world)
    }

    func crashAgent(_ world: World, downFor: Int64?) {
        guard let agent else { return }
        world.say("\(party) of \(node) dies")
        world.report.crashes += 1
        agent.end()
        self.agent = nil
        if let downFor { world.after(downFor) { self.startAgent($0) } }
    }

    /// The machine is no more, and all that ran on it.
    func vanish(_ world: World) {
        guard isAlive else { return }
        isAlive = false
        world.say("\(party) of \(node) vanishes")
        agent?.end()
        agent = nil
        for id in processes.keys.sorted() { processes[id]?.exit(.unknown, world) }
        world.truth.changed(world)
    }
}

extension World {
    /// This machine itself is the only node.
    func addLocalMachine() {
        let cpus = 1000 * Int64(plan.localCPUs)
        let machine = MachineHost(
            number: 0, instance: "local", node: NodeID("local"), resources: Resources(["CPU": cpus]),
            ports: plan.cluster.ports.replicasFirst...plan.cluster.ports.replicasLast, seed: plan.seed)
        add(machine)
        machine.startAgent(self)
    }

    func add(_ machine: MachineHost) {
        machines.append(machine)
        machineByHost[machine.host] = machine
    }
}
