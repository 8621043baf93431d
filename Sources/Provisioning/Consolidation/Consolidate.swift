import Model
import Placement

/// Which nodes can be given up because what stands there has room elsewhere, on nodes there are or on cheaper new ones.
///
/// First come nodes that must go: those that are past their age, and those that are no longer as configured. Then, of those
/// that may be disturbed, a single one whose replicas find room on the others; then several at a time, or for new ones
/// that cost less, by what is saved. A set is taken only if it saves `saving_min` of what its nodes cost, and if what is
/// saved within `payback` pays for the time in which old and new nodes both run. Nothing begins while replicas wait.
///
/// Several moves may be found at once, which share no node. Each holds on its own, whatever becomes of the others, and
/// together with all of them: a plan that is given up takes no other with it.
///
/// Sources: Karpenter's order of methods and its order of candidates by price and disruption; it takes several nodes into
/// one at most, here several may become several. Its threads on thresholds are named at `ConsolidationSettings`.
package func consolidate(_ input: ConsolidationInput) -> ConsolidationPlan {
    var search = ConsolidationSearch(input)
    search.run()
    return search.plan
}

/// Whether a plan made earlier still holds on what is there now.
/// - Parameters:
///   - most: what its new nodes may cost that are not there yet.
///   - saves: it has to save enough still; false once what its new nodes cost is spent.
/// - Returns: nil: it does; else why not.
package func objection(
    to gives: [Int], in input: ConsolidationInput, cause: DisruptionCause, most: Int64, saves: Bool
) -> String? {
    for give in gives {
        guard let stay = input.nodes[give].stay, stay.code != .planned else { continue }
        let detail = stay.detail.isEmpty ? "" : " (\(stay.detail))"
        return "\(input.nodes[give].node) must stay: \(stay.code.rawValue)\(detail)"
    }
    if input.isWaiting { return "replicas wait for a place" }
    var trials = Trials(input)
    guard let move = trials.without(gives, most: most, for: cause) else {
        return "what stands there no longer has room elsewhere"
    }
    let least = leastSaving(gives, input)
    guard saves, cause == .consolidation, move.saving < least else { return nil }
    return "it would save \(Money.text(move.saving)) USD an hour, less than \(Money.text(least))"
}

/// What giving up these nodes must save, and always something: a node is never replaced by one of the same price.
func leastSaving(_ gives: [Int], _ input: ConsolidationInput) -> Int64 {
    let price = gives.reduce(Int128(0)) { $0 + Int128(input.nodes[$1].price) }
    return max(1, Int64(clamping: (price * Int128(input.settings.savingMin.rawValue) + 999) / 1000))
}

struct ConsolidationSearch {
    /// From an order to move to the last replica's readiness elsewhere, as it is reckoned with for one node after the other.
    static let moveTime = Millis(60_000)
    /// Nodes that one plan gives up, at most. (Karpenter: 100. Each plan costs a pause before it begins.)
    static let nodesMax = 200
    /// So many nodes in a row that cannot be emptied, the best candidates first: the rest is looked at one by one, in turn.
    static let refusalsMax = 16
    /// Up to so many candidates every set is tried.
    static let exactMax = 6

    let input: ConsolidationInput
    var trials: Trials
    var plan = ConsolidationPlan()
    var stays: [Int: NodeStay] = [:]
    var best: Move?
    private(set) var allowance = 0
    /// Nodes that moves name.
    private var given: Set<Int> = []
    var savings = SavingSearch()

    init(_ input: ConsolidationInput) {
        self.input = input
        trials = Trials(input)
    }

    mutating func run() {
        var (forced, free) = candidates()
        if input.isWaiting {
            for index in forced + free { stays[index] = stay(index, .unplaced) }
            (forced, free) = ([], [])
        }
        for cause in [DisruptionCause.expiry, .drift] where plan.moves.count < input.movesMax {
            force(forced.filter { input.nodes[$0].cause == cause }, for: cause)
            take()
        }
        while plan.moves.count < input.movesMax, !free.isEmpty, !trials.isSpent {
            search(free.filter { !given.contains($0) })
            guard best != nil else { break }
            take()
        }
        for index in input.nodes.indices where !given.contains(index) {
            plan.stays.append(stays[index] ?? stay(index, .noSaving))
        }
    }

    /// The best that was found is a move; what is found after it leaves it its room.
    private mutating func take() {
        guard var move = best else { return }
        best = nil
        move.bound = trials.bound(after: move.after)
        plan.moves.append(move)
        given.formUnion(move.gives)
        if plan.moves.count < input.movesMax { trials.keep(move) }
    }

    func stay(_ index: Int, _ code: NodeStay.Code, until: Moment? = nil, _ detail: String = "")
        -> NodeStay
    {
        NodeStay(input.nodes[index].node, code, until: until, detail: detail)
    }

    // MARK: - Who comes into question

    /// Nodes that must go, and others that may; dearest for each disturbed replica first.
    private mutating func candidates() -> (forced: [Int], free: [Int]) {
        var (forced, free) = ([Int](), [Int]())
        for (index, node) in input.nodes.enumerated() {
            if let stay = node.stay {
                stays[index] = stay
                plan.wake = Moment.earliest(plan.wake, stay.until.flatMap { $0 > input.now ? $0 : nil })
            } else if node.cause != nil {
                forced.append(index)
            } else if !input.settings.isOn {
                stays[index] = stay(index, .off)
            } else if node.replicas.isEmpty {
                stays[index] = stay(index, .idle)
            } else if let until = wait(node.createdAt + input.settings.ageMin) {
                stays[index] = stay(index, .young, until: until)
            } else if let until = wait(node.changedAt + input.settings.after) {
                stays[index] = stay(index, .unsettled, until: until)
            } else if node.price > 0 {
                free.append(index)
            }
        }
        forced.sort {
            let (a, b) = (input.nodes[$0], input.nodes[$1])
            return a.createdAt != b.createdAt ? a.createdAt < b.createdAt : a.node < b.node
        }
        free.sort {
            let (a, b) = (input.nodes[$0], input.nodes[$1])
            let one = Int128(a.price) * Int128(b.count + 1)
            let other = Int128(b.price) * Int128(a.count + 1)
            return one != other ? one > other : a.node < b.node
        }
        return (forced, free)
    }

    /// Nil: it is past.
    private mutating func wait(_ until: Moment) -> Moment? {
        guard until > input.now else { return nil }
        plan.wake = Moment.earliest(plan.wake, until)
        return until
    }

    /// False: the budgets leave no room for any of them.
    mutating func allows(_ cause: DisruptionCause, _ nodes: [Int]) -> Bool {
        let allowed = Allowance(
            input.budgets, for: cause, there: input.there, disturbed: input.disturbed + given.count,
            unixMinute: input.unixMinute)
        allowance = allowed.nodes
        guard allowed.nodes < 1 else { return true }
        for index in nodes where stays[index] == nil { stays[index] = stay(index, .budget, allowed.reason) }
        if allowed.isTimed { plan.waitsForBudget = true }
        return false
    }

    // MARK: - What must go

    /// As many nodes of one cause as may be disturbed, for whatever it costs.
    private mutating func force(_ nodes: [Int], for cause: DisruptionCause) {
        guard !nodes.isEmpty, allows(cause, nodes) else { return }
        best = grow(nodes, refusalsMax: nodes.count) { $0.trials.without($1, most: nil, for: cause) }
        for index in nodes where !(best?.gives.contains(index) ?? false) {
            stays[index] =
                best == nil
                ? stay(index, .needed, cause.rawValue)
                : stay(index, .budget, "others of its kind go first")
        }
    }

    /// The first nodes, and then as many more of them as can go with them, in steps that double while they can and halve
    /// while they cannot.
    /// - Parameter refusalsMax: nodes in a row that cannot go with the others: then there are enough.
    mutating func grow(
        _ nodes: [Int], refusalsMax: Int, _ tryOut: (inout Self, [Int]) -> Move?
    ) -> Move? {
        let most = min(Self.nodesMax, max(allowance, 1))
        var found: Move?
        var (place, size, refusals) = (0, 1, 0)
        while place < nodes.count, !trials.isSpent, refusals < refusalsMax {
            let gives = found?.gives ?? []
            let chunk = nodes[place...].prefix(min(size, most - gives.count))
            guard !chunk.isEmpty else { break }
            if let move = tryOut(&self, gives + chunk) {
                found = move
                place += chunk.count
                (size, refusals) = (chunk.count * 2, 0)
            } else if chunk.count == 1 {
                place += 1
                refusals += 1
            } else {
                size = chunk.count / 2
            }
        }
        return found
    }
}

/// How often, how long and how many.
package enum ConsolidationRule {
    /// Plans that are carried out at a time, at most: each is tried out at each of its edges.
    package static let plansMax = 8
    /// Nodes are looked at no more often (Karpenter: 10 s).
    package static let lookEvery = Millis(10_000)
    /// A plan waits so long before it begins, and is dropped if the world has changed by then (Karpenter: 15 s).
    package static let thinkFor = Millis(15_000)
    /// The next edge of a plan is due within this, or it is given up: a replica that takes longer to become ready
    /// elsewhere stays where it is.
    package static let edgeMax = Millis(600_000)
    /// Nodes of a plan that was given up are left alone for so long (Cluster Autoscaler re-checks after 5 minutes).
    package static let pause = Millis(300_000)
    /// A launch that nobody needs any more is cancelled after so long: demand that flaps does not buy anew each time.
    package static let cancelGrace = Millis(30_000)
    /// What is reckoned with until boot times of a type were measured.
    package static let bootTime = Millis(120_000)
    /// Plans that are over and kept for people.
    package static let plansKept = 50
}
