import CPlatform
import Link
import Logging
import Model
import NIOCore
import Routing
import Wire

/// What wakes the sync.
enum SyncEvent: Sendable {
    /// Something must be reported at once.
    case ring
    /// A load bucket is due.
    case tick
    case answered(call: Int64, ProxySyncAnswer, after: MicroTime)
    case failed(call: Int64, any Error)
    /// The pause after a call is over.
    case again(call: Int64)
}

/// The one conversation with the serve tier: always one call pending, each with the whole truth. A newer
/// report goes out in a new call, and the old one is let go: the tier answers it empty.
struct SyncLoop {
    private let plane: Plane
    private let settings: IngressSettings
    private let incarnation: String
    private let port: Int
    private let sync: @Sendable (ProxySyncRequest) async throws -> ProxySyncAnswer
    private let applied: @Sendable ([ReplicaSlot]) -> Void
    private let file: RouteFile
    private let log: Logger
    private var logs = LoadLogs(spansMax: DeploymentLoad.bucketsMax)
    private var call: Int64 = 0
    private var calling: Task<Void, Never>?
    private var ticking: Task<Void, Never>?
    private var resting: Task<Void, Never>?
    private var isResting: Bool { resting != nil }
    private var backoff = Backoff(first: LongPoll.pauseFirst, max: LongPoll.pauseMax)
    private var isFailing = false
    private var dice: SplitMix
    private var spoken = SpokenVersion()

    /// The two ends, as refusals of a version name them.
    static let tier = "the serve tier"
    static let me = "this proxy"

    /// - Parameter applied: told the replicas that left a route.
    init(
        plane: Plane, settings: IngressSettings, port: Int, file: RouteFile, log: Logger, dice: SplitMix,
        sync: @escaping @Sendable (ProxySyncRequest) async throws -> ProxySyncAnswer,
        applied: @escaping @Sendable ([ReplicaSlot]) -> Void
    ) {
        self.plane = plane
        self.settings = settings
        self.port = port
        self.file = file
        self.log = log
        self.dice = dice
        self.sync = sync
        self.applied = applied
        var system = SystemRandomNumberGenerator()
        incarnation = RequestID.make(using: &system)
    }

    /// Until the task is cancelled.
    mutating func run() async {
        defer {
            calling?.cancel()
            ticking?.cancel()
            resting?.cancel()
        }
        send()
        for await event in plane.bell.events {
            switch event {
            case .ring:
                plane.bell.answered()
                if !isResting { send() }
            case .tick:
                if closeBuckets(), !isResting { send() } else { startTick() }
            case .answered(let call, let answer, let begun): take(answer, of: call, begun: begun)
            case .failed(let call, let why): failed(call, why)
            case .again(let call):
                resting = nil
                if call == self.call { send() }
            }
        }
    }

    // MARK: - Calls

    private mutating func send() {
        calling?.cancel()
        call += 1
        _ = closeBuckets()
        let request = report()
        let (call, sync, events) = (call, sync, plane.bell.continuation)
        let begun = Now.micros
        calling = Task {
            do {
                let answer = try await sync(request)
                events.yield(.answered(call: call, answer, after: begun))
            } catch {
                events.yield(.failed(call: call, error))
            }
        }
        startTick()
    }

    private mutating func take(_ answer: ProxySyncAnswer, of call: Int64, begun: MicroTime) {
        if let refusal = WireVersion.refusal(answer.wireVersion, of: Self.tier, by: Self.me) {
            return failed(call, refusal)
        }
        plane.noteAnswer()
        var hasNews = false
        for load in answer.acknowledged {
            let forgot = logs.acknowledge(load.deployment, load.sequence)
            hasNews = hasNews || forgot > 0
        }
        let (changed, closed) = plane.apply(answer.routes.map { Route($0) }, removed: answer.removed)
        if changed {
            keep()
            applied(closed)
        }
        guard call == self.call else {
            if changed, !isResting { send() }
            return
        }
        if isFailing { log.info("the serve tier answers again") }
        isFailing = false
        backoff.reset()
        let wasQuick = Now.micros - begun < LongPoll.emptyPause.micros
        if wasQuick, !changed, !hasNews { rest(LongPoll.emptyPause) } else { send() }
    }

    private mutating func failed(_ call: Int64, _ why: any Error) {
        guard call == self.call else { return }
        if !Self.isVersionRefusal(why) {
            spoken.reset()
        } else if spoken.refused() {
            return send()  // once more at once, in an older version
        }
        if !isFailing { log.warning("sync failed, routing goes on: \(why)") }
        isFailing = true
        rest(backoff.next(using: &dice))
    }

    /// The tier does not understand us, or answered in a version that is not understood here.
    private static func isVersionRefusal(_ error: any Error) -> Bool {
        ((error as? LinkError)?.problem ?? error as? Problem)?.code == Problem.version
    }

    private mutating func rest(_ pause: Millis) {
        resting?.cancel()
        let (call, events) = (call, plane.bell.continuation)
        resting = Task {
            try? await Task.sleep(for: .milliseconds(pause.rawValue))
            if !Task.isCancelled { events.yield(.again(call: call)) }
        }
    }

    private func keep() {
        do {
            try file.save(plane.routes, removed: plane.removed)
        } catch {
            log.warning("routes are not kept for a restart: \(error)")
        }
    }

    // MARK: - Load

    private func report() -> ProxySyncRequest {
        let now = Now.micros
        let loads = plane.gates.map { gate, _ in
            let reading = gate.ledger.read(at: now)
            return DeploymentLoad(
                deployment: gate.deployment, ongoing: reading.ongoing, queued: reading.queued,
                buckets: logs.spans(of: gate.deployment).map { $0.wire(at: now) })
        }
        var request = ProxySyncRequest(
            incarnation: incarnation, host: settings.host, port: port,
            applied: plane.routes.map { AppliedRoute(deployment: $0.deployment, fence: $0.fence) },
            load: loads, busy: plane.busy.map { BusyReplica(replica: $0.replica, ongoing: $0.ongoing) })
        request.sent = Millis(tandem_boot_millis())
        request.wireVersion = spoken.version
        return request
    }

    /// Closes every bucket that is due.
    /// - Returns: whether there was one.
    private mutating func closeBuckets() -> Bool {
        let closed = logs.close(plane.gates, now: Now.micros)
        plane.noteDropped(closed.dropped)
        return closed.any
    }

    /// Sets the alarm for the bucket that is due next.
    private mutating func startTick() {
        ticking?.cancel()
        ticking = nil
        let next = plane.gates.compactMap { logs.due($0.gate.deployment, $0.interval) }.min()
        guard let next else { return }
        let wait = max(1_000, next - Now.micros)
        let events = plane.bell.continuation
        ticking = Task {
            try? await Task.sleep(for: .microseconds(wait))
            if !Task.isCancelled { events.yield(.tick) }
        }
    }
}
