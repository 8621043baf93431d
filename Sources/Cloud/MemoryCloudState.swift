import Model

/// What `MemoryCloud` guards with its lock.
struct MemoryCloudState: Sendable {
    var settings: MemoryCloud.Settings
    private(set) var now = Moment(0)
    private(set) var machines: [MemoryCloud.Machine] = []

    enum Event: Sendable {
        case booted(MemoryCloud.Machine)
        case ended(MemoryCloud.Machine)
    }

    init(settings: MemoryCloud.Settings) { self.settings = settings }

    /// The faults that any call can meet.
    func refuse(_ fault: CloudFault?) throws(CloudError) {
        switch fault {
        case .throttled: throw .throttled(retryAfter: .seconds(1))
        case .unavailable: throw .unavailable("no connection to the provider")
        default: break
        }
    }

    func offerings() -> [Offering] {
        settings.offerings.map { offering in
            var shown = offering
            shown.available = settings.capacity[offering.nodeType]
                .map { max(0, $0 - used(offering.nodeType)) }
            return shown
        }
    }

    private func used(_ type: String) -> Int {
        machines.count { $0.instance.offering.nodeType == type && $0.terminatedAt == nil }
    }

    mutating func create(_ request: CreateRequest, _ fault: CloudFault?) throws(CloudError) -> Instance {
        switch fault {
        case .launchIsLost: throw .outcomeUnknown("no answer within 30 s")
        case .outOfCapacity: throw .outOfCapacity("none of \(request.offerings.map(\.nodeType)) to be had")
        case .quota: throw .quotaReached("the account may have no more machines")
        case .rejected: throw .rejected("the request was refused")
        default: break
        }
        let made = machines.first { $0.instance.token == request.token }
        if let made, fault != .duplicateInstance {
            if fault == .launchSucceedsButReplyIsLost { throw .outcomeUnknown("no answer within 30 s") }
            return made.instance
        }
        let machine = try make(request, boots: fault != .neverBoots)
        machines.append(machine)
        if fault == .duplicateInstance {
            var twin = machine
            twin.instance.id = Self.id(machines.count)
            machines.append(twin)
        }
        if fault == .launchSucceedsButReplyIsLost { throw .outcomeUnknown("no answer within 30 s") }
        return machine.instance
    }

    private static func id(_ index: Int) -> String { "i-\(index + 1)" }

    private func make(_ request: CreateRequest, boots: Bool) throws(CloudError) -> MemoryCloud.Machine {
        guard (1...CreateRequest.tokenBytesMax).contains(request.token.utf8.count),
            request.token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw .rejected("token \"\(request.token)\": 1 to 64 visible ASCII characters") }
        let known = request.offerings.filter { asked in
            settings.offerings.contains { $0.isSameWay(as: asked) }
        }
        guard !known.isEmpty else {
            throw .rejected("no offering of the request is known: \(request.offerings.map(\.nodeType))")
        }
        let free = known.first { offering in
            settings.capacity[offering.nodeType].map { used(offering.nodeType) < $0 } ?? true
        }
        guard let asked = free,
            let offering = settings.offerings.first(where: { $0.isSameWay(as: asked) })
        else {
            throw .outOfCapacity("none of \(known.map(\.nodeType)) to be had")
        }
        let instance = Instance(
            id: Self.id(machines.count), token: request.token, node: request.node, cluster: request.cluster,
            offering: offering, state: .pending)
        return MemoryCloud.Machine(
            instance: instance, join: request.join, createdAt: now,
            bootsAt: boots ? now + settings.bootDelay : nil)
    }

    func list(cluster: String, _ fault: CloudFault?) throws(CloudError) -> [Instance] {
        if fault == .listFails { throw .unavailable("the list could not be read") }
        var seen = machines.filter { machine in
            machine.instance.cluster == cluster && machine.createdAt + settings.listLag <= now
                && (machine.terminatedAt.map { now < $0 + settings.remembersTerminated } ?? true)
        }
        if fault == .listOmits, !seen.isEmpty { seen.removeFirst() }
        return seen.map { machine in
            var shown = machine.instance
            shown.preemptedIn = machine.preemptedAt.map { max(.zero, $0 - now) }
            return shown
        }
    }

    mutating func terminate(_ id: String, _ fault: CloudFault?) throws(CloudError) {
        if fault == .terminateLost { return }
        if let index = machines.firstIndex(where: { $0.instance.id == id }), machines[index].stopsAt == nil,
            machines[index].terminatedAt == nil
        {
            machines[index].stopsAt = now + settings.stopDelay
            machines[index].instance.state = .stopping
        }
        if fault == .terminateReplyIsLost { throw .outcomeUnknown("no answer within 30 s") }
    }

    mutating func lose(_ id: String) -> [Event] {
        guard let index = machines.firstIndex(where: { $0.instance.id == id }) else { return [] }
        return finish(index)
    }

    mutating func preempt(_ id: String, in span: Millis) {
        guard let index = machines.firstIndex(where: { $0.instance.id == id }) else { return }
        machines[index].preemptedAt = now + span
    }

    mutating func show(_ id: String, as shown: Instance.State) {
        guard let index = machines.firstIndex(where: { $0.instance.id == id }) else { return }
        machines[index].instance.state = shown
    }

    /// Everything that is due by then, machine by machine in the order of creation.
    mutating func advance(to moment: Moment) -> [Event] {
        now = max(now, moment)
        var events: [Event] = []
        for index in machines.indices where machines[index].terminatedAt == nil {
            if machines[index].instance.state == .pending, let boots = machines[index].bootsAt, boots <= now {
                machines[index].instance.state = .running
                events.append(.booted(machines[index]))
            }
            let ends = [machines[index].stopsAt, machines[index].preemptedAt].compactMap { $0 }.min()
            if let ends, ends <= now { events += finish(index) }
        }
        return events
    }

    private mutating func finish(_ index: Int) -> [Event] {
        guard machines[index].terminatedAt == nil else { return [] }
        machines[index].terminatedAt = now
        machines[index].instance.state = .terminated
        return [.ended(machines[index])]
    }
}

extension CreateRequest {
    /// Of the token; a longer one is rejected.
    package static let tokenBytesMax = 64
}

extension Offering {
    /// True when both are bought in the same way; price and availability may differ.
    package func isSameWay(as other: Offering) -> Bool {
        nodeType == other.nodeType && zone == other.zone && capacityType == other.capacityType
    }
}
