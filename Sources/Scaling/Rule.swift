import Model

/// A wish for more replicas than this is a wish for this many; so that the exact fractions fit 128 bits.
private let wishMax: Int128 = 1_000_000
/// Gains and targets beyond this, in thousandths, count as this.
private let thousandthsMax: Int64 = 1_000_000_000
/// A longer window counts as this long: 34 years in milliseconds.
private let spanMax: Int64 = 1 << 40

/// One evaluation of the autoscaling rule, before the bounds.
struct Rule {
    let input: ScalingInput
    /// The target within the bounds.
    let target: Int
    var timer: DelayTimer
    /// What the load asks for; nil without data.
    private(set) var wish: Int?
    private(set) var answer: Int
    private(set) var name = "hold"
    /// When the running delay ends.
    private(set) var dueAt: Moment?
    /// The delay that ended, and how long the wish had lasted.
    private var delay = Millis.zero
    private var waited = Millis.zero

    init(input: ScalingInput, target: Int, timer: DelayTimer) {
        self.input = input
        self.target = target
        self.timer = timer
        answer = target
    }

    mutating func apply() {
        let area = input.load.map { max($0.area, 0) } ?? 0
        if input.running <= 0, area > 0 || input.queuedNow > 0 {
            // Someone is waiting and nothing runs: no delay, and the timer stays as it is.
            let gain = Int((min(input.settings.upscalingFactor.rawValue, thousandthsMax) + 999) / 1000)
            wish = max(gain, target)
            answer = max(gain, target)
            name = "cold_start"
            return
        }
        guard let load = input.load else { return }
        if input.running <= 0, target > 0 {
            wish = target  // replicas are starting and nobody waits
            return
        }
        let wish = input.running <= 0 ? 0 : Self.wish(load, running: input.running, settings: input.settings)
        self.wish = wish
        wait(for: wish)
    }

    /// Follows a wish that has lasted for its delay.
    private mutating func wait(for wish: Int) {
        var wish = wish
        let direction = (wish - target).signum()
        guard direction != 0 else {
            timer = .off
            return
        }
        let settings = input.settings
        if direction > 0 {
            (delay, name) = (settings.upscaleDelay, "upscale_delay")
        } else if target == 1 {
            (delay, name) = (
                settings.downscaleToZeroDelay ?? settings.downscaleDelay, "downscale_to_zero_delay"
            )
        } else {
            (delay, name) = (settings.downscaleDelay, "downscale_delay")
            wish = max(wish, 1)
        }
        self.wish = wish
        let since = timer.direction == direction ? timer.since ?? input.now : input.now
        waited = input.now - since
        if waited >= delay {
            answer = wish
            timer = .off
        } else {
            timer = DelayTimer(direction: direction, since: since)
            dueAt = since + delay
        }
    }

    /// `ceil(c + f × (T / t − c))` for c running replicas, load T, t requests wanted for each and gain f. A
    /// gain below one that would leave the count where it is though fewer are needed takes one off.
    private static func wish(_ load: Load, running: Int, settings: AutoscalingSettings) -> Int {
        let running = min(Int128(running), wishMax)
        // T / t = area / (span × t), as area is in millionths, span and t in thousandths.
        let unit = Int128(min(max(load.span.rawValue, 1), spanMax)) * bounded(settings.targetOngoing)
        let area = min(Int128(max(load.area, 0)), wishMax * unit)
        let distance = area - running * unit
        let gain = bounded(distance > 0 ? settings.upscalingFactor : settings.downscalingFactor)
        var wish = ceil(running * unit * 1000 + gain * distance, unit * 1000)
        if ceil(area, unit) < running && wish == running { wish -= 1 }
        return Int(min(max(wish, 0), wishMax))
    }

    private static func bounded(_ value: Thousandths) -> Int128 {
        Int128(min(max(value.rawValue, 1), thousandthsMax))
    }

    /// The quotient rounded up, also below zero.
    private static func ceil(_ a: Int128, _ b: Int128) -> Int128 {
        let quotient = a / b
        return quotient * b < a ? quotient + 1 : quotient
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
        inputs += [
            .init("queued_now", Int64(input.queuedNow)), .init("min_replicas", Int64(settings.minReplicas)),
            .init("max_replicas", Int64(settings.maxReplicas)), .init("delay_ms", delay.rawValue),
            .init("waited_ms", waited.rawValue),
        ]
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
