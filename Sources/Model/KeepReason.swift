/// Why a node that is up is not given back: one word each, as it stands in table `kept` and the view `why_not_removed`.
/// Of several the first that holds, in this order.
package enum KeepReason: String, CaseIterable, Sendable, Codable {
    /// There is no provider to give it back to.
    case ownMachine = "own_machine"
    /// It was ordered and its agent has not said hello.
    case coming
    /// It is on its way out, and replicas are still there.
    case draining
    /// The provider says of its machine what this version does not know.
    case held
    /// A replica on it fits on no other node.
    case fitsNowhere = "fits_nowhere"
    /// It has replicas; each would fit elsewhere, but nothing is gained by moving them, or nobody may.
    case replicas
    /// A replica that waits is to go there.
    case awaited
    /// It is part of a plan that moves replicas and is being carried out.
    case planned
    /// Too many agents are silent: nothing is given back until it is clear what is true.
    case halted
    /// The serve tier is silent: what it will want is not known.
    case serveSilent = "serve_silent"
    /// Without it there would be fewer than `min_workers`.
    case minWorkers = "min_workers"
    /// It is the room that is kept free.
    case headroom
    /// Somebody asked for nodes of this size (`request_resources`).
    case standing
    /// It has not been idle for its timeout.
    case idleTimeout = "idle_timeout"
    /// Its agent has not yet obeyed the latest orders, so it may still hold what was there.
    case unobeyed
    /// A replica waits that would fit on this type, but for something that passes.
    case wanted
    /// Nothing keeps it: it goes in the next steps.
    case due

    /// - Parameter detail: what the reason is about: a replica, a count, a span; see `KeptNode`.
    package func sentence(_ detail: String) -> String {
        switch self {
        case .ownMachine: "It is this machine itself."
        case .coming: "It is on its way, and may yet be needed."
        case .draining: "It is being emptied: \(detail.hasSuffix(".") ? String(detail.dropLast()) : detail)."
        case .held:
            "The provider calls its machine \"\(detail)\", which is not understood, so nothing is done to it."
        case .fitsNowhere: "\(detail) is there and fits on no other node."
        case .replicas: "It has \(detail)."
        case .awaited: "\(detail) waits for it."
        case .serveSilent: "The serve tier is silent, and nothing is given back until it says what it wants."
        case .minWorkers: "min_workers of its type is \(detail)."
        case .planned: "It is part of plan \(detail), which is being carried out."
        case .halted: "Nothing is given back now: \(detail)."
        case .headroom: "It is the room that headroom keeps free."
        case .standing: "Somebody asked for nodes of this size, whatever runs."
        case .idleTimeout: "It has not been idle for its timeout of \(detail)."
        case .unobeyed: "It is idle, but its agent has not yet said that the latest orders are obeyed."
        case .wanted: "It is idle, but \(detail) waits, and would fit there but for something that passes."
        case .due: "Nothing keeps it: it is due."
        }
    }
}
