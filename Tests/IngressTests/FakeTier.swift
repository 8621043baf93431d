import Model
import Synchronization
import Wire

/// A serve tier in memory: hands out routes by long poll, acknowledges load, remembers what it was told.
final class FakeTier: Sendable {
    struct Away: Error {}

    private struct State {
        var routes: [DeploymentRoute] = []
        var removed: [AppliedRoute] = []
        var requests: [ProxySyncRequest] = []
        var buckets: [DeploymentID: [Int64: LoadBucket]] = [:]
        var isAway = false
        /// Versions it understands.
        var speaks = WireVersion.oldest...WireVersion.current
        /// Set: it answers in this version, whatever it was asked in.
        var answersIn: Int?
        var nextCall = 0
        var polls: [Int: (ProxySyncRequest, CheckedContinuation<ProxySyncAnswer, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var watchers: [(@Sendable (ProxySyncRequest) -> Bool, CheckedContinuation<ProxySyncRequest, Never>)] =
            []
    }

    private let state = Mutex(State())

    // MARK: - The proxy's side

    @Sendable func sync(_ request: ProxySyncRequest) async throws -> ProxySyncAnswer {
        let call = state.withLock { state in
            state.nextCall += 1
            return state.nextCall
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                heard(request, call, continuation)
            }
        } onCancel: {
            let poll = state.withLock { state in
                state.cancelled.insert(call)
                return state.polls.removeValue(forKey: call)
            }
            poll?.1.resume(throwing: CancellationError())
        }
    }

    private func heard(
        _ request: ProxySyncRequest, _ call: Int,
        _ continuation: CheckedContinuation<ProxySyncAnswer, any Error>
    ) {
        let (result, watchers) = state.withLock { state in
            if state.isAway { return (Result<ProxySyncAnswer, any Error>.failure(Away()), []) as Heard }
            state.requests.append(request)
            for load in request.load {
                for bucket in load.buckets {
                    state.buckets[load.deployment, default: [:]][bucket.sequence] = bucket
                }
            }
            let matching = state.watchers.filter { $0.0(request) }.map(\.1)
            state.watchers.removeAll { $0.0(request) }
            if state.cancelled.contains(call) { return (.failure(CancellationError()), matching) }
            if !state.speaks.contains(request.wireVersion) {
                return (.failure(Problem(code: "version", message: "update one of us")), matching)
            }
            if let answer = Self.answer(to: request, state) { return (.success(answer), matching) }
            state.polls[call] = (request, continuation)
            return (nil, matching)
        }
        for watcher in watchers { watcher.resume(returning: request) }
        if let result { continuation.resume(with: result) }
    }
    private typealias Heard = (
        Result<ProxySyncAnswer, any Error>?, [CheckedContinuation<ProxySyncRequest, Never>]
    )

    private static func answer(to request: ProxySyncRequest, _ state: State) -> ProxySyncAnswer? {
        let routes = state.routes.filter { route in
            !request.applied.contains { $0.deployment == route.deployment && $0.fence >= route.fence }
        }
        let removed = state.removed.filter { gone in
            request.applied.contains { $0.deployment == gone.deployment && $0.fence < gone.fence }
        }
        let acknowledged = request.load.compactMap { load in
            load.buckets.last.map { AcknowledgedLoad(deployment: load.deployment, sequence: $0.sequence) }
        }
        guard !routes.isEmpty || !removed.isEmpty || !acknowledged.isEmpty else { return nil }
        var answer = ProxySyncAnswer(routes: routes, removed: removed, acknowledged: acknowledged)
        answer.wireVersion = state.answersIn ?? request.wireVersion
        return answer
    }

    // MARK: - The test's side

    func publish(_ routes: DeploymentRoute...) {
        change { state in
            for route in routes {
                state.routes.removeAll { $0.deployment == route.deployment }
                state.routes.append(route)
            }
        }
    }

    func remove(_ deployment: DeploymentID, fence: Fence) {
        change { state in
            state.routes.removeAll { $0.deployment == deployment }
            state.removed.append(AppliedRoute(deployment: deployment, fence: fence))
        }
    }

    /// As after an update: pending calls fail, and from now on it speaks these versions.
    func restart(speaking versions: ClosedRange<Int>, answeringIn version: Int? = nil) {
        goAway()
        state.withLock {
            $0.speaks = versions
            $0.answersIn = version
        }
        goAway(false)
    }

    /// Pending calls fail, and so does every other until it is back.
    func goAway(_ away: Bool = true) {
        let polls = state.withLock { state in
            state.isAway = away
            defer { if away { state.polls = [:] } }
            return away ? Array(state.polls.values) : []
        }
        for poll in polls { poll.1.resume(throwing: Away()) }
    }

    private func change(_ body: (inout State) -> Void) {
        let answered = state.withLock { state in
            body(&state)
            var answered: [(CheckedContinuation<ProxySyncAnswer, any Error>, ProxySyncAnswer)] = []
            for (call, poll) in state.polls {
                guard let answer = Self.answer(to: poll.0, state) else { continue }
                state.polls.removeValue(forKey: call)
                answered.append((poll.1, answer))
            }
            return answered
        }
        for (continuation, answer) in answered { continuation.resume(returning: answer) }
    }

    /// The next report, or one heard already after `index`, for which this is true.
    func report(
        after index: Int = 0, where matches: @escaping @Sendable (ProxySyncRequest) -> Bool
    ) async -> ProxySyncRequest {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                let known = state.requests.dropFirst(index).first(where: matches)
                if known == nil { state.watchers.append((matches, continuation)) }
                return known
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    var reportCount: Int { state.withLock { $0.requests.count } }

    func buckets(_ deployment: DeploymentID) -> [LoadBucket] {
        state.withLock { ($0.buckets[deployment] ?? [:]).values.sorted { $0.sequence < $1.sequence } }
    }
}
