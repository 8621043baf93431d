import Model
import Placement
import Provisioning
import Wire

extension WorldRequest {
    init(_ reader: Reader) throws(WorldProblem) {
        let fields = try reader.object([
            "id", "count", "resources", "labels", "label_selector", "fallback_strategy", "spread", "affinity",
            "anti_affinity", "max_per_node", "gang", "bundles", "strategy", "priority",
        ])
        id = try reader.at("id", fields["id"] ?? .null).name()
        count = try reader.at("count", fields["count"] ?? .whole(1)).whole(0...Reader.countMax)
        ask = try reader.at("resources", fields["resources"] ?? .object([:])).ask()
        selectors = try Self.selectors(reader, fields)
        if let value = fields["labels"] { labels = try reader.at("labels", value).labels() }
        for (key, kind) in [("spread", 0), ("affinity", 1), ("anti_affinity", 2)] {
            guard let value = fields[key], value != .null else { continue }
            for entry in try reader.at(key, value).list() { rules.append(try entry.rule(kind)) }
        }
        if let value = fields["max_per_node"], value != .null {
            maxPerNode = try reader.at("max_per_node", value).whole(1...Reader.countMax)
        }
        if let value = fields["gang"], value != .null { gang = try reader.at("gang", value).name() }
        if let value = fields["priority"] {
            priority = try reader.at("priority", value).whole(-Reader.countMax...Reader.countMax)
        }
        try readBundles(reader, fields)
    }

    /// What is asked for first, then what will do as well.
    ///
    /// Source: Ray 2.60, `label_selector` and `fallback_strategy`, a list of objects with a `label_selector` each.
    private static func selectors(
        _ reader: Reader, _ fields: [String: JSONValue]
    ) throws(WorldProblem) -> [LabelSelector] {
        var texts: [Reader] = []
        if let value = fields["label_selector"], value != .null {
            texts.append(reader.at("label_selector", value))
        }
        if let value = fields["fallback_strategy"], value != .null {
            if texts.isEmpty { texts.append(reader.at("label_selector", .object([:]))) }
            for entry in try reader.at("fallback_strategy", value).list() {
                let inner = try entry.object(["label_selector"])
                texts.append(entry.at("label_selector", inner["label_selector"] ?? .null))
            }
        }
        var selectors: [LabelSelector] = []
        for text in texts {
            let labels = try text.labels()
            do { selectors.append(try LabelSelector(labels)) } catch { throw text.problem(error.description) }
        }
        return selectors
    }

    private mutating func readBundles(
        _ reader: Reader, _ fields: [String: JSONValue]
    ) throws(WorldProblem) {
        if let value = fields["bundles"], value != .null {
            let place = reader.at("bundles", value)
            for entry in try place.list() { bundles.append(try entry.ask()) }
            guard let first = bundles.first else { throw place.problem("a bundle at least is expected") }
            guard gang == nil else {
                throw place.problem("a request has bundles or is of a gang, not both")
            }
            guard first.resources.covers(ask.resources), first.gpu.milli >= ask.gpu.milli else {
                throw place.problem(
                    "the replica itself stands in the first bundle: its resources are more than that holds")
            }
        }
        guard let value = fields["strategy"], value != .null else { return }
        let place = reader.at("strategy", value)
        guard gang != nil || !bundles.isEmpty else {
            throw place.problem("it says how the parts of a gang or of bundles stand: there are neither")
        }
        strategy = try place.word(Party.Strategy.self)
    }
}

extension Reader {
    /// Billionths of a dollar per hour.
    func price() throws(WorldProblem) -> Int64 {
        var found: Double?
        if case .whole(let number) = value { found = Double(number) }
        if case .number(let number) = value { found = number }
        guard let found, found >= 0, found <= Self.priceMax else {
            throw problem("a price from 0 to \(Int(Self.priceMax)) dollars per hour is expected")
        }
        return Int64((found * 1_000_000_000).rounded())
    }

    /// Dollars per hour.
    private static let priceMax = 1_000_000.0

    fileprivate func ask() throws(WorldProblem) -> WorldAsk {
        var resources = try resources()
        guard let gpu = DeviceAsk(milli: resources[Resources.gpu]) else {
            throw at(Resources.gpu, .null).problem("a part of one device or whole devices are expected")
        }
        resources[Resources.gpu] = 0
        return WorldAsk(resources: resources, gpu: gpu)
    }

    /// - Parameter kind: 0 spread, 1 affinity, 2 anti-affinity.
    fileprivate func rule(_ kind: Int) throws(WorldProblem) -> TopologyRule {
        let keys: Set<String> = ["topology", "selector", "soft"]
        let fields = try object(kind == 0 ? keys.union(["max_skew"]) : keys)
        let topology = try at("topology", fields["topology"] ?? .null).word(Topology.self)
        let selector = try at("selector", fields["selector"] ?? .null).labels()
        let isSoft =
            try fields["soft"].map { value throws(WorldProblem) in try at("soft", value).flag() } ?? false
        let ask: TopologyRule.Ask
        switch kind {
        case 0:
            let skew = try at("max_skew", fields["max_skew"] ?? .whole(1)).whole(1...Self.countMax)
            ask = .spread(maxSkew: skew)
        case 1: ask = .affinity
        default: ask = .antiAffinity
        }
        return TopologyRule(topology: topology, ask: ask, selector: selector, isSoft: isSoft)
    }
}
