import Model

/// Which silences of agents the last plan has seen. A tier that rests looks at them by itself: a heartbeat moves every
/// moment at which silence would mean something, and is no reason to plan.
struct Silences {
    /// Each node that matters, with how many of the spans its agent had been silent for.
    private var seen: [NodeID: Int] = [:]
    private var spans: [Millis] = []
    /// No silence can mean anything before then: heartbeats since the last look move it only further away.
    private var next: Moment?

    init() {}

    /// - Parameter spans: silences that mean something.
    /// - Parameter heard: when an agent was last heard.
    init(_ nodes: Set<NodeID>, _ spans: [Millis], _ now: Moment, heard: (NodeID) -> Moment) {
        self.spans = spans
        for node in nodes { seen[node] = Self.passed(spans, since: heard(node), now) }
        next = wake(now, heard: heard)
    }

    private static func passed(_ spans: [Millis], since heard: Moment, _ now: Moment) -> Int {
        spans.count { heard + $0 <= now }
    }

    /// True for one whose silence meant something: that it speaks is news.
    func isSilent(_ node: NodeID) -> Bool { (seen[node] ?? 0) > 0 }

    /// False: an agent has been silent for longer than the plan knew. (One that speaks again is the caller's to see.)
    mutating func hold(_ now: Moment, heard: (NodeID) -> Moment) -> Bool {
        guard let next, next <= now else { return true }
        self.next = wake(now, heard: heard)
        return seen.allSatisfy { Self.passed(spans, since: heard($0.key), now) <= $0.value }
    }

    /// When the next silence may mean something; nothing does before.
    var wake: Moment? { next }

    private func wake(_ now: Moment, heard: (NodeID) -> Moment) -> Moment? {
        seen.keys.compactMap { node in
            let since = heard(node)
            return spans.map { since + $0 }.filter { $0 > now }.min()
        }.min()
    }
}
