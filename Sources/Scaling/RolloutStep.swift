import Model

/// What to start and what to let go, so that `target` replicas of the current version run.
///
/// Without old replicas it fills what is missing or names what is too much. With old ones it replaces them batch by
/// batch, the new ones first: surplus replicas take room that is there, and an old one leaves when one is ready. When
/// there is no room for the surplus old ones leave first, as they always do with `Surge.none`. There are never more than
/// `target` and one batch (or the surge that is asked for), and never fewer ready than `target` less one batch because
/// of the rollout. While the current version fails, old ones stay; and until it has proved itself, all but those in whose
/// place its first batch stands.
///
/// Replicas on a node being drained do not count: replacements start at once, and each leaves when a
/// replacement is ready, or `grace` before the node's deadline.
///
/// Gangs come and go whole.
package func rollout(_ input: RolloutInput) -> RolloutPlan {
    if input.gangSize > 1 || input.replicas.contains(where: { $0.gang != nil }) {
        return GangUnits(input).plan()
    }
    var step = RolloutStep(input)
    step.run()
    return step.plan
}

struct RolloutStep {
    let input: RolloutInput
    /// On nodes that stay, sorted by id: the old version and the current one.
    var old: [RolloutReplica]
    var current: [RolloutReplica]
    let leaving: [RolloutReplica]
    var plan = RolloutPlan()

    init(_ input: RolloutInput) {
        self.input = input
        let replicas = input.replicas.map { ($0.id.serial, $0) }
            .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1.id < $1.1.id }.map(\.1)
        leaving = replicas.filter { $0.leaving != nil }
        old = replicas.filter { $0.leaving == nil && !$0.current }
        current = replicas.filter { $0.leaving == nil && $0.current }
    }

    var target: Int { max(input.target, 0) }
    var count: Int { old.count + current.count }
    /// Back-off is running.
    var waits: Bool { input.retryAt.map { input.now < $0 } ?? false }
    var ready: Int { old.count(where: \.ready) + current.count(where: \.ready) }
    /// Current ones that are waited for.
    var unready: Int { current.count { !$0.ready } }
    /// So many may be there beyond the target.
    var limit: Int {
        switch input.surge {
        case .spare: input.batch
        case .none: 0
        case .upTo(let count): max(count, 1)
        }
    }

    mutating func run() {
        if target == 0 {
            drain(old + current + leaving, "target_zero", "No replica is wanted.")
            return
        }
        if count < target {
            fill()
        } else if old.isEmpty {
            plan.surplusToStop = count - target
        } else if count > target {
            replace()
        } else if input.surge == .none {
            stopFirst()
        } else {
            startSurplus()
        }
        letSurplusBuy()
        letGo()
    }

    /// Orders what is missing, of the current version.
    private mutating func fill() {
        if waits {
            wake(at: input.retryAt)
            return
        }
        let missing = target - count
        // Where an old one is on its way out there will be room.
        plan.startSurplus = min(missing, input.replaced)
        plan.start = missing - plan.startSurplus
        plan.decisions.append(
            decision(
                .replace, "fill", after: "\(target)",
                "\(count) of \(target) wanted exist on nodes that stay: \(missing) more are ordered."))
    }

    /// Begins the replacement of a batch of old replicas, when the one before it is done.
    private mutating func startSurplus() {
        let number = min(limit - (input.unproven ? current.count : unready), old.count)
        guard number > 0, !input.unwell, mayReplace() else { return }
        if case .upTo = input.surge { plan.start = number } else { plan.startSurplus = number }
        let words =
            number == 1
            ? "one of the new version is started before one of them leaves"
            : "\(number) of the new version are started before as many of them leave"
        plan.decisions.append(
            decision(
                .rollout, "surplus_first", after: "\(count + number)",
                "\(old.count) replicas are old: \(words)."))
    }

    /// A batch of old ones leaves; what is missing then is filled.
    private mutating func stopFirst() {
        // Those that serve nothing cost nobody anything; for the others there is a budget.
        let idle = old.filter { !$0.ready }.prefix(input.batch)
        let halts = input.unwell || input.unproven && !current.isEmpty
        let spare = halts ? 0 : min(input.batch - idle.count, input.unreadyMax - max(0, target - ready))
        let leavers = idle + old.filter(\.ready).prefix(max(0, spare))
        guard !leavers.isEmpty, mayReplace() else { return }
        drain(
            Array(leavers), "stop_first",
            "\(old.count) replicas are old, and max_surge_percent is 0: they leave before others are started."
        )
    }

    /// False: the current version fails, and old ones stay.
    private mutating func mayReplace() -> Bool {
        if input.givenUp { return false }
        if waits { wake(at: input.retryAt) }
        return !waits
    }

    /// More than wanted, old ones among them: old ones leave as far as readiness allows.
    private mutating func replace() {
        // Beyond the target are those that are waited for: until they are ready, or until one has proved itself.
        let awaited =
            if input.failing { min(current.count, 1) } else if input.unproven { current.count } else {
                min(unready, max(limit, 1))
            }
        var excess = count - target - awaited
        if input.failing {
            plan.surplusToStop = max(0, min(excess, current.count))
            excess -= plan.surplusToStop
        }
        var spare = ready - target
        var leavers: [RolloutReplica] = []
        for one in byUse(old) where excess > 0 && (!one.ready || spare > 0) {
            leavers.append(one)
            excess -= 1
            if one.ready { spare -= 1 }
        }
        if leavers.isEmpty, count <= target + max(limit, 1), mayMakeRoom {
            leavers = roomMakers(budget: roomBudget)
            guard leavers.isEmpty else {
                drain(leavers, "make_room", "The new replica finds no room: an old one leaves first.")
                return
            }
        }
        drain(
            leavers, "replace_old",
            "More replicas exist than are wanted: those of an old version leave first.")
        plan.surplusToStop += max(0, min(excess, current.count - plan.surplusToStop))
    }

    /// A surplus replica that is no longer one, and for which the room that was left did not suffice; or one for which
    /// no old one can make room.
    private mutating func letSurplusBuy() {
        // Without leave to be one short, the surplus waits for no old one: it may buy.
        let mayWait =
            count > target && !roomMakers(budget: min(input.batch, input.unreadyMax)).isEmpty
        guard !mayWait, !input.failing, input.stopping == 0 else { return }
        plan.mayBuy = current.filter { $0.unplaced && !$0.buys }.map(\.id)
    }

    /// Replicas on nodes being drained leave as replacements become ready.
    private mutating func letGo() {
        let draining = Set(plan.drain)
        let readyDrained = (old + current).count { $0.ready && draining.contains($0.id) }
        let lastCall = input.now + input.grace
        let isDue = { (one: RolloutReplica) in one.leaving.map { $0 <= lastCall } ?? false }
        let rest = leaving.filter { !isDue($0) }
        drain(leaving.filter(isDue), "drain_deadline", "Its node is being drained and the deadline is near.")
        let idle = rest.filter { !$0.ready }
        let serving = rest.filter(\.ready).sorted {
            let (a, b) = ($0.leaving ?? input.now, $1.leaving ?? input.now)
            return a != b ? a < b : $0.id < $1.id
        }
        let spare = min(ready - readyDrained, target) + serving.count - target
        let replaced = serving.prefix(max(0, spare))
        drain(idle, "drained_node", "Its node is being drained and it serves nothing yet.")
        drain(Array(replaced), "drained_node", "Its node is being drained and its replacement is ready.")
        for one in serving.dropFirst(replaced.count) { wake(at: one.leaving.map { $0 - input.grace }) }
    }

    /// Those that serve nothing first, then the oldest.
    private func byUse(_ replicas: [RolloutReplica]) -> [RolloutReplica] {
        replicas.filter { !$0.ready } + replicas.filter(\.ready)
    }

    private mutating func wake(at moment: Moment?) {
        guard let moment, moment > input.now else { return }
        plan.wake = min(plan.wake ?? moment, moment)
    }
}

extension RolloutStep {
    fileprivate mutating func drain(_ replicas: [RolloutReplica], _ rule: String, _ reason: String) {
        guard !replicas.isEmpty else { return }
        plan.drain += replicas.map(\.id)
        for one in replicas {
            plan.decisions.append(
                Decision(
                    rule == "target_zero" ? .stop : .rollout, one.id.rawValue,
                    before: "wanted", after: "draining", rule: rule, reason: reason, inputs: figures))
        }
    }

    fileprivate func decision(
        _ kind: Decision.Kind, _ rule: String, after: String, _ reason: String
    ) -> Decision {
        Decision(
            kind, input.deployment.rawValue, before: "\(count)", after: after, rule: rule, reason: reason,
            inputs: figures)
    }

    private var figures: [Decision.Input] {
        [
            .init("target", Int64(target)), .init("old", Int64(old.count)),
            .init("current", Int64(current.count)),
            .init("ready", Int64(ready)), .init("leaving", Int64(leaving.count)),
            .init("stopping", Int64(input.stopping)), .init("failing", input.failing ? 1 : 0),
        ]
    }
}
