import Model

/// What `MemoryCloud` guards with its lock: the books and the passing of time. Machines long gone stay in
/// `machines`, and nothing else looks at them.
struct MemoryCloudState: Sendable {
    var settings: MemoryCloud.Settings
    private(set) var now = Moment(0)
    private(set) var machines: [MemoryCloud.Machine] = []
    /// What is sold, at today's prices.
    private(set) var catalogue: [Offering]
    /// That are not over yet.
    private(set) var stockOuts: [MemoryCloud.Episode]

    /// Machines that are not terminated.
    private(set) var live = MemoryPlaces()
    /// Machines whose agent lives.
    private(set) var agents = MemoryPlaces()
    private(set) var peakMachines = 0
    private(set) var twinnedTokens: [String] = []
    /// By cluster: machines that a list may still show, sorted.
    var listed: [String: [Int]] = [:]
    /// Machines that were looked at for a list.
    var looked = 0
    /// Terminated machines whose id no other has had since, in the order in which they were.
    private var freeIDs = MemoryQueue()

    private var liveByType: [String: Int] = [:]
    private var liveByWay: [MemoryWay: Int] = [:]
    private var byID: [String: Int] = [:]
    private var byToken: [String: [Int]] = [:]
    private var agenda = MemoryAgenda()
    /// In the order in which they come, the next one last.
    private var priceChanges: [MemoryCloud.PriceChange]
    private var ledger = MemoryLedger()
    private var events: [MemoryCloud.Event] = []
    /// Kinds of calls whose last answer did not come.
    private var unanswered: Set<CloudFault.Call> = []

    init(settings: MemoryCloud.Settings) {
        self.settings = settings
        catalogue = settings.offerings
        stockOuts = settings.stockOuts
        // Sorting is stable: of two at one instant the later one is applied last.
        priceChanges = settings.prices.sorted { $0.from < $1.from }.reversed()
        for episode in stockOuts where episode.from < episode.until {
            agenda.insert(.init(at: episode.until, machine: -1, kind: .stockOutEnds))
        }
        advance(to: now)
    }

    var work: Int { looked + agenda.work + live.work + agents.work }

    var bill: MemoryCloud.Bill {
        var ledger = ledger
        for place in live.sorted {
            ledger.add(now - machines[place].createdAt, of: machines[place].instance.offering)
        }
        return ledger.bill
    }

    func used(_ type: String) -> Int { liveByType[type] ?? 0 }

    /// Machines bought in the same way.
    func used(_ offering: Offering) -> Int { liveByWay[MemoryWay(offering)] ?? 0 }

    func lives(of token: String) -> [Int] { byToken[token] ?? [] }

    /// The machine that has the id now, or had it last.
    func place(of id: String) -> Int? { byID[id] }

    mutating func takeEvents() -> [MemoryCloud.Event] {
        defer { events = [] }
        return events
    }

    // MARK: - Calls

    /// Lets the plan choose what strikes the call, carries it out, and does what is due at once.
    mutating func perform<Answer>(
        _ call: CloudFault.Call,
        _ act: (inout Self, CloudFault?) -> Result<Answer, CloudError>
    ) -> Result<Answer, CloudError> {
        let answer: Result<Answer, CloudError>
        switch settings.faults.next(for: call) {
        case .throttled: answer = .failure(.throttled(retryAfter: .seconds(1)))
        case .unavailable: answer = .failure(.unavailable("no connection to the provider"))
        case .hangs:
            var dice = settings.faults.dice(for: call, "hang")
            if dice.strikes(perMille: 500) { _ = act(&self, nil) }
            answer = .failure(noAnswer)
        case let fault: answer = act(&self, fault)
        }
        if case .failure(.outcomeUnknown) = answer {
            unanswered.insert(call)
        } else {
            unanswered.remove(call)
        }
        advance(to: now)
        return answer
    }

    var noAnswer: CloudError {
        let span = settings.hangSpan.rawValue
        return .outcomeUnknown("no answer within \(span % 1000 == 0 ? "\(span / 1000) s" : "\(span) ms")")
    }

    func latency(of call: CloudFault.Call) -> Millis {
        if unanswered.contains(call) { return settings.hangSpan }
        var dice = settings.faults.dice(for: call, "latency")
        return Millis(
            dice.draw(settings.latency.lowerBound.rawValue...settings.latency.upperBound.rawValue))
    }

    // MARK: - Time

    /// Entries that have become void are thrown away on the way.
    mutating func nextEvent() -> Moment? {
        while let entry = agenda.first {
            if isDue(entry) { return entry.at }
            agenda.removeFirst()
        }
        return nil
    }

    /// Everything that is due by then, in order of time; at one instant in the order of creation.
    mutating func advance(to moment: Moment) {
        while let entry = agenda.first, entry.at <= max(now, moment) {
            agenda.removeFirst()
            guard isDue(entry) else { continue }
            now = max(now, entry.at)
            switch entry.kind {
            case .agentStarts: startAgent(entry.machine)
            case .machineEnds: finish(entry.machine)
            case .agentEnds: endAgent(entry.machine)
            case .stockOutEnds: stockOuts.removeAll { $0.until <= now }
            }
        }
        now = max(now, moment)
        while let change = priceChanges.last, change.from <= now {
            priceChanges.removeLast()
            if let place = catalogue.firstIndex(where: { $0.isSameWay(as: change.offering) }) {
                let available = catalogue[place].available
                catalogue[place] = change.offering
                // A word about the price is none about how many there are.
                if change.offering.available == nil { catalogue[place].available = available }
            } else {
                catalogue.append(change.offering)
            }
        }
    }

    private func isDue(_ entry: MemoryAgenda.Entry) -> Bool {
        switch entry.kind {
        case .agentStarts:
            machines[entry.machine].agentStarts == entry.at && !machines[entry.machine].agentAlive
        case .machineEnds:
            machines[entry.machine].ends == entry.at && machines[entry.machine].terminatedAt == nil
        case .agentEnds: machines[entry.machine].agentEnds == entry.at
        case .stockOutEnds: true
        }
    }

    // MARK: - Machines

    mutating func append(_ machine: MemoryCloud.Machine) {
        let place = machines.count
        machines.append(machine)
        live.insert(place)
        peakMachines = max(peakMachines, live.sorted.count)
        liveByType[machine.instance.offering.nodeType, default: 0] += 1
        liveByWay[MemoryWay(machine.instance.offering), default: 0] += 1
        listed[machine.instance.cluster, default: []].append(place)
        byID[machine.instance.id] = place
        byToken[machine.instance.token, default: []].append(place)
        if lives(of: machine.instance.token).count == 2 { twinnedTokens.append(machine.instance.token) }
        if let starts = machine.agentStarts {
            agenda.insert(.init(at: starts, machine: place, kind: .agentStarts))
        }
    }

    /// The id of the machine that has been terminated longest, if it was so long ago; it is given out once.
    mutating func takeFreeID(terminatedFor span: Millis) -> String? {
        guard let place = freeIDs.first, machines[place].isTerminated(for: span, at: now),
            !machines[place].agentAlive
        else { return nil }
        freeIDs.removeFirst()
        return machines[place].instance.id
    }

    /// Changes one machine, and puts on the agenda what has become due at another instant.
    mutating func update(_ place: Int, _ change: (inout MemoryCloud.Machine) -> Void) {
        let old = machines[place]
        change(&machines[place])
        let new = machines[place]
        let fates: [(MemoryAgenda.Kind, Moment?, Moment?)] = [
            (.agentStarts, old.agentStarts, new.agentStarts), (.machineEnds, old.ends, new.ends),
            (.agentEnds, old.agentEnds, new.agentEnds),
        ]
        for (kind, before, after) in fates where before != after {
            if let after { agenda.insert(.init(at: after, machine: place, kind: kind)) }
        }
    }

    private mutating func startAgent(_ place: Int) {
        machines[place].agentAlive = true
        agents.insert(place)
        if machines[place].instance.state == .pending { machines[place].instance.state = .running }
        events.append(.booted(machines[place]))
    }

    private mutating func finish(_ place: Int) {
        guard machines[place].terminatedAt == nil else { return }
        let (now, unixMs) = (now, settings.unixMsAtStart + now.ms)
        update(place) { machine in
            machine.terminatedAt = now
            machine.instance.state = .terminated
            machine.instance.endedUnixMs = unixMs
            if machine.lie?.until == nil { machine.lie = nil }
        }
        let instance = machines[place].instance
        liveByType[instance.offering.nodeType, default: 0] -= 1
        liveByWay[MemoryWay(instance.offering), default: 0] -= 1
        live.remove(place)
        ledger.add(now - machines[place].createdAt, of: instance.offering)
        freeIDs.append(place)
        if machines[place].agentEnds.map({ $0 <= now }) ?? true { endAgent(place) }
    }

    private mutating func endAgent(_ place: Int) {
        if machines[place].agentAlive {
            agents.remove(place)
        } else {
            machines[place].agentStarts = nil
        }
        machines[place].agentAlive = false
        machines[place].agentEnds = nil
        events.append(.ended(machines[place]))
    }

    mutating func lose(_ id: String) {
        guard let place = place(of: id) else { return }
        let outlived = machines[place].terminatedAt != nil && machines[place].agentEnds != nil
        machines[place].agentEnds = nil
        if outlived { endAgent(place) } else { finish(place) }
    }
}

/// One way to buy a type: its place and its capacity class.
struct MemoryWay: Hashable, Sendable {
    private var nodeType: String
    private var zone: String
    private var capacityType: String

    init(_ offering: Offering) {
        nodeType = offering.nodeType
        zone = offering.zone
        capacityType = offering.capacityType
    }
}
