import Model

/// A wish for more replicas than this is a wish for this many; so that the exact fractions fit 128 bits.
private let wishMax: Int128 = 1_000_000
/// Gains beyond this, in thousandths, count as this.
private let thousandthsMax: Int64 = 1_000_000_000

/// One evaluation of the autoscaling rule, before the bounds.
struct Rule {
    let input: ScalingInput
    /// The target within the bounds.
    let target: Int
    var memory: ScalingMemory
    /// What the load asks for; nil without data.
    private(set) var wish: Int?
    private(set) var answer: Int
    private(set) var name = "hold"
    /// When the running delay ends.
    private(set) var dueAt: Moment?
    /// The delay that ended, and how long the wish had lasted.
    private(set) var delay = Millis.zero
    private(set) var waited = Millis.zero
    /// What the policy says of its reasons.
    private(set) var policyInputs: [Decision.Input] = []

    init(input: ScalingInput, target: Int, memory: ScalingMemory) {
        self.input = input
        self.target = target
        self.memory = memory
        answer = target
    }

    mutating func apply(_ policy: some ScalingPolicy) {
        let settings = input.settings
        let area = input.load.map { max($0.area, 0) } ?? 0
        if input.running <= 0, area > 0 || input.queuedNow > 0 {
            // Someone is waiting and nothing runs: no delay, and the timer stays as it is.
            let gain = Int((min(settings.upscalingFactor.rawValue, thousandthsMax) + 999) / 1000)
            wish = input.inGangs(max(gain, target))
            answer = input.inGangs(max(gain, target))
            name = "cold_start"
            return
        }
        guard let policyWish = policy.wish(asked) ?? withoutData else { return }
        memory.policy = policyWish.state
        policyInputs = policyWish.inputs
        if input.running <= 0, target > 0 {
            wish = target  // replicas are starting and nobody waits
            return
        }
        let wish = input.running <= 0 ? 0 : input.inGangs(gained(policyWish.replicas))
        self.wish = wish
        wait(for: wish)
    }

    private var asked: ScalingInput {
        var asked = input
        asked.target = target
        asked.memory = memory
        return asked
    }

    /// What is not heard is not zero, unless somebody wants Ray's reading of it.
    private var withoutData: ScalingWish? {
        input.settings.withoutData == .zero ? ScalingWish(Fraction(0), state: memory.policy) : nil
    }

    // MARK: - Gain

    /// `ceil(b + f × (r − b))` for a base of b replicas, a bare wish r and gain f. A gain below one that would leave
    /// the count where it is though fewer are needed takes one off.
    ///
    /// The base is what runs, as in Ray; with `countsStarting` what is ordered counts too, so that a gain above one
    /// is not applied again to the same want while replicas start (#61731, #64509).
    private func gained(_ wished: Fraction) -> Int {
        let settings = input.settings
        let base = min(Int128(settings.countsStarting ? max(input.running, target) : input.running), wishMax)
        let unit = wished.denominator
        let amount = min(wished.numerator, wishMax * unit)
        let distance = amount - base * unit
        let tolerance = distance > 0 ? settings.upscaleTolerance : settings.downscaleTolerance
        // Within the band it is as much as there is.
        if abs(distance) * 1000 <= base * unit * Int128(max(tolerance.rawValue, 0)),
            distance != 0 || base == target
        {
            return target
        }
        let gain = Int128(
            min(
                max((distance > 0 ? settings.upscalingFactor : settings.downscalingFactor).rawValue, 1),
                thousandthsMax))
        var wish = Self.ceil(base * unit * 1000 + gain * distance, unit * 1000)
        if Self.ceil(amount, unit) < base && wish == base { wish -= 1 }
        if let most = asked.flowMax, wish > Int128(max(most, target)) { wish = Int128(max(most, target)) }
        return Int(min(max(wish, 0), wishMax))
    }

    /// The quotient rounded up, also below zero.
    private static func ceil(_ a: Int128, _ b: Int128) -> Int128 {
        let quotient = a / b
        return quotient * b < a ? quotient + 1 : quotient
    }

    // MARK: - Delays

    /// Follows a wish that has lasted for its delay.
    private mutating func wait(for wish: Int) {
        var window = WishWindow(memory.wishes)
        window.note(wish, at: input.now, keeping: input.settings.longestDelay)
        memory.wishes = window.samples
        let direction = (wish - target).signum()
        guard direction != 0 else {
            // One look at which all is right does not end a delay, many do.
            if memory.timer.direction == 0 || window.breaks(running(memory.timer), now: input.now) {
                memory.timer = .off
            }
            return
        }
        if memory.timer.direction != direction || window.breaks(running(memory.timer), now: input.now) {
            memory.timer = DelayTimer(direction: direction, since: input.now)
        }
        let delay = running(memory.timer)
        self.delay = delay.span
        name =
            direction > 0
            ? "upscale_delay" : target <= input.gangSize ? "downscale_to_zero_delay" : "downscale_delay"
        waited = input.now - delay.since
        self.wish = max(wish, delay.floor)
        switch window.judge(delay, now: input.now) {
        case .wait(let due): dueAt = due
        case .follow(let count):
            answer = count
            self.wish = count
            // As in Ray each step by the last wish takes a delay of its own. Else the window moves on, and with it
            // the count.
            memory.timer =
                delay.value == .last ? .off : window.timer(target: clipped(count, input.settings), direction)
        }
    }

    /// While the window slides there would be a step for each wish that leaves it: one for each report is enough.
    private func notBefore(_ isUp: Bool) -> Moment? {
        let value = isUp ? input.settings.upscaleDelayValue : input.settings.downscaleDelayValue
        guard value != .last else { return nil }
        return (isUp ? memory.raisedAt : memory.loweredAt).map { $0 + input.settings.metricsInterval }
    }

    /// The delay that a timer stands for.
    private func running(_ timer: DelayTimer) -> WishWindow.Delay {
        let settings = input.settings
        let isUp = timer.direction > 0
        let isLast = !isUp && target <= input.gangSize
        let span =
            isUp
            ? settings.upscaleDelay
            : isLast ? settings.downscaleToZeroDelay ?? settings.downscaleDelay : settings.downscaleDelay
        return WishWindow.Delay(
            target: target, direction: timer.direction, since: timer.since ?? input.now, span: span,
            // The last replica goes when nothing was wished for, not for most of the time.
            share: isLast ? .one : settings.delayShare,
            value: isUp ? settings.upscaleDelayValue : settings.downscaleDelayValue,
            floor: isUp || isLast ? 0 : input.gangSize)
    }
}

extension Rule {
    /// The row of a changed target. `bounds`: the bounds alone moved it.
    func decision(after: Int, bounds: Bool) -> Decision {
        let settings = input.settings
        var inputs: [Decision.Input] = []
        if let load = input.load { inputs.append(.init("load_milli", load.milli)) }
        inputs += [
            .init("running", Int64(input.running)), .init("target", Int64(input.target)),
            .init("target_ongoing_milli", settings.targetOngoing.rawValue),
        ]
        if let wish { inputs.append(.init("wish", Int64(wish))) }
        inputs +=
            [
                .init("queued_now", Int64(input.queuedNow)),
                .init("min_replicas", Int64(settings.minReplicas)),
                .init("max_replicas", Int64(settings.maxReplicas)), .init("delay_ms", delay.rawValue),
                .init("waited_ms", waited.rawValue),
            ] + policyInputs
        return Decision(
            .scale, input.deployment.rawValue, before: "\(input.target)", after: "\(after)",
            rule: bounds ? "bounds" : name, reason: reason(after: after, bounds: bounds), inputs: inputs)
    }

    private func reason(after: Int, bounds: Bool) -> String {
        let settings = input.settings
        if bounds {
            return "The bounds are now \(settings.minReplicas) to \(settings.maxReplicas) replicas."
        }
        let wanted = Resources.decimal(settings.targetOngoing.rawValue)
        let load = Resources.decimal(input.load?.milli ?? 0)
        let capped = wish == after ? "" : ", within the bounds \(after)"
        if name == "cold_start" {
            return "Requests came while no replica runs: \(wish ?? after) at once\(capped)."
        }
        let (lasted, delay) = (Resources.decimal(waited.rawValue), Resources.decimal(delay.rawValue))
        return "Load \(load) at \(wanted) each, \(input.running) running: \(wish ?? after) wished\(capped) "
            + "for \(lasted) s, delay \(delay) s."
    }
}
