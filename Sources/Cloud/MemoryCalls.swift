import Model

/// The calls, each with the fault that strikes it.
extension MemoryCloudState {
    func offerings() -> [Offering] {
        catalogue.map { offering in
            var shown = offering
            shown.available = room(for: offering)
            return shown
        }
    }

    /// Nil: as many as are asked.
    private func room(for offering: Offering) -> Int? {
        if stockOuts.contains(where: { $0.holds(offering, at: now) }) { return 0 }
        let ofType = settings.capacity[offering.nodeType].map { max(0, $0 - used(offering.nodeType)) }
        let ofWay = offering.available.map { max(0, $0 - used(offering)) }
        guard let ofType, let ofWay else { return ofType ?? ofWay }
        return min(ofType, ofWay)
    }

    mutating func create(_ request: CreateRequest, _ fault: CloudFault?) -> Result<Instance, CloudError> {
        switch fault {
        case .launchIsLost: return .failure(noAnswer)
        case .outOfCapacity: return .failure(noneOf(request.offerings))
        case .quota: return .failure(.quotaReached("the account may have no more machines"))
        case .rejected: return .failure(.rejected("the request was refused"))
        default: break
        }
        if let made = made(by: request.token), fault != .duplicateInstance {
            return fault == .launchSucceedsButReplyIsLost
                ? .failure(noAnswer) : .success(machines[made].answer(at: now))
        }
        return make(request, fault).flatMap { machine in
            append(machine)
            if fault == .duplicateInstance {
                var twin = machine
                twin.instance.id = newID
                append(twin)
            }
            return fault == .launchSucceedsButReplyIsLost
                ? .failure(noAnswer) : .success(machine.instance)
        }
    }

    /// The machine for which this token still stands.
    private func made(by token: String) -> Int? {
        lives(of: token).first { place in
            settings.tokenValidFor.map { now < machines[place].createdAt + $0 } ?? true
        }
    }

    private var newID: String { "i-\(machines.count + 1)" }

    private func noneOf(_ offerings: [Offering]) -> CloudError {
        .outOfCapacity("none of \(offerings.map(\.nodeType)) to be had")
    }

    private mutating func make(
        _ request: CreateRequest, _ fault: CloudFault?
    ) -> Result<MemoryCloud.Machine, CloudError> {
        guard (1...CreateRequest.tokenBytesMax).contains(request.token.utf8.count),
            request.token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return .failure(.rejected("token \"\(request.token)\": 1 to 64 visible ASCII characters")) }
        let known = request.offerings.compactMap { asked in catalogue.first { $0.isSameWay(as: asked) } }
        guard !known.isEmpty else {
            return .failure(
                .rejected("no offering of the request is known: \(request.offerings.map(\.nodeType))"))
        }
        guard var offering = known.first(where: { room(for: $0) != 0 }) else {
            return .failure(noneOf(known))
        }
        // A machine is one; how many more there are is no word about it.
        offering.available = nil
        var boots: Moment? = now + settings.bootDelay
        if fault == .neverBoots { boots = nil }
        if fault == .slowBoot {
            var dice = settings.faults.dice(for: .create, "boot")
            boots = now + Millis(settings.bootDelay.rawValue * dice.draw(2...50))
        }
        let reused = fault == .reusesID ? takeFreeID(terminatedFor: listMemory) : nil
        let instance = Instance(
            id: reused ?? newID, token: request.token, node: request.node, cluster: request.cluster,
            offering: offering, state: .pending,
            createdUnixMs: settings.unixMsAtStart + now.ms)
        return .success(
            MemoryCloud.Machine(instance: instance, join: request.join, createdAt: now, bootsAt: boots))
    }

    mutating func terminate(_ id: String, _ fault: CloudFault?) -> Result<Void, CloudError> {
        if fault == .terminateLost { return .success(()) }
        if let place = place(of: id), machines[place].stopsAt == nil, machines[place].terminatedAt == nil {
            stop(place, fault)
        }
        return fault == .terminateReplyIsLost ? .failure(noAnswer) : .success(())
    }

    private mutating func stop(_ place: Int, _ fault: CloudFault?) {
        let (now, settings) = (now, settings)
        update(place) { machine in
            let stops = now + settings.stopDelay
            machine.stopsAt = stops
            machine.askedToStopAt = now
            machine.instance.state = .stopping
            if machine.lie?.until == nil { machine.lie = nil }
            guard fault == .joinsAfterTerminate else {
                if !machine.agentAlive { machine.agentStarts = nil }
                return
            }
            var dice = settings.faults.dice(for: .terminate, "agent")
            if !machine.agentAlive { machine.agentStarts = now + dice.span(upTo: settings.bootDelay) }
            let last = max(stops, machine.agentStarts ?? stops)
            machine.agentEnds = last + dice.span(upTo: settings.lingerSpan)
        }
    }

    mutating func preempt(_ id: String, in span: Millis) {
        guard let place = place(of: id), machines[place].terminatedAt == nil else { return }
        let now = now
        update(place) { machine in
            machine.preemptedAt = now + span
            machine.noticedAt = now
        }
        advance(to: now)
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
