import Model

/// Counts of replicas by domain and selector: the rows are zones or nodes, the columns the selectors of the rules that look
/// there.
struct Tallies: Sendable {
    let width: Int
    /// Replicas that a selector matches.
    private var all: [Int32]
    /// Of them those of rank 0, and those of ranks 0 and 1.
    private var first: [Int32]
    private var second: [Int32]
    /// Replicas of rank 1 whose spread counts what a selector matches.
    private var spreading: [Int32]
    /// Replicas that repel what a selector matches.
    private var repelling: [Int32]
    /// Of the whole plan.
    private(set) var totals: [Int]

    init(width: Int, rows: Int) {
        self.width = width
        all = Array(repeating: 0, count: width * rows)
        first = all
        second = all
        spreading = all
        repelling = all
        totals = Array(repeating: 0, count: width)
    }

    mutating func addRow() {
        for _ in 0..<width {
            all.append(0)
            first.append(0)
            second.append(0)
            spreading.append(0)
            repelling.append(0)
        }
    }

    mutating func removeLastRow() {
        all.removeLast(width)
        first.removeLast(width)
        second.removeLast(width)
        spreading.removeLast(width)
        repelling.removeLast(width)
    }

    func count(_ row: Int, _ selector: Int) -> Int { Int(all[row * width + selector]) }

    /// What is told before one of the rank, of what stands there.
    func count(_ row: Int, _ selector: Int, toldBefore rank: Int) -> Int {
        let place = row * width + selector
        return Int(rank == 0 ? first[place] : rank == 1 ? second[place] : all[place])
    }

    /// One of rank 0 that the selector matches would be told before a spread that has not counted it.
    func isCounted(_ row: Int, _ selector: Int) -> Bool { spreading[row * width + selector] > 0 }

    /// Replicas there that repel what a selector matches.
    func repelling(_ row: Int, _ selector: Int) -> Int { Int(repelling[row * width + selector]) }

    /// - Parameter rank: when it is told.
    mutating func add(
        _ times: Int32, _ row: Int, _ demand: CompiledDemand, _ topology: Topology, _ rank: Int
    ) {
        for selector in demand.own(topology) {
            all[row * width + selector] += times
            totals[selector] += Int(times)
            if rank == 0 { first[row * width + selector] += times }
            if rank <= 1 { second[row * width + selector] += times }
        }
        for rule in demand.rules where rank == 1 && rule.topology == topology {
            if case .spread = rule.ask { spreading[row * width + rule.selector] += times }
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
    /// When it is told: 0, with those under a spread over zones, first; 1 with those under a spread over nodes; 2 with the
    /// rest. A spread counts what is told before it, so that the others may stand as they like.
    var rank = 2
    /// Zones that a spread of it counts.
    var zones: [Int] = []
    /// A node could be bought for it, so that there always is one that holds none.
    var buysNode = false

    func own(_ topology: Topology) -> [Int] { topology == .node ? nodeOwn : zoneOwn }
}
