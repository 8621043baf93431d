import Cloud
import Model
import NodeTier

/// The provider: a cloud in memory with a truth and a bill of its own, and the way there and back.
final class ProviderHost {
    private(set) var cloud: MemoryCloud
    private let settings: MemoryCloud.Settings
    private var alarmAt: Int64?
    private var numbers: [String: MachineHost] = [:]
    private let seed: UInt64

    /// As the real adapter: a call that is not answered by then has an unknown outcome.
    static let deadline: Int64 = 30_000_000

    init(_ plan: WorldPlan) {
        var settings = MemoryCloud.Settings(offerings: plan.cloud.offerings)
        settings.capacity = plan.cloud.capacity
        settings.bootDelay = plan.cloud.bootDelay
        settings.listLag = plan.cloud.listLag
        settings.stopDelay = plan.cloud.stopDelay
        settings.remembersTerminated = plan.cloud.remembersTerminated
        settings.stockOuts = plan.cloud.stockOuts + plan.script.compactMap(\.stockOut)
        settings.latency =
            Millis(plan.cloud.callTime.rawValue / 2)...Millis(plan.cloud.callTime.rawValue * 3 / 2)
        settings.hangSpan = Millis(Self.deadline / 1000)
        settings.faults = FaultPlan(rates: plan.faults.cloudRates, seed: plan.seed)
        self.settings = settings
        seed = plan.seed
        cloud = MemoryCloud(settings)
    }

    var microdollars: Int64 { cloud.bill.microdollars }
    var made: Int { cloud.machinesMade }

    func begin(_ world: World) {}

    /// The provider's truth: what is paid for, in the order of creation.
    var machines: [MemoryCloud.Machine] { cloud.liveMachines }

    /// A call sets out; `answered` hears what came of it, once.
    func receive(
        _ call: ProviderCall, cluster: String, _ world: World,
        _ answered: @escaping (World, ProviderAnswer) -> Void
    ) {
        world.report.calls[CloudFault.Call(call), default: 0] += 1
        let isCut = world.network.isCut(.nodes, .provider, at: world.now)
        guard !isCut else {
            return world.after(Self.deadline) {
                answered($0, .failed(call, .outcomeUnknown("no answer in 30 s")))
            }
        }
        if world.boundaries.strikes(.call, world) {
            return world.after(Network.usual) { answered($0, .failed(call, .unavailable("no connection"))) }
        }
        world.after(Network.usual) { world in
            var answer = world.provider.perform(call, cluster: cluster, world)
            // What is refused is refused twice: the caller hears one answer, and must not be told the wrong one.
            if world.plan.torment == .everythingTwice, !answer.isRefusal {
                _ = world.provider.perform(call, cluster: cluster, world)
            }
            if world.boundaries.strikes(.callReply, world) {
                answer = .failed(call, .outcomeUnknown("the answer was lost"))
            }
            let span = world.provider.cloud.latency(of: CloudFault.Call(call)).micros
            let isCut = world.network.isCut(.provider, .nodes, at: world.now)
            let sent = isCut ? .failed(call, .outcomeUnknown("no answer in 30 s")) : answer
            world.after(isCut ? Self.deadline : span) { answered($0, sent) }
        }
    }

    private func perform(
        _ call: ProviderCall, cluster: String, _ world: World
    ) -> ProviderAnswer {
        cloud.advance(to: Moment(world.now / 1000))
        let answer: ProviderAnswer =
            switch call {
            case .offerings: .offerings(cloud.offeringsNow())
            case .list: .list(cloud.listNow(cluster: cluster))
            case .create(let request): .create(request.node, cloud.createNow(request))
            case .terminate(let node, let instance): .terminate(node, cloud.terminateNow(instance: instance))
            }
        world.say(Self.words(call, answer))
        world.checks.performed(call, answer, world)
        passOn(world)
        return answer
    }

    private static func words(_ call: ProviderCall, _ answer: ProviderAnswer) -> String {
        switch (call, answer) {
        case (.create(let request), .create(_, .success(let instance))):
            "provider: create \(request.node) is \(instance.id)"
        case (.create(let request), .create(_, .failure(let error))):
            "provider: create \(request.node) fails: \(error)"
        case (.terminate(let node, let instance), .terminate(_, let error)):
            "provider: terminate \(node) \(instance)\(error.map { ": \($0)" } ?? "")"
        case (.list, .list(.success(let list))): "provider: list of \(list.count)"
        case (.list, .list(.failure(let error))): "provider: list fails: \(error)"
        default: "provider: offerings"
        }
    }

    /// Machines begin and end.
    func passOn(_ world: World) {
        for event in cloud.takeEvents() {
            switch event {
            case .booted(let machine): boot(machine, world)
            case .ended(let machine): numbers[machine.key]?.vanish(world)
            }
        }
        world.truth.changed(world)
        setAlarm(world)
    }

    private func boot(_ machine: MemoryCloud.Machine, _ world: World) {
        let type = world.plan.cluster.nodeTypes.first { $0.name == machine.instance.offering.nodeType }
        let host = MachineHost(
            number: world.machines.count + (world.plan.cluster.provider == nil ? 0 : 1),
            instance: machine.instance.id, node: machine.instance.node,
            resources: type?.resources ?? Resources(),
            ports: machine.join.ports, seed: seed)
        numbers[machine.key] = host
        world.add(host)
        host.startAgent(world)
    }

    private func setAlarm(_ world: World) {
        guard let next = cloud.nextEvent else { return }
        let due = max(next.ms * 1000, world.now)
        if let alarmAt, alarmAt <= due, alarmAt > world.now { return }
        alarmAt = due
        world.at(due) { world in
            guard world.provider.alarmAt == due else { return }
            world.provider.alarmAt = nil
            world.provider.cloud.advance(to: Moment(world.now / 1000))
            world.provider.passOn(world)
        }
    }

    // MARK: - What befalls it

    func lose(_ instance: String, _ world: World) {
        cloud.advance(to: Moment(world.now / 1000))
        cloud.lose(instance: instance)
        passOn(world)
    }

    func preempt(_ instance: String, in span: Millis, _ world: World) {
        cloud.advance(to: Moment(world.now / 1000))
        cloud.preempt(instance: instance, in: span)
        passOn(world)
    }

    func inject(_ fault: CloudFault, times: Int) { for _ in 0..<times { cloud.inject(fault) } }

    func heal() { cloud.heal() }
}

extension MemoryCloud.Machine {
    /// No two machines have one, whatever ids a provider gives out again.
    fileprivate var key: String { "\(instance.id)/\(createdAt.ms)/\(instance.token)" }
}

extension Deed {
    /// When the provider has nothing of a type.
    fileprivate var stockOut: MemoryCloud.Episode? {
        guard case .stockOut(let type, let span) = kind else { return nil }
        return MemoryCloud.Episode(
            nodeType: type, from: Moment(at.rawValue), until: Moment((at + span).rawValue))
    }
}

extension CloudFault.Call {
    init(_ call: ProviderCall) {
        switch call {
        case .offerings: self = .offerings
        case .list: self = .list
        case .create: self = .create
        case .terminate: self = .terminate
        }
    }
}

extension ProviderAnswer {
    static func failed(_ call: ProviderCall, _ error: CloudError) -> ProviderAnswer {
        switch call {
        case .offerings: .offerings(.failure(error))
        case .list: .list(.failure(error))
        case .create(let request): .create(request.node, .failure(error))
        case .terminate(let node, _): .terminate(node, error)
        }
    }

    fileprivate static func terminate(_ node: NodeID, _ result: Result<Void, CloudError>) -> ProviderAnswer {
        switch result {
        case .success: .terminate(node, nil)
        case .failure(let error): .terminate(node, error)
        }
    }
}

extension ProviderAnswer {
    /// Of a machine that was asked for.
    fileprivate var isRefusal: Bool {
        if case .create(_, .failure) = self { true } else { false }
    }
}
