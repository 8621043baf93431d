import Model

/// A replica that is wanted and has no place.
package struct Waiting: Hashable, Sendable {
    package var refusals: [Refusal]
    /// Since when it waits.
    package var since: Moment
    package var promise: Promise

    /// Whether a node is on its way for it.
    package enum Promise: Hashable, Sendable {
        case none
        /// One is asked for. Where there lately were none that says nothing.
        case asked
        /// The provider has made one.
        case made
    }

    package init(refusals: [Refusal], since: Moment, promise: Promise) {
        self.refusals = refusals
        self.since = since
        self.promise = promise
    }
}

/// That of a deployment no more can be placed than this, and why.
package struct Frontier: Hashable, Sendable {
    /// Replicas with a place, or a node on its way.
    package var room: Int
    package var reason: Refusal.Code
    /// What stands in the way of one more.
    package var refusals: [Refusal]

    package init(room: Int, reason: Refusal.Code, refusals: [Refusal]) {
        self.room = room
        self.reason = reason
        self.refusals = refusals
    }
}

/// A replica waits for so long before it counts as one for which there is no room: a first refusal of the provider is
/// often answered by another offering, and a node tier that has just begun has not heard of every node.
package let frontierPatience = Millis(10_000)

/// How many replicas of a deployment can be placed at most; nil: nothing is known to be in the way of any.
///
/// Once something is, it is until everyone who waited has a place or a node that is made: a node that is only asked for is
/// the probe of a provider that had none, and proves nothing until it is answered. Else every probe would call for all
/// that is wished, and take it back.
/// - Parameters:
///   - placed: replicas that have a place.
///   - waiting: those that may buy and have none, oldest first.
///   - known: what was in the way so far.
/// - Returns: `wake`: then at the latest it is to be asked again.
package func frontier(
    placed: Int, waiting: [Waiting], known: Frontier?, now: Moment
) -> (frontier: Frontier?, wake: Moment?) {
    let room = placed + waiting.count { $0.promise == .made || (known == nil && $0.promise == .asked) }
    let stuck = waiting.filter { one in
        switch one.promise {
        case .made: false
        case .asked: known != nil
        // A step's upscaling limit is no want of nodes: the next step goes on.
        case .none: !one.refusals.isEmpty && !one.refusals.contains { $0.code == .upscalingSpeed }
        }
    }
    guard !stuck.isEmpty else {
        // Nobody asks for more at the moment, and nothing has shown that more would find a place.
        guard let known, waiting.isEmpty, placed > 0, placed <= known.room else { return (nil, nil) }
        return (Frontier(room: placed, reason: known.reason, refusals: known.refusals), nil)
    }
    if known == nil {
        let ripe = stuck.map { $0.since + frontierPatience }.min() ?? now
        if ripe > now { return (nil, ripe) }
    }
    let answers = stuck.first { $0.promise == .none }?.refusals ?? known?.refusals ?? []
    return (Frontier(room: room, reason: binding(answers) ?? known?.reason ?? .short, refusals: answers), nil)
}

/// The answer that would have to change first: a candidate that would do and cannot be had, before one that would not do.
private func binding(_ refusals: [Refusal]) -> Refusal.Code? {
    let order: [Refusal.Code] = [
        .unavailable, .budget, .limit, .maxPerNode, .spread, .affinity, .antiAffinity, .gang, .labelSelector,
        .tooLarge, .short, .notReady,
    ]
    return order.first { code in refusals.contains { $0.code == code } }
}
