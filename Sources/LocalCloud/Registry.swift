import Cloud
import Model
import Wire

/// All that the fake cloud knows, as one value: what `State/cloud/registry.json` holds.
struct Registry: Equatable, Sendable, Codable {
    static let currentVersion = 1
    /// Machines remembered, ended ones included. Beyond it `create` is refused (`quota`) until the oldest end
    /// is forgotten: forgetting a token early could make a second machine of it.
    static let machinesMax = 20_000
    /// An ended machine stays in lists for this long.
    static let listedAfterEnd = Millis.seconds(300)
    /// Its token is remembered for this long (the contract asks for a day).
    static let rememberedAfterEnd = Millis.seconds(2 * 86_400)

    var version = currentVersion
    /// Of the boot that the instants belong to.
    var boot: String
    /// Creates and terminations so far: the index of the dice.
    var calls: UInt64 = 0
    /// In the order of creation.
    var machines: [Machine] = []
    /// Nil: of an earlier version.
    var catalogue: Catalogue?

    init(boot: String) { self.boot = boot }

    func place(token: String) -> Int? { machines.firstIndex { $0.token == token } }

    /// By the provider's id, or by the name of a node that is not gone (the newest of that name).
    func place(named name: String) -> Int? {
        machines.firstIndex { $0.id == name }
            ?? machines.lastIndex { $0.node.rawValue == name && $0.state != .terminated }
    }

    /// Machines of a type that take room in its capacity.
    func used(_ type: String) -> Int {
        machines.count { $0.offering.nodeType == type && $0.state != .terminated }
    }

    /// Of those, the ones bought in this way.
    func used(_ offering: Offering) -> Int {
        machines.count { $0.offering.isSameWay(as: offering) && $0.state != .terminated }
    }

    func listed(cluster: String, now: Moment) -> [InstanceBody] {
        machines.filter { machine in
            machine.cluster == cluster
                && (machine.terminatedAt.map { now < $0 + Self.listedAfterEnd } ?? true)
        }.map { $0.body(now: now) }
    }

    /// Appends a new machine.
    /// - Parameter token: not used before; the id follows from it, so that an id never means another machine,
    ///   not even after this file was lost.
    mutating func add(
        _ call: CreateCall, _ offering: Offering, _ resources: Resources, now: Moment, unixMs: Int64,
        boot: Millis
    ) -> Machine {
        var dice = SeededDice(seed: 0, text: call.token)
        var id = Self.id(dice.next())
        while machines.contains(where: { $0.id == id }) { id = Self.id(dice.next()) }
        var machine = Machine(
            id: id, token: call.token, node: call.node, cluster: call.cluster, offering: offering,
            resources: resources, join: call.join, state: .pending, createdAt: now, bootsAt: now + boot)
        machine.createdUnixMs = unixMs
        machines.append(machine)
        return machine
    }

    private static func id(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return "i-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    mutating func finish(_ index: Int, now: Moment, unixMs: Int64) {
        machines[index].state = .terminated
        machines[index].terminatedAt = now
        // Somebody may have set the date back.
        machines[index].endedUnixMs = machines[index].createdUnixMs.map { max($0, unixMs) }
    }

    /// - Returns: whether anything was old enough.
    mutating func forget(now: Moment) -> Bool {
        let before = machines.count
        machines.removeAll { machine in
            machine.isSwept && (machine.terminatedAt.map { $0 + Self.rememberedAfterEnd < now } ?? false)
        }
        return machines.count < before
    }

    /// After a reboot of the host: no process is left, the old instants mean nothing, and what was due is due
    /// now.
    mutating func moveToBoot(_ boot: String, now: Moment) {
        guard boot != self.boot else { return }
        self.boot = boot
        for index in machines.indices {
            machines[index].agent = nil
            machines[index].createdAt = now
            machines[index].bootsAt = now
            if machines[index].stoppingAt != nil { machines[index].stoppingAt = now }
            if machines[index].terminatedAt != nil { machines[index].terminatedAt = now }
            if machines[index].preemptedAt != nil { machines[index].preemptedAt = now }
        }
    }
}
