import Model

/// Counts of replicas by domain and selector: the rows are zones or nodes, the columns the selectors of the rules that look
/// there.
struct Tallies: Sendable {
    let width: Int
    /// Replicas that a selector matches.
    private var all: [Int32]
    /// Of them those that are told first in the plan: all that stand under a spread.
    private var early: [Int32]
    /// Replicas that repel what a selector matches.
    private var repelling: [Int32]
    /// Of the whole plan.
    private(set) var totals: [Int]

    init(width: Int, rows: Int) {
        self.width = width
        all = Array(repeating: 0, count: width * rows)
        early = all
        repelling = all
        totals = Array(repeating: 0, count: width)
    }

    mutating func addRow() {
        for _ in 0..<width {
            all.append(0)
            early.append(0)
            repelling.append(0)
        }
    }

    mutating func removeLastRow() {
        all.removeLast(width)
        early.removeLast(width)
        repelling.removeLast(width)
    }

    func count(_ row: Int, _ selector: Int) -> Int { Int(all[row * width + selector]) }
    func earlyCount(_ row: Int, _ selector: Int) -> Int { Int(early[row * width + selector]) }
    func repels(_ row: Int, _ selector: Int) -> Bool { repelling[row * width + selector] > 0 }

    mutating func add(_ times: Int32, _ row: Int, _ demand: CompiledDemand, _ topology: Topology) {
        for selector in demand.own(topology) {
            all[row * width + selector] += times
            totals[selector] += Int(times)
            if demand.isEarly { early[row * width + selector] += times }
        }
        for rule in demand.rules where rule.repels && rule.topology == topology {
            repelling[row * width + rule.selector] += times
        }
    }
}

/// A rule with its selector's index among those of its topology.
struct CompiledRule: Sendable {
    enum Ask: Sendable {
        case spread(maxSkew: Int)
        case affinity
        case antiAffinity
        /// Never more than this on the node.
        case cap(Int)
    }

    var topology: Topology
    var ask: Ask
    var selector: Int
    /// Its own replica matches.
    var isOwn: Bool
    /// Its place among the soft ones; nil: it is never given up.
    var soft: Int?

    var repels: Bool {
        if case .antiAffinity = ask { soft == nil } else { false }
    }

    var code: Refusal.Code {
        switch ask {
        case .spread: .spread
        case .affinity: .affinity
        case .antiAffinity: .antiAffinity
        case .cap: .maxPerNode
        }
    }
}

/// What a class asks, made ready for many questions.
struct CompiledDemand: Sendable {
    /// Selectors of rules about nodes, and about zones, that its labels match.
    var nodeOwn: [Int] = []
    var zoneOwn: [Int] = []
    var rules: [CompiledRule] = []
    var softs = 0
    /// It stands under a spread, so it is told before those that do not.
    var isEarly = false
    /// Zones that a spread of it counts.
    var zones: [Int] = []
    /// A node could be bought for it, so that there always is one that holds none.
    var buysNode = false

    func own(_ topology: Topology) -> [Int] { topology == .node ? nodeOwn : zoneOwn }
}

