/// The ways in which real providers fail, by name. `MemoryCloud` carries them out.
public enum CloudFault: String, CaseIterable, Hashable, Sendable {
    // create
    /// The machine is made; the caller hears nothing.
    case launchSucceedsButReplyIsLost
    /// Nothing is made; the caller hears nothing.
    case launchIsLost
    case outOfCapacity
    case quota
    case rejected
    /// The machine is made and never starts its agent.
    case neverBoots
    /// Promise 1 is broken: a second machine with the same token stands beside the first.
    case duplicateInstance

    // list
    /// One machine is missing from one list that claims to be whole.
    case listOmits
    case listFails

    // terminate
    /// Accepted, and forgotten: the machine goes on.
    case terminateLost
    /// Carried out; the caller hears nothing.
    case terminateReplyIsLost

    // any call
    case throttled
    /// No connection; certainly nothing happened.
    case unavailable

    /// One of the four calls of `CloudProvider`.
    public enum Call: String, CaseIterable, Hashable, Sendable {
        case offerings, create, list, terminate
    }

    /// Whether this fault can strike such a call.
    public func strikes(_ call: Call) -> Bool {
        switch self {
        case .launchSucceedsButReplyIsLost, .launchIsLost, .outOfCapacity, .quota, .rejected, .neverBoots,
            .duplicateInstance:
            call == .create
        case .listOmits, .listFails: call == .list
        case .terminateLost, .terminateReplyIsLost: call == .terminate
        case .throttled, .unavailable: true
        }
    }
}

/// Which faults strike when: first the script, then the dice.
public struct FaultPlan: Sendable {
    /// How often a fault strikes the calls that it can strike.
    public struct Rate: Hashable, Sendable {
        /// What goes wrong.
        public var fault: CloudFault
        /// Of a thousand such calls.
        public var perMille: Int

        public init(_ fault: CloudFault, perMille: Int) {
            self.fault = fault
            self.perMille = perMille
        }
    }

    private var script: [CloudFault]
    private let rates: [Rate]
    private var dice: SeededDice

    /// - Parameter script: each waits for the first call that it can strike, strikes it once and is gone.
    /// - Parameter rates: thrown for in this order at each call; the first that strikes counts.
    public init(script: [CloudFault] = [], rates: [Rate] = [], seed: UInt64 = 0) {
        self.script = script
        self.rates = rates
        dice = SeededDice(seed: seed)
    }

    /// The fault of this call, if any. Throws the same number of dice whatever strikes.
    public mutating func next(for call: CloudFault.Call) -> CloudFault? {
        var struck: CloudFault?
        for rate in rates where rate.fault.strikes(call) {
            if dice.strikes(perMille: rate.perMille), struck == nil { struck = rate.fault }
        }
        if let place = script.firstIndex(where: { $0.strikes(call) }) { return script.remove(at: place) }
        return struck
    }

    /// Adds to the end of the script.
    public mutating func append(_ faults: [CloudFault]) { script += faults }

    /// From now on nothing fails: for the part of a test in which the world must settle.
    public mutating func clear() { self = FaultPlan() }
}
