import Model
import Store

/// What rows ask the provider for, and since when. L-02, before the end of a run.
struct DueCalls {
    /// A call that is due leaves within this of a tier that can make it, also after one that hung.
    static let waitMax: Int64 = 120_000_000

    /// Of nodes whose call is due: calls made for it, and since when no other has been.
    private var since: [NodeID: (attempts: Int, at: Int64)] = [:]

    /// - Parameter head: whose work it is.
    mutating func breaches(_ state: ClusterState, _ head: NodeHead?, diskFullUntil: Int64, now: Int64)
        -> [Breach]
    {
        guard let head, head.state == .up, let store = head.store, !state.isReadopting else {
            since = [:]
            return []
        }
        let due = state.nodes.values.filter { node in
            !node.provider.isEmpty && node.nextTryAt.map { $0 <= store.now() } ?? true
                && (node.phase == .requested || (node.phase == .terminating && node.instance != nil))
        }
        let ids = Set(due.map(\.id))
        since = since.filter { ids.contains($0.key) }
        // A provider that says it is called too often is called seldom, and lists come first.
        let throttled = state.paces.values.map { now - (store.now() - $0.throttledAt).micros }.max() ?? 0
        let able = max(head.ableSince, diskFullUntil, throttled)
        var found: [Breach] = []
        for node in due.sorted(by: { $0.id < $1.id }) {
            guard let known = since[node.id], known.attempts == node.attempts, known.at >= able else {
                since[node.id] = (node.attempts, max(now, able))
                continue
            }
            guard now - known.at > Self.waitMax else { continue }
            let seconds = (now - known.at) / 1_000_000
            found.append(
                Breach(
                    "L-02",
                    "\(node.id) is \(node.phase), and the provider has not been asked for \(seconds) s"))
        }
        return found
    }
}
