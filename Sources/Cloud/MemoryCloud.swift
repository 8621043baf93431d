public import Model
import Synchronization

/// A provider in memory for tests and simulations: keeps every promise of `CloudProvider`, except where a
/// named fault is asked for. It has no clock of its own: `advance` moves its time. Calls take effect in the
/// order in which they arrive.
public final class MemoryCloud: CloudProvider {
    /// What the cloud offers and how it behaves.
    public struct Settings: Sendable {
        /// What it sells.
        public var offerings: [Offering]
        /// Machines there are of a type; a type not named has as many as are asked.
        public var capacity: [String: Int] = [:]
        /// From `create` to the start of the agent.
        public var bootDelay = Millis.zero
        /// A new machine is missing from lists for this long.
        public var listLag = Millis.zero
        /// From `terminate` to terminated.
        public var stopDelay = Millis.zero
        /// A terminated machine stays in lists for this long.
        public var remembersTerminated = Millis.seconds(300)
        /// What goes wrong, and how often.
        public var faults = FaultPlan()

        public init(offerings: [Offering]) { self.offerings = offerings }
    }

    /// The truth about one machine, which `list` may hide.
    public struct Machine: Hashable, Sendable {
        public var instance: Instance
        public var join: Join
        public var createdAt: Moment
        /// Nil: never.
        public var bootsAt: Moment?
        public var stopsAt: Moment?
        public var terminatedAt: Moment?
        public var preemptedAt: Moment?
    }

    private let state: Mutex<MemoryCloudState>
    private let boot: @Sendable (Machine) -> Void
    private let end: @Sendable (Machine) -> Void

    /// - Parameter boot: the machine runs from now: start its agent.
    /// - Parameter end: the machine is gone: end its agent and all it ran.
    public init(
        _ settings: Settings, boot: @escaping @Sendable (Machine) -> Void = { _ in },
        end: @escaping @Sendable (Machine) -> Void = { _ in }
    ) {
        state = Mutex(MemoryCloudState(settings: settings))
        self.boot = boot
        self.end = end
    }

    public func offerings() async throws(CloudError) -> [Offering] {
        try perform(.offerings) { state, fault throws(CloudError) in state.offerings() }
    }

    public func create(_ request: CreateRequest) async throws(CloudError) -> Instance {
        try perform(.create) { state, fault throws(CloudError) in try state.create(request, fault) }
    }

    public func list(cluster: String) async throws(CloudError) -> [Instance] {
        try perform(.list) { state, fault throws(CloudError) in try state.list(cluster: cluster, fault) }
    }

    public func terminate(instance: String) async throws(CloudError) {
        try perform(.terminate) { state, fault throws(CloudError) in try state.terminate(instance, fault) }
    }

    private func perform<Answer: Sendable>(
        _ call: CloudFault.Call,
        _ act: (inout MemoryCloudState, CloudFault?) throws(CloudError) -> Answer
    ) throws(CloudError) -> Answer {
        if Task.isCancelled { throw .outcomeUnknown("the call was cancelled") }
        let (result, events) = state.withLock { state in
            let fault = state.settings.faults.next(for: call)
            let result: Result<Answer, CloudError>
            do throws(CloudError) {
                try state.refuse(fault)
                result = .success(try act(&state, fault))
            } catch {
                result = .failure(error)
            }
            return (result, state.advance(to: state.now))
        }
        tell(events)
        return try result.get()
    }

    private func tell(_ events: [MemoryCloudState.Event]) {
        for event in events {
            switch event {
            case .booted(let machine): boot(machine)
            case .ended(let machine): end(machine)
            }
        }
    }
}

extension MemoryCloud {
    /// Its own time, which begins at 0.
    public var now: Moment { state.withLock { $0.now } }

    /// The truth, in the order of creation.
    public var machines: [Machine] { state.withLock { $0.machines } }

    /// Lets time pass: machines boot, stop, are preempted and forgotten.
    public func advance(by span: Millis) {
        tell(state.withLock { $0.advance(to: $0.now + span) })
    }

    /// The machine is lost at once, without a word.
    public func lose(instance: String) {
        tell(state.withLock { $0.lose(instance) })
    }

    /// Gives notice that the machine will be taken away.
    public func preempt(instance: String, in span: Millis) {
        state.withLock { $0.preempt(instance, in: span) }
    }

    /// The machine goes on, and is listed in this state from now on.
    public func show(instance: String, as shown: Instance.State) {
        state.withLock { $0.show(instance, as: shown) }
    }

    /// Adds to the script of faults.
    public func inject(_ faults: CloudFault...) {
        state.withLock { $0.settings.faults.append(faults) }
    }

    /// Ends all faults, scripted and diced.
    public func heal() {
        state.withLock { $0.settings.faults.clear() }
    }
}
