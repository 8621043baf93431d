import Model

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
    /// The machine takes 2 to 50 times its boot delay.
    case slowBoot
    /// Promise 1 is broken: a second machine with the same token stands beside the first.
    case duplicateInstance
    /// The new machine gets the id of one that is in no list any more; a new id when there is none such.
    case reusesID

    // list
    /// One machine is missing from one list that claims to be whole.
    case listOmits
    case listFails
    /// The list is as of a moment ago: `Settings.staleSpan` at most.
    case listStale
    /// One instance stands twice in the list.
    case listDuplicates
    /// The instances come in any order.
    case listReorders
    /// The list ends early, and claims to be whole.
    case listTruncated
    /// Nothing is listed, with success.
    case listEmpty
    /// From now on one machine is shown in a state that nobody knows, for `Settings.lieSpan` at most.
    case unknownState
    /// From now on a machine shown as terminated is shown as running, for `Settings.lieSpan` at most; then it
    /// is in no list any more.
    case goesBackwards

    // terminate
    /// Accepted, and forgotten: the machine goes on.
    case terminateLost
    /// Carried out; the caller hears nothing.
    case terminateReplyIsLost
    /// Carried out, as lists and bill show; yet the machine's agent starts, if it has not, and lives on for
    /// `Settings.lingerSpan` at most.
    case joinsAfterTerminate

    // any call
    case throttled
    /// No connection; certainly nothing happened.
    case unavailable
    /// No answer before the caller's deadline, `Settings.hangSpan`. Carried out or not, one as likely as the
    /// other.
    case hangs

    /// One of the four calls of `CloudProvider`.
    public enum Call: String, CaseIterable, Hashable, Sendable {
        case offerings, create, list, terminate
    }

    /// Whether this fault can strike such a call.
    public func strikes(_ call: Call) -> Bool {
        switch self {
        case .launchSucceedsButReplyIsLost, .launchIsLost, .outOfCapacity, .quota, .rejected, .neverBoots,
            .slowBoot, .duplicateInstance, .reusesID:
            call == .create
        case .listOmits, .listFails, .listStale, .listDuplicates, .listReorders, .listTruncated, .listEmpty,
            .unknownState, .goesBackwards:
            call == .list
        case .terminateLost, .terminateReplyIsLost, .joinsAfterTerminate: call == .terminate
        case .throttled, .unavailable, .hangs: true
        }
    }
}

/// Which faults strike when: first the script, then the dice.
///
/// Each rate has dice of its own, and so have the details of each call: what one rate strikes and what a
/// struck call gives depend on the seed and on the number of the call alone, never on other rates or on the
/// script.
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
    private var rates: [(rate: Rate, dice: SeededDice)]
    private let seed: UInt64
    /// Calls of each kind so far.
    private var calls: [CloudFault.Call: Int] = [:]
    /// Calls that each fault has struck so far.
    package private(set) var struck: [CloudFault: Int] = [:]

    /// - Parameter script: each waits for the first call that it can strike, strikes it once and is gone.
    /// - Parameter rates: thrown for in this order at each call; the first that strikes counts.
    public init(script: [CloudFault] = [], rates: [Rate] = [], seed: UInt64 = 0) {
        self.script = script
        self.seed = seed
        self.rates = rates.enumerated().map { place, rate in
            // The second rate of one fault must not strike what the first strikes.
            let earlier = rates[..<place].count { $0.fault == rate.fault }
            return (rate, SeededDice(seed: seed, text: "rate \(rate.fault.rawValue) \(earlier)"))
        }
    }

    /// The fault of this call, if any. Throws the same number of dice whatever strikes.
    public mutating func next(for call: CloudFault.Call) -> CloudFault? {
        calls[call, default: 0] += 1
        var fault: CloudFault?
        for place in rates.indices where rates[place].rate.fault.strikes(call) {
            let strikes = rates[place].dice.strikes(perMille: rates[place].rate.perMille)
            if strikes, fault == nil { fault = rates[place].rate.fault }
        }
        if let place = script.firstIndex(where: { $0.strikes(call) }) { fault = script.remove(at: place) }
        if let fault { struck[fault, default: 0] += 1 }
        return fault
    }

    /// Dice for what the last call of this kind leaves open.
    /// - Parameter purpose: another gives other dice.
    func dice(for call: CloudFault.Call, _ purpose: String) -> SeededDice {
        SeededDice(seed: seed, text: "\(purpose) \(call.rawValue) \(calls[call] ?? 0)")
    }

    /// Adds to the end of the script.
    public mutating func append(_ faults: [CloudFault]) { script += faults }

    /// From now on nothing fails: for the part of a test in which the world must settle.
    public mutating func clear() {
        script = []
        rates = []
    }
}

extension SeededDice {
    /// A number of the range, each about as likely as the others.
    mutating func draw(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(bitPattern: range.upperBound &- range.lowerBound)
        guard width < .max else { return Int64(bitPattern: next()) }
        return range.lowerBound &+ Int64(bitPattern: next() % (width + 1))
    }

    /// A place in a list of `count`, which is not empty.
    mutating func place(of count: Int) -> Int { Int(draw(0...Int64(count - 1))) }

    /// From 1 ms to this long.
    mutating func span(upTo longest: Millis) -> Millis { Millis(draw(1...max(1, longest.rawValue))) }
}
