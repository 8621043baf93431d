import Cloud
import Logging
import Model
import Wire

/// What a call brought about, and whether its answer is lost on the way.
struct CallAnswer<Value: Sendable>: Sendable {
    var value: Value
    var isLost: Bool
}

/// The four calls of a provider, and what only a fake cloud can be asked.
extension MachineRoom {
    func offerings() -> [Offering] {
        count("offerings", "ok")
        return settings.offerings().map { offering in
            var shown = offering
            shown.available = room(for: offering)
            return shown
        }
    }

    /// Machines of an offering of ours that can still be had; nil: as many as are asked.
    private func room(for offering: Offering) -> Int? {
        let type = offering.nodeType
        let ofType = settings.fake.capacity.first { $0.type == type }.map {
            max(0, $0.count - registry.used(type))
        }
        let ofWay = offering.available.map { max(0, $0 - registry.used(offering)) }
        guard let ofType, let ofWay else { return ofType ?? ofWay }
        return min(ofType, ofWay)
    }

    /// Sells something else from now on. Machines that are there stay as they are.
    /// - Parameter isStartFile: the file that this cloud is started with says so too.
    func sell(_ sold: Sold, isStartFile: Bool) throws(Problem) {
        var catalogue = registry.catalogue ?? Catalogue(file: sold, inForce: sold)
        catalogue.inForce = sold
        if isStartFile { catalogue.file = sold }
        let next = catalogue
        try commit { registry throws(Problem) in registry.catalogue = next }
        take(sold)
        count("catalogue", "ok")
        log.info("sells another catalogue", metadata: ["types": "\(sold.types.map(\.name))"])
    }

    func create(_ call: CreateCall) throws(Problem) -> CallAnswer<InstanceBody> {
        do {
            let answer = try decide(call)
            count("create", answer.isLost ? "lost_reply" : "ok")
            advance()
            return answer
        } catch {
            count("create", error.code)
            throw error
        }
    }

    private func decide(_ call: CreateCall) throws(Problem) -> CallAnswer<InstanceBody> {
        let now = now
        let fake = settings.fake
        var dice = nextDice()
        let isFull = dice.strikes(perMille: fake.outOfCapacityPerMille)
        let isRejected = dice.strikes(perMille: fake.rejectedPerMille)
        let isLost = dice.strikes(perMille: fake.lostReplyPerMille)
        if let index = registry.place(token: call.token) {
            return CallAnswer(value: registry.machines[index].body(now: now), isLost: isLost)
        }
        if isRejected {
            throw Problem(code: CloudProblem.rejected, message: "refused, as rejected_per_mille asks")
        }
        let offering = try choose(call, isFull: isFull)
        guard registry.machines.count < Registry.machinesMax else {
            throw Problem(
                code: CloudProblem.quota,
                message:
                    "\(Registry.machinesMax) machines are remembered: each is for two days after its end"
            )
        }
        let resources = settings.nodeTypes.first { $0.name == offering.nodeType }?.resources ?? Resources()
        let (callIndex, unixMs) = (callIndex, unixMillis())
        let boot = BootDelays.delay(fake.bootDelay, seed: fake.seed, token: call.token)
        let machine = try commit { registry throws(Problem) in
            registry.calls = callIndex
            return registry.add(call, offering, resources, now: now, unixMs: unixMs, boot: boot)
        }
        log.info("machine made", metadata: ["node": "\(call.node)", "type": "\(offering.nodeType)"])
        return CallAnswer(value: machine.body(now: now), isLost: isLost)
    }

    /// The first of the acceptable offerings that can be had.
    private func choose(_ call: CreateCall, isFull: Bool) throws(Problem) -> Offering {
        let sold = settings.offerings()
        let known = call.offerings.compactMap { asked in sold.first { $0.isSameWay(as: asked) } }
        guard !known.isEmpty else {
            throw Problem(
                code: CloudProblem.rejected,
                message: "none of \(call.offerings.map(\.nodeType)) is sold here: \(sold.map(\.nodeType))")
        }
        guard var free = known.first(where: { room(for: $0) != 0 }), !isFull else {
            throw Problem(
                code: CloudProblem.outOfCapacity, message: "none of \(known.map(\.nodeType)) to be had now")
        }
        // A machine is one; how many more there are is no word about it.
        free.available = nil
        return free
    }

    /// Dice of their own for each call; the count is kept in memory between writes.
    private func nextDice() -> SeededDice {
        callIndex += 1
        return SeededDice(seed: settings.fake.seed, text: "call \(callIndex)")
    }

    func list(cluster: String) -> [InstanceBody] {
        count("list", "ok")
        advance()
        return registry.listed(cluster: cluster, now: now)
    }

    /// Accepted when it returns, also for what is gone or was never there.
    func terminate(_ id: String) throws(Problem) -> CallAnswer<Void> {
        var dice = nextDice()
        let isLost = dice.strikes(perMille: settings.fake.lostReplyPerMille)
        if let machine = registry.machines.first(where: { $0.id == id }) { try giveBack(machine) }
        count("terminate", isLost ? "lost_reply" : "ok")
        advance()
        return CallAnswer(value: (), isLost: isLost)
    }

    private func giveBack(_ machine: Machine) throws(Problem) {
        guard machine.state == .pending || machine.state == .running else { return }
        let now = now
        try change(machine.id) { machine in
            machine.state = .stopping
            machine.stoppingAt = now
        }
        askToStop(machine.id)
    }

    /// - Parameter name: a node or an instance.
    func kill(_ name: String) throws(Problem) {
        try lose(registry.machines[try place(name)].id)
        count("kill", "ok")
        advance()
    }

    func preempt(_ name: String, in span: Millis) throws(Problem) {
        guard (.zero)...BootDelays.delayMax ~= span else {
            throw Problem(
                code: "invalid",
                message: "in_ms \(span.rawValue): from 0 to \(BootDelays.delayMax.rawValue)")
        }
        let end = now + span
        try change(registry.machines[try place(name)].id) { $0.preemptedAt = end }
        count("preempt", "ok")
        advance()
    }

    private func place(_ name: String) throws(Problem) -> Int {
        guard let index = registry.place(named: name) else {
            count("named", "not_found")
            throw Problem(
                code: "not_found", message: "no machine and no node \"\(name.prefix(100))\" is here")
        }
        return index
    }

    /// Gives all machines of a cluster back.
    func shutdown(cluster: String) throws(Problem) {
        for machine in registry.machines where machine.cluster == cluster { try giveBack(machine) }
        count("shutdown", "ok")
        advance()
    }
}
