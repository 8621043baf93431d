import Model
import Store

/// The process of a tier: steps when something was said to it, when the other tier has committed, when its wake has
/// come and once a second, as the real one does; can be stopped, killed and started again.
class TierHead {
    enum State: Equatable {
        case down
        case up
        /// Stopped by a signal: what arrives waits.
        case paused
    }

    let role: StoreRole
    /// 1: the one that is meant to be; 2: started by mistake.
    let number: Int
    private(set) var state = State.down
    /// Since when it has been up and not stopped, in microseconds.
    private(set) var ableSince: Int64 = 0
    private var pausedAt: Int64 = 0
    /// Why it could not open the database the last time.
    fileprivate var refusal = ""
    /// It does not start, for the database is not that of its cluster.
    private(set) var isInSafeMode = false
    /// Grows with each process; what was begun by an earlier one ends with it.
    private(set) var life = 0
    private(set) var store: Store?
    private var mail = false
    private var wake: Moment?
    private var stepped = Moment(Int64.min / 2)
    private var lookAt: Int64?
    /// When histories were last trimmed.
    private var upkept = Moment(Int64.min / 2)
    private var inbox: [(World) -> Void] = []
    private var trouble: Trouble?
    /// Wakes in a row at one instant that changed nothing.
    private var spins = 0
    /// It could not open the database and will try once more.
    private var isTryingAgain = false
    /// No restart by the supervisor of processes before then.
    private var downUntil: Int64 = 0

    static let upkeepEvery = Millis(60_000)
    /// From a commit to the other tier's doorbell.
    static let ringTakes: Int64 = 1_000
    /// From a letter to the step that reads it: letters of one moment are read together.
    static let letterTakes: Int64 = 200
    /// `up` starts a dead role again after this long.
    static let restartAfter: Int64 = 200_000
    /// A supervisor of processes starts again soon what cannot open its database; one that was started by mistake
    /// is seldom that persistent.
    static let tryAgainAfter: Int64 = 1_000_000
    static let strayTriesAgainAfter: Int64 = 10_000_000
    /// Steps at one instant that change nothing; more is a loop.
    static let spinsMax = 5

    init(role: StoreRole, number: Int) {
        self.role = role
        self.number = number
    }

    var party: Party { role == .serve ? .serve : .nodes }
    var isUp: Bool { state != .down }
    var name: String { number == 1 ? role.rawValue : "\(role.rawValue)(\(number))" }

    // MARK: - Life

    func start(_ world: World) {
        guard state == .down, downUntil <= world.now else { return }
        if world.isBeingMadeAnew { return tryAgain(world) }
        do {
            let uuid = world.madeUUID()
            let store = try Store.open(
                .shared(world.memory), role: role, clock: world.clock.store, pid: world.pid(),
                uuid: { uuid })
            self.store = store
            try open(store, world)
        } catch let error as StoreError {
            self.store = nil
            close()
            isInSafeMode = error.asksForSafeMode
            if !world.failed(self, toOpen: error) { tryAgain(world) }
            return
        } catch {
            return world.violate("open", "\(name) cannot start: \(error)")
        }
        state = .up
        isInSafeMode = false
        refusal = ""
        ableSince = world.now
        life += 1
        mail = true
        wake = nil
        lookAt = nil
        trouble = nil
        stepped = Moment(Int64.min / 2)
        upkept = stepped
        world.say("\(name) starts, epoch \(store?.epoch ?? 0)")
        look(world, in: 0)
    }

    private func tryAgain(_ world: World) {
        guard !isTryingAgain else { return }
        isTryingAgain = true
        world.after(number == 1 ? Self.tryAgainAfter : Self.strayTriesAgainAfter) {
            self.isTryingAgain = false
            self.start($0)
        }
    }

    /// Dies as by `kill -9`.
    func crash(_ world: World, _ why: String, downFor: Int64? = TierHead.restartAfter) {
        guard state != .down else { return }
        world.say("\(name) dies: \(why)")
        world.report.crashes += 1
        state = .down
        life += 1
        inbox = []
        close()
        store?.close()
        store = nil
        guard number == 1 else { return }
        stayDown(world, for: downFor)
    }

    /// - Parameter span: nil: until it is started by the script or the end of the faults.
    private func stayDown(_ world: World, for span: Int64?) {
        downUntil = span.map { world.now + $0 } ?? Int64.max
        if let span { world.after(span) { self.start($0) } }
    }

    /// Whatever held it down is over.
    func release(_ world: World) {
        downUntil = 0
        resume(world)
        start(world)
    }

    func pause(_ world: World, for span: Int64) {
        guard state == .up else { return }
        world.say("\(name) is stopped for \(span / 1_000_000) s")
        state = .paused
        pausedAt = world.now
        let life = life
        world.after(span) { if self.life == life { self.resume($0) } }
    }

    private func resume(_ world: World) {
        guard state == .paused else { return }
        world.say("\(name) goes on")
        state = .up
        // A shorter standstill is as if messages had been slow: they wait for it.
        if world.now - pausedAt >= TierPace.stoppedAfter.micros {
            world.checks.listensAnew(role, at: store?.now())
        }
        ableSince = world.now
        let letters = inbox
        inbox = []
        for letter in letters { letter(world) }
        look(world, in: 0)
    }

    // MARK: - Turns

    /// Something is said to it; heard later when it is stopped, never when it is dead.
    /// - Returns: false: nobody is there.
    @discardableResult
    func hear(_ world: World, _ letter: @escaping (World) -> Void) -> Bool {
        switch state {
        case .down: return false
        case .paused: inbox.append(letter)
        case .up:
            letter(world)
            mail = true
            look(world, in: Self.letterTakes)
        }
        return true
    }

    /// Looks whether there is something to do, soon.
    func look(_ world: World, in span: Int64) {
        let due = world.now + span
        if let lookAt, lookAt <= due { return }
        lookAt = due
        let life = life
        world.at(due) { world in
            guard self.life == life, self.lookAt == due else { return }
            self.lookAt = nil
            self.turn(world)
        }
    }

    private func turn(_ world: World) {
        guard state == .up, let store else { return }
        let now = store.now()
        let isDue = wake.map { $0 <= now } ?? false
        if mail || isDue || stepped + TierPace.tickEvery <= now || ((try? store.hasNews()) ?? true) {
            step(world, now, forMail: mail)
        }
        guard state == .up else { return }
        let next = min(wake ?? stepped + TierPace.tickEvery, stepped + TierPace.tickEvery)
        look(world, in: max((next - now).micros - world.now % 1000, 0))
    }

    private func step(_ world: World, _ now: Moment, forMail: Bool) {
        mail = false
        let life = life
        let before = store?.knownChanges
        world.inStep = self
        defer { world.inStep = nil }
        do {
            let wake = try step(world)
            try keepUp(now)
            guard self.life == life else { return }
            if world.takeDoom(self) { return crash(world, "at a boundary") }
            if trouble?.stepped(now) ?? false { trouble = nil }
            noteSpin(world, now, wake: wake, isIdle: !forMail && before == store?.knownChanges)
            self.wake = wake
        } catch {
            guard self.life == life else { return }
            if world.takeDoom(self) { return crash(world, "at a boundary") }
            survive(world, error, now)
        }
        stepped = now
        guard store?.knownChanges != before else { return }
        world.heads.first { $0.role != role && $0.isUp }?.look(world, in: Self.ringTakes)
    }

    /// As the real shell: what is too old goes, now and then.
    private func keepUp(_ now: Moment) throws(StoreError) {
        guard upkept + Self.upkeepEvery <= now else { return }
        upkept = now
        try store?.trimAll()
    }

    private func noteSpin(_ world: World, _ now: Moment, wake: Moment?, isIdle: Bool) {
        spins = isIdle && stepped == now && wake.map { $0 <= now } ?? false ? spins + 1 : 0
        if spins == Self.spinsMax { world.violate("L-07", "\(name) wants to step for ever") }
    }

    private func survive(_ world: World, _ error: StoreError, _ now: Moment) {
        world.say("\(name) could not commit: \(error)")
        if case .failed(let words) = error { world.violate("I-10", "\(name): \(words)") }
        var known = trouble ?? Trouble(since: now)
        defer { trouble = known }
        switch known.judge(error, now: now).verdict {
        case .again(let wait): wake = now + wait
        case .makeRoom(let wait):
            wake = now + wait
            do { _ = try store?.dropHistory() } catch {
                // As the real one: only what can pass is lived with.
                if known.judge(error, now: now).verdict == .end { crash(world, "\(error)") }
            }
        case .end: crash(world, "\(error)")
        }
    }

    // MARK: - What the tiers do

    func open(_ store: Store, _ world: World) throws {}
    func close() {}
    func step(_ world: World) throws(StoreError) -> Moment? { nil }
}

extension World {
    /// What follows when a tier cannot open its database.
    /// - Returns: true: it is not to try again by itself.
    func failed(_ head: TierHead, toOpen error: StoreError) -> Bool {
        let words = "\(head.name) cannot open the database: \(error)"
        // It tries again and again: said once.
        if words != head.refusal { say(words) }
        head.refusal = words
        if case .roleTaken = error { return head.number != 1 && isHealed }
        if case .newerSchema = error { return true }
        return false
    }

    /// Of a new cluster: as random as the seed.
    func madeUUID() -> String {
        var dice = SeededUUID(seed: plan.seed)
        return dice.next()
    }
}
