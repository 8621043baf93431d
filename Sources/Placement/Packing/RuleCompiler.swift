import Model

/// Gives each selector its index and each class its rules.
struct RuleCompiler {
    private var nodeSelectors = SelectorIndex()
    private var zoneSelectors = SelectorIndex()
    private(set) var demands: [CompiledDemand]
    /// Selectors by topology, with those that count one class alone.
    private(set) var nodeWidth = 0
    private(set) var zoneWidth = 0

    init(_ classes: [DemandClass]) {
        demands = classes.map { _ in CompiledDemand() }
        for (index, one) in classes.enumerated() {
            for rule in one.rules { add(rule, of: one, at: index) }
            guard let most = one.maxPerNode, !one.cappedWith.isEmpty else { continue }
            demands[index].rules.append(
                CompiledRule(
                    topology: .node, ask: .cap(most), selector: nodeSelectors.index(of: one.cappedWith),
                    isOwn: true))
        }
        nodeWidth = nodeSelectors.count
        zoneWidth = zoneSelectors.count
        for (index, one) in classes.enumerated() {
            demands[index].nodeOwn = nodeSelectors.matching(one.labels)
            demands[index].zoneOwn = zoneSelectors.matching(one.labels)
            guard let most = one.maxPerNode, one.cappedWith.isEmpty else { continue }
            demands[index].rules.append(
                CompiledRule(topology: .node, ask: .cap(most), selector: nodeWidth, isOwn: true))
            demands[index].nodeOwn.append(nodeWidth)
            nodeWidth += 1
        }
        settleOrder()
    }

    private mutating func add(_ rule: TopologyRule, of one: DemandClass, at index: Int) {
        let selector: Int
        switch rule.topology {
        case .node: selector = nodeSelectors.index(of: rule.selector)
        case .zone: selector = zoneSelectors.index(of: rule.selector)
        }
        var soft: Int?
        if rule.isSoft {
            soft = demands[index].softs
            demands[index].softs += 1
        }
        let ask: CompiledRule.Ask =
            switch rule.ask {
            case .spread(let maxSkew): .spread(maxSkew: maxSkew)
            case .affinity: .affinity
            case .antiAffinity: .antiAffinity
            }
        if case .spread = rule.ask, !rule.isSoft {
            demands[index].rank = min(demands[index].rank, rule.topology == .zone ? 0 : 1)
        }
        demands[index].rules.append(
            CompiledRule(
                topology: rule.topology, ask: ask, selector: selector, isOwn: rule.matches(one.labels),
                soft: soft))
    }

    /// Where one under a spread needs the company of another, or one that may be the first of its kind would be told after
    /// others of it, the plan is told in the order in which it was made.
    private mutating func settleOrder() {
        // For each selector the lowest rank of those that it matches.
        var onNodes = [Int](repeating: 2, count: nodeWidth)
        var inZones = [Int](repeating: 2, count: zoneWidth)
        for demand in demands where demand.rank < 2 {
            for selector in demand.nodeOwn { onNodes[selector] = min(onNodes[selector], demand.rank) }
            for selector in demand.zoneOwn { inZones[selector] = min(inZones[selector], demand.rank) }
        }
        let isMixed = demands.contains { demand in
            demand.rules.contains { rule in
                guard case .affinity = rule.ask, rule.soft == nil else { return false }
                let lowest = rule.topology == .node ? onNodes[rule.selector] : inZones[rule.selector]
                return demand.rank < 2 || rule.isOwn && lowest < demand.rank
            }
        }
        if isMixed { for index in demands.indices { demands[index].rank = 0 } }
    }

    /// For each class whether an affinity of any other looks for it.
    var wanted: [Bool] {
        var nodes: Set<Int> = []
        var zones: Set<Int> = []
        for rule in demands.flatMap(\.rules) {
            guard case .affinity = rule.ask else { continue }
            if rule.topology == .node { nodes.insert(rule.selector) } else { zones.insert(rule.selector) }
        }
        return demands.map { !nodes.isDisjoint(with: $0.nodeOwn) || !zones.isDisjoint(with: $0.zoneOwn) }
    }

    mutating func settle(_ index: Int, zones: [Int], buysNode: Bool) {
        demands[index].zones = zones
        demands[index].buysNode = buysNode
    }
}

/// Selectors by number, found by their text and by the labels that they match.
private struct SelectorIndex {
    private struct Pair: Hashable {
        var key: String
        var value: String
    }

    private var texts: [[String: String]] = []
    private var known: [[Pair]: Int] = [:]
    /// By the first pair of each; those without one match everything.
    private var byPair: [Pair: [Int]] = [:]
    private var empty: [Int] = []

    var count: Int { texts.count }

    mutating func index(of selector: [String: String]) -> Int {
        let pairs = selector.keys.sorted().map { Pair(key: $0, value: selector[$0] ?? "") }
        if let found = known[pairs] { return found }
        let index = texts.count
        texts.append(selector)
        known[pairs] = index
        if let first = pairs.first { byPair[first, default: []].append(index) } else { empty.append(index) }
        return index
    }

    /// In ascending order.
    func matching(_ labels: [String: String]) -> [Int] {
        var found = empty
        for (key, value) in labels {
            for index in byPair[Pair(key: key, value: value)] ?? [] {
                if texts[index].allSatisfy({ labels[$0.key] == $0.value }) { found.append(index) }
            }
        }
        return found.sorted()
    }
}
