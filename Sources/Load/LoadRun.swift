import Synchronization

/// One run of a plan: sends, counts, reports. Used once.
///
/// All tasks live inside `run`; when it returns, none is left and every connection is closed. Cancelling the
/// task that runs it ends the run at once, with a report of what was done until then.
package final class LoadRun: Sendable {
    private let plan: LoadPlan
    private let state: Mutex<State>
    private let work: AsyncStream<Work>
    private let workEntry: AsyncStream<Work>.Continuation
    private let ending: AsyncStream<Void>
    private let endingEntry: AsyncStream<Void>.Continuation

    /// A user whose exchange broke (not: got a bad answer) waits this long before the next, so that a server
    /// that is down is not hammered by its refusals.
    package static let pauseAfterBroken = Duration.milliseconds(100)

    private enum Work: Sendable {
        case user(Int)
        case arrival(Arrivals.Arrival)
    }

    private struct State {
        var ledger = LoadLedger()
        var started: ContinuousClock.Instant?
        var isEnding = false
        /// Users with a lower index shall go on; the others leave when their exchange has ended.
        var wanted = 0
        var present: Set<Int> = []
        var inFlight = 0
        /// Arrivals that have a place, and the one waiting for it.
        var places = 0
        var waiting: CheckedContinuation<Void, Never>?

        var now: Int64 { started.map { $0.duration(to: .now).inMicroseconds } ?? 0 }
    }

    package init(plan: LoadPlan) {
        self.plan = plan
        state = Mutex(State())
        (work, workEntry) = AsyncStream.makeStream(of: Work.self)
        (ending, endingEntry) = AsyncStream.makeStream(of: Void.self)
    }

    /// Carries out the plan. `onTick` is called once a second and once at the end, never twice at a time.
    /// - Throws: `LoadPlanProblem` before anything is sent.
    package func run(onTick: @escaping @Sendable (LoadTick) -> Void) async throws -> LoadReport {
        try plan.check()
        let start = ContinuousClock.now
        let isFirst = state.withLock { state in
            defer { state.started = state.started ?? start }
            return state.started == nil
        }
        guard isFirst else { throw LoadPlanProblem(description: "run: a LoadRun runs once: make another") }
        let exchange = Exchange(plan)
        await withTaskGroup { group in
            group.addTask { await self.tick(from: start, onTick) }
            await self.carryOut(exchange)
            group.cancelAll()
        }
        onTick(takeTick())
        let report = state.withLock { $0.ledger.report(at: $0.now) }
        try await exchange.close()
        return report
    }

    /// Closed loops: from now on so many users, at most `LoadPlan.usersMax`; begins a stage of the report.
    /// Users beyond it end their exchange first.
    package func setUsers(_ users: Int) {
        let users = min(max(0, users), LoadPlan.usersMax)
        let joining: [Int] = state.withLock { state in
            guard !state.isEnding else { return [] }
            state.wanted = users
            state.ledger.beginStage(users: users, perSecond: nil, at: state.now)
            let joining = (0..<users).filter { !state.present.contains($0) }
            state.present.formUnion(joining)
            return joining
        }
        for user in joining { workEntry.yield(.user(user)) }
    }

    /// Nothing more is begun; `run` returns when what is in flight has ended.
    package func stop() {
        beginNothingMore()
        endingEntry.finish()
    }

    private func beginNothingMore() {
        state.withLock { state in
            state.isEnding = true
            state.wanted = 0
        }
    }

    private func takeTick() -> LoadTick {
        state.withLock { state in
            let users = if case .open = plan.shape { state.inFlight } else { state.wanted }
            return state.ledger.tick(users: users, inFlight: state.inFlight, at: state.now)
        }
    }

    private func tick(from start: ContinuousClock.Instant, _ onTick: @Sendable (LoadTick) -> Void) async {
        var next = start + .seconds(1)
        while (try? await ContinuousClock().sleep(until: next)) != nil {
            onTick(takeTick())
            next += .seconds(1)
        }
    }

    /// Follows the plan to its end, or until `stop`, while the work it makes is done.
    private func carryOut(_ exchange: Exchange) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await withTaskGroup { race in
                    race.addTask { for await _ in self.ending {} }
                    race.addTask { await self.followPlan() }
                    await race.next()
                    race.cancelAll()
                }
                self.beginNothingMore()
                self.workEntry.finish()
            }
            for await item in self.work {
                switch item {
                case .user(let user): group.addTask { await self.live(user, exchange) }
                case .arrival(let arrival): group.addTask { await self.serve(arrival, exchange) }
                }
            }
        }
    }

    private func followPlan() async {
        switch plan.shape {
        case .steered:
            // Ends by `stop`, which cancels this.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        case .closed(let stages):
            for stage in stages {
                setUsers(stage.users)
                do { try await Task.sleep(for: .seconds(stage.seconds)) } catch { return }
            }
        case .open(let stages, let spacing):
            await sendArrivals(stages, spacing)
        }
    }
}

// MARK: - Closed loop

extension LoadRun {
    private func live(_ user: Int, _ exchange: Exchange) async {
        while let (stage, begun) = beginAsUser(user) {
            let outcome = await exchange.perform()
            end(outcome, stage: stage, from: begun)
            if case .broken = outcome { try? await Task.sleep(for: Self.pauseAfterBroken) }
        }
    }

    /// Nil, and the user is gone, when it is no longer wanted.
    private func beginAsUser(_ user: Int) -> (stage: Int, begun: Int64)? {
        state.withLock { state in
            guard user < state.wanted, !Task.isCancelled, let stage = state.ledger.currentStage else {
                state.present.remove(user)
                return nil
            }
            let now = state.now
            state.inFlight += 1
            state.ledger.exchangeBegan(stage: stage, at: now)
            return (stage, now)
        }
    }

    private func end(_ outcome: ExchangeOutcome, stage: Int, from begun: Int64) {
        state.withLock { state in
            let now = state.now
            state.inFlight -= 1
            state.ledger.exchangeEnded(outcome, stage: stage, latency: now - begun, at: now)
        }
    }
}

// MARK: - Open loop

extension LoadRun {
    private func sendArrivals(_ stages: [RateStage], _ spacing: ArrivalSpacing) async {
        guard let start = state.withLock({ $0.started }) else { return }
        var begunStages = 0
        var stageStart = start
        for arrival in Arrivals(stages, spacing: spacing, seed: plan.seed) {
            while begunStages <= arrival.stage {
                guard await begin(stages[begunStages], at: stageStart) else { return }
                stageStart += .seconds(stages[begunStages].seconds)
                begunStages += 1
            }
            let instant = start + .microseconds(arrival.atMicros)
            do { try await ContinuousClock().sleep(until: instant) } catch { return }
            await takePlace()
            guard !Task.isCancelled, !state.withLock(\.isEnding) else { return }
            workEntry.yield(.arrival(arrival))
        }
        for stage in stages.dropFirst(begunStages) {
            guard await begin(stage, at: stageStart) else { return }
            stageStart += .seconds(stage.seconds)
        }
        try? await ContinuousClock().sleep(until: stageStart)
    }

    /// False when the run ends before.
    private func begin(_ stage: RateStage, at instant: ContinuousClock.Instant) async -> Bool {
        do { try await ContinuousClock().sleep(until: instant) } catch { return false }
        state.withLock { $0.ledger.beginStage(users: nil, perSecond: stage.perSecond, at: $0.now) }
        return true
    }

    /// Latency counts from the moment the request should have begun: a server that stalls is charged for all
    /// the requests that its stall kept waiting (Tene, "How NOT to Measure Latency").
    private func serve(_ arrival: Arrivals.Arrival, _ exchange: Exchange) async {
        let now = state.withLock { state in
            state.inFlight += 1
            state.ledger.exchangeBegan(stage: arrival.stage, at: state.now)
            return state.now
        }
        let late = Duration.microseconds(now - arrival.atMicros)
        let outcome =
            late < plan.timeout
            ? await exchange.perform()
            : .broken(
                reason: "not_sent",
                example: "\(plan.inFlightMax) requests were in flight for \(late), longer than the timeout")
        end(outcome, stage: arrival.stage, from: arrival.atMicros)
        givePlace()
    }

    /// Waits until fewer than `inFlightMax` arrivals are being served, or until the run ends. Only one waits
    /// at a time.
    private func takePlace() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    guard state.places >= plan.inFlightMax, !Task.isCancelled else {
                        state.places += 1
                        return true
                    }
                    state.waiting = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            givePlace()
        }
    }

    private func givePlace() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            if state.waiting == nil { state.places -= 1 }
            return state.waiting
        }
        waiting?.resume()
    }
}

extension Duration {
    /// Whole microseconds, rounded down.
    fileprivate var inMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
