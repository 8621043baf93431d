import Model

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
    package var memory: ScalingMemory
    package var now: Moment
    /// Nil: not known.
    package var flow: Flow?
    /// Requests that one replica takes at once.
    package var maxOngoing: Int
    /// Replicas come in gangs of so many; 1: alone. The bounds are multiples of it.
    package var gangSize = 1

    package init(
        deployment: DeploymentID, settings: AutoscalingSettings, running: Int, target: Int, load: Load?,
        queuedNow: Int, memory: ScalingMemory, now: Moment, flow: Flow? = nil, maxOngoing: Int = 1
    ) {
        self.flow = flow
        self.maxOngoing = maxOngoing
        self.deployment = deployment
        self.settings = settings
        self.running = running
        self.target = target
        self.load = load
        self.queuedNow = queuedNow
        self.memory = memory
        self.now = now
    }
}

extension ScalingInput {
    /// The least number of whole gangs that is not below it.
    func inGangs(_ count: Int) -> Int {
        gangSize > 1 ? GangSettings(size: gangSize).whole(count) : count
    }
}

/// What the autoscaling rule answers.
package struct ScalingOutcome: Hashable, Sendable {
    package var target: Int
    package var memory: ScalingMemory
    /// Set exactly when `target` differs from the one before.
    package var decision: Decision?
    /// When the running delay ends, if that would change the target; the rule should be asked again then.
    package var wake: Moment?

    package init(target: Int, memory: ScalingMemory, decision: Decision? = nil, wake: Moment? = nil) {
        self.target = target
        self.memory = memory
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
/// when they are widened. Of gangs a wish is rounded up to whole ones, and one gang is what one replica is else.
/// - Source: the default policy of Ray Serve 2.60, with delays on elapsed time. Unlike there a missing load
///   is not zero, and a target outside new bounds is clipped at once, which ends a running delay.
package func scale(_ input: ScalingInput, by policy: some ScalingPolicy = OngoingRequests()) -> ScalingOutcome
{
    let settings = input.settings
    let target = clipped(input.target, settings)
    let bounded = target != input.target
    var memory = input.memory
    if bounded { memory.timer = .off }
    var rule = Rule(input: input, target: target, memory: memory)
    rule.apply(policy)
    let after = clipped(input.inGangs(rule.answer), settings)
    let pending = rule.dueAt != nil && clipped(rule.wish ?? target, settings) != after
    memory = rule.memory
    if after > input.target { memory.raisedAt = input.now }
    if after < input.target { memory.loweredAt = input.now }
    return ScalingOutcome(
        target: after, memory: memory,
        decision: after == input.target ? nil : rule.decision(after: after, bounds: after == target),
        wake: pending ? rule.dueAt : nil)
}

/// A fixed count: the target is the count, or that which somebody else has set.
package func scaleFixed(
    _ deployment: DeploymentID, count: Int, scaledTo: Int? = nil, target: Int
) -> ScalingOutcome {
    let count = max(scaledTo ?? count, 0)
    guard count != target else { return ScalingOutcome(target: target, memory: ScalingMemory()) }
    let decision = Decision(
        .scale, deployment.rawValue, before: "\(target)", after: "\(count)",
        rule: scaledTo == nil ? "num_replicas" : "external_scaler",
        reason: scaledTo == nil ? "num_replicas is \(count)." : "A call has set the count to \(count).",
        inputs: [.init("target", Int64(target)), .init("count", Int64(count))])
    return ScalingOutcome(target: count, memory: ScalingMemory(), decision: decision)
}

/// `count` within the deployment's bounds.
func clipped(_ count: Int, _ settings: AutoscalingSettings) -> Int {
    let low = max(settings.minReplicas, 0)
    return min(max(count, low), max(settings.maxReplicas, low))
}
