import Model

/// Why a node stays: the first reason that holds.
package struct NodeStay: Hashable, Sendable {
    /// The reason in one word, as it stands in the table `node_stay`.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        /// It is this machine itself.
        case local
        /// Its agent is silent or refused, or its provider says a word of its machine that is not known here.
        case notHeard = "not_heard"
        /// It is booting.
        case coming
        /// It is part of a plan that is being carried out.
        case planned
        /// A plan that named it was given up a short while ago.
        case givenUp = "given_up"
        /// It has no replicas, and its idle timeout runs.
        case idle
        /// The minimum of its type.
        case minWorkers = "min_workers"
        /// It has no replicas, and room is kept free on it.
        case headroom
        /// A replica of a deployment that must not be disturbed is there.
        case undisturbed
        /// It is younger than `age_min`.
        case young
        /// Replicas came or went there lately, or are about to.
        case unsettled
        /// Replicas wait for a place: nothing is given up before they have one.
        case unplaced
        /// As many nodes are being disturbed as may be.
        case budget
        /// What stands there has no room elsewhere.
        case needed
        /// It could be given up, but not for enough less.
        case noSaving = "no_saving"
        /// Consolidation is off.
        case off
    }

    package var node: NodeID
    package var code: Code
    /// Until when it holds at least; nil: until something changes.
    package var until: Moment?
    /// For people.
    package var detail: String

    package init(_ node: NodeID, _ code: Code, until: Moment? = nil, detail: String = "") {
        self.node = node
        self.code = code
        self.until = until
        self.detail = detail
    }
}
