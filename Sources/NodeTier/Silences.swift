import Model

/// Which silences of agents the last plan has seen. A tier that rests looks at them by itself: a heartbeat moves every
/// moment at which silence would mean something, and is no reason to plan.
struct Silences {
    /// Each node that matters, with how many of the spans its agent had been silent for.
    private var seen: [NodeID: Int] = [:]
    private var spans: [Millis] = []

    init() {}

    /// - Parameter spans: silences that mean something.
    /// - Parameter heard: when an agent was last heard.
    init(_ nodes: Set<NodeID>, _ spans: [Millis], _ now: Moment, heard: (NodeID) -> Moment) {
        self.spans = spans
        for node in nodes { seen[node] = Self.passed(spans, since: heard(node), now) }
    }

    private static func passed(_ spans: [Millis], since heard: Moment, _ now: Moment) -> Int {
        spans.count { heard + $0 <= now }
    }

    /// False: an agent has been silent for longer than the plan knew, or speaks again.
    func hold(_ now: Moment, heard: (NodeID) -> Moment) -> Bool {
        seen.allSatisfy { Self.passed(spans, since: heard($0.key), now) == $0.value }
    }

    /// When the next silence will mean something, if nobody speaks.
    func wake(_ now: Moment, heard: (NodeID) -> Moment) -> Moment? {
        seen.keys.compactMap { node in
            let since = heard(node)
            return spans.map { since + $0 }.filter { $0 > now }.min()
        }.min()
    }
}
