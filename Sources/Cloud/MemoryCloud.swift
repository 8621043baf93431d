public import Model
import Synchronization

/// A provider in memory for tests and simulations: keeps every promise of `CloudProvider`, except where a
/// named fault or a setting asks for the contrary. It has no clock of its own: `advance` moves its time.
/// Calls take effect in the order in which they arrive. The same settings and the same calls at the same
/// instants give the same answers.
public final class MemoryCloud: CloudProvider {
    /// What happens to machines by itself.
    package enum Event: Hashable, Sendable {
        /// The machine runs from now: start its agent.
        case booted(Machine)
        /// The machine is gone: end its agent and all it ran.
        case ended(Machine)
    }

    private let state: Mutex<MemoryCloudState>
    /// Nil: events are kept until they are taken.
    private let tell: (@Sendable (Event) -> Void)?

    /// Keeps its events for `takeEvents`.
    public init(_ settings: Settings) {
        state = Mutex(MemoryCloudState(settings: settings))
        tell = nil
    }

    /// - Parameter boot: the machine runs from now: start its agent.
    /// - Parameter end: the machine is gone: end its agent and all it ran.
    public init(
        _ settings: Settings, boot: @escaping @Sendable (Machine) -> Void = { _ in },
        end: @escaping @Sendable (Machine) -> Void = { _ in }
    ) {
        state = Mutex(MemoryCloudState(settings: settings))
        tell = { event in
            switch event {
            case .booted(let machine): boot(machine)
            case .ended(let machine): end(machine)
            }
        }
    }

    public func offerings() async throws(CloudError) -> [Offering] {
        try refuseWhenCancelled()
        return try offeringsNow().get()
    }

    public func create(_ request: CreateRequest) async throws(CloudError) -> Instance {
        try refuseWhenCancelled()
        return try createNow(request).get()
    }

    public func list(cluster: String) async throws(CloudError) -> [Instance] {
        try refuseWhenCancelled()
        return try listNow(cluster: cluster).get()
    }

    public func terminate(instance: String) async throws(CloudError) {
        try refuseWhenCancelled()
        try terminateNow(instance: instance).get()
    }

    private func refuseWhenCancelled() throws(CloudError) {
        if Task.isCancelled { throw .outcomeUnknown("the call was cancelled") }
    }

    private func change<Answer: Sendable>(_ act: (inout MemoryCloudState) -> Answer) -> Answer {
        let (answer, events) = state.withLock { state in
            let answer = act(&state)
            return (answer, tell == nil ? [] : state.takeEvents())
        }
        if let tell { events.forEach(tell) }
        return answer
    }

    func read<Answer: Sendable>(_ look: (MemoryCloudState) -> Answer) -> Answer {
        state.withLock { look($0) }
    }
}

/// The calls of `CloudProvider` without waiting, for virtual time: what the call does it does at once; when
/// the caller hears the answer is up to the caller, see `latency`.
extension MemoryCloud {
    package func offeringsNow() -> Result<[Offering], CloudError> {
        change { $0.perform(.offerings) { state, _ in .success(state.offerings()) } }
    }

    package func createNow(_ request: CreateRequest) -> Result<Instance, CloudError> {
        change { $0.perform(.create) { state, fault in state.create(request, fault) } }
    }

    package func listNow(cluster: String) -> Result<[Instance], CloudError> {
        change { $0.perform(.list) { state, fault in state.list(cluster: cluster, fault) } }
    }

    package func terminateNow(instance: String) -> Result<Void, CloudError> {
        change { $0.perform(.terminate) { state, fault in state.terminate(instance, fault) } }
    }

    /// How long the answer to the last call of this kind takes: `Settings.hangSpan` where it is
    /// `outcomeUnknown`, else of the range `Settings.latency`.
    package func latency(of call: CloudFault.Call) -> Millis { state.withLock { $0.latency(of: call) } }

    /// What has happened since the last look, in order. Always empty for a cloud that was made with
    /// callbacks.
    package func takeEvents() -> [Event] { tell == nil ? state.withLock { $0.takeEvents() } : [] }

    /// The next instant at which something happens by itself: a machine's agent starts or ends, a machine
    /// ends, a stock-out ends. Nil: nothing will. Costs nothing for machines that are gone.
    package var nextEvent: Moment? { state.withLock { $0.nextEvent() } }
}

extension MemoryCloud {
    /// Its own time, which begins at 0.
    public var now: Moment { state.withLock { $0.now } }

    /// The truth, in the order of creation, of all machines there ever were. Holding on to it across calls
    /// makes the next call copy it.
    public var machines: [Machine] { state.withLock { $0.machines } }

    /// Lets time pass: machines boot, stop, are preempted and forgotten.
    public func advance(by span: Millis) {
        change { $0.advance(to: $0.now + span) }
    }

    /// Lets time pass until then; an instant in the past is now.
    package func advance(to moment: Moment) {
        change { $0.advance(to: moment) }
    }

    /// The machine is lost at once, without a word.
    public func lose(instance: String) {
        change { $0.lose(instance) }
    }

    /// Gives notice that the machine will be taken away.
    public func preempt(instance: String, in span: Millis) {
        change { $0.preempt(instance, in: span) }
    }

    /// The machine goes on, and is listed in this state until it stops.
    public func show(instance: String, as shown: Instance.State) {
        change { $0.show(instance, as: shown) }
    }

    /// Adds to the script of faults.
    public func inject(_ faults: CloudFault...) {
        state.withLock { $0.settings.faults.append(faults) }
    }

    /// Ends all faults, scripted and diced. What they did stays: a machine that never boots still does not.
    public func heal() {
        state.withLock { $0.settings.faults.clear() }
    }
}
