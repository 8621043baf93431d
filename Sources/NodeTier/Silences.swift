import Model

/// Which silences of agents the last plan has seen. A tier that rests looks at them by itself: a heartbeat moves every
/// moment at which silence would mean something, and is no reason to plan.
struct Silences {
    private struct Watched {
        /// Silences that mean something.
        var spans: [Millis]
        /// How many of them the agent had been silent for.
        var passed: Int
    }

    private var watched: [NodeID: Watched] = [:]
    /// No silence can mean anything before then: heartbeats since the last look move it only further away.
    private(set) var wake: Moment?

    init() {}

    /// - Parameter nodes: those that matter, with the silences that mean something.
    /// - Parameter heard: when an agent was last heard.
    init(_ nodes: [NodeID: [Millis]], _ now: Moment, heard: (NodeID) -> Moment) {
        for (node, spans) in nodes {
            watched[node] = Watched(spans: spans, passed: Self.passed(spans, since: heard(node), now))
        }
        wake = next(now, heard: heard)
    }

    private static func passed(_ spans: [Millis], since heard: Moment, _ now: Moment) -> Int {
        spans.count { heard + $0 <= now }
    }

    /// True for one whose silence meant something: that it speaks is news.
    func isSilent(_ node: NodeID) -> Bool { (watched[node]?.passed ?? 0) > 0 }

    /// False: an agent has been silent for longer than the plan knew. (That one speaks again is the caller's to see.)
    mutating func hold(_ now: Moment, heard: (NodeID) -> Moment) -> Bool {
        guard let wake, wake <= now else { return true }
        self.wake = next(now, heard: heard)
        return watched.allSatisfy {
            Self.passed($0.value.spans, since: heard($0.key), now) <= $0.value.passed
        }
    }

    /// When the next silence will mean something, if nobody speaks.
    private func next(_ now: Moment, heard: (NodeID) -> Moment) -> Moment? {
        watched.compactMap { node, watched in
            let since = heard(node)
            return watched.spans.map { since + $0 }.filter { $0 > now }.min()
        }.min()
    }
}
