import Model

/// How long a wish for more or fewer replicas has lasted. Kept in the deployment's row, so that it outlives
/// the tier.
package struct DelayTimer: Hashable, Sendable {
    /// 1: more are wished, -1: fewer, 0: not running.
    package var direction: Int
    /// Since when; nil when not running.
    package var since: Moment?

    package init(direction: Int, since: Moment?) {
        self.direction = direction
        self.since = since
    }

    package static let off = DelayTimer(direction: 0, since: nil)
}

/// All that the autoscaling rule reads of one deployment.
package struct ScalingInput: Sendable {
    package var deployment: DeploymentID
    package var settings: AutoscalingSettings
    /// Replicas that are ready and not on their way out.
    package var running: Int
    /// Replicas wanted so far.
    package var target: Int
    /// Nil: no data, the target is held.
    package var load: Load?
    /// Requests waiting at this moment; read only while nothing runs.
    package var queuedNow: Int
    package var timer: DelayTimer
    package var now: Moment

    package init(
        deployment: DeploymentID, settings: AutoscalingSettings, running: Int, target: Int, load: Load?,
        queuedNow: Int, timer: DelayTimer, now: Moment
    ) {
        self.deployment = deployment
        self.settings = settings
        self.running = running
        self.target = target
        self.load = load
        self.queuedNow = queuedNow
        self.timer = timer
        self.now = now
    }
}

/// What the autoscaling rule answers.
package struct ScalingOutcome: Hashable, Sendable {
    package var target: Int
    package var timer: DelayTimer
    /// Set exactly when `target` differs from the one before.
    package var decision: Decision?
    /// When the running delay ends, if that would change the target; the rule should be asked again then.
    package var wake: Moment?

    package init(target: Int, timer: DelayTimer, decision: Decision? = nil, wake: Moment? = nil) {
        self.target = target
        self.timer = timer
        self.decision = decision
        self.wake = wake
    }
}

/// Replicas at the first deployment.
package func initialTarget(_ settings: AutoscalingSettings) -> Int {
    clipped(settings.initialReplicas ?? settings.minReplicas, settings)
}

/// How many replicas the load asks for, once a wish has lasted for its delay. Without data nothing moves but
/// what the bounds demand, and a running delay goes on.
///
/// From zero the first request starts replicas at once. The step from one to none has a delay of its own and
/// is never skipped: many go to one first. The bounds are applied last, so that a delay that has run counts
/// when they are widened.
/// - Source: the default policy of Ray Serve 2.60, with delays on elapsed time. Unlike there a missing load
///   is not zero, and a target outside new bounds is clipped at once, which ends a running delay.
package func scale(_ input: ScalingInput) -> ScalingOutcome {
    let settings = input.settings
    let target = clipped(input.target, settings)
    let bounded = target != input.target
    var rule = Rule(input: input, target: target, timer: bounded ? .off : input.timer)
    rule.apply()
    let after = clipped(rule.answer, settings)
    let pending = rule.dueAt != nil && clipped(rule.wish ?? target, settings) != after
    return ScalingOutcome(
        target: after, timer: rule.timer,
        decision: after == input.target ? nil : rule.decision(after: after, bounds: after == target),
        wake: pending ? rule.dueAt : nil)
}

/// A fixed count: the target is the count.
package func scaleFixed(_ deployment: DeploymentID, count: Int, target: Int) -> ScalingOutcome {
    let count = max(count, 0)
    guard count != target else { return ScalingOutcome(target: target, timer: .off) }
    let decision = Decision(
        .scale, deployment.rawValue, before: "\(target)", after: "\(count)", rule: "num_replicas",
        reason: "num_replicas is \(count).",
        inputs: [.init("target", Int64(target)), .init("count", Int64(count))])
    return ScalingOutcome(target: count, timer: .off, decision: decision)
}

/// `count` within the deployment's bounds.
func clipped(_ count: Int, _ settings: AutoscalingSettings) -> Int {
    let low = max(settings.minReplicas, 0)
    return min(max(count, low), max(settings.maxReplicas, low))
}
