import Model
import Store

/// An agent that spoke and was not understood. It is there, and what runs on its node goes on.
package struct RefusedAgent: Sendable, Equatable {
    package var node: NodeID
    /// For the node's row and for people; one line.
    package var why: String
    package var arrived: Moment

    package init(node: NodeID, why: String, arrived: Moment) {
        self.node = node
        self.why = why
        self.arrived = arrived
    }

    /// True when the later one says nothing that this one did not say.
    func says(thatOf later: RefusedAgent) -> Bool {
        why == later.why
    }
}

/// How a node's `why` says that its agent is refused, and keeps what stood there.
enum RefusalNote {
    private static let head = "its agent is refused: "
    private static let rest = " | before: "

    static func added(_ why: String, to old: String) -> String {
        let old = removed(from: old)
        return head + why + (old.isEmpty ? "" : rest + old)
    }

    static func removed(from text: String) -> String {
        guard text.hasPrefix(head) else { return text }
        let pieces = text.split(separator: rest, maxSplits: 1, omittingEmptySubsequences: false)
        return pieces.count > 1 ? String(pieces[1]) : ""
    }
}

extension NodeStep {
    /// Says at each node that its agent is refused, and no longer where it is understood again. A node that is being
    /// emptied keeps the reason for that.
    mutating func noteRefusals() {
        for node in nodes(in: [.requested, .booting, .ready]) {
            if let agent = refused[node.id] {
                update(node.id) { $0.why = RefusalNote.added(agent.why, to: $0.why) }
            } else if reports[node.id] != nil {
                update(node.id) { $0.why = RefusalNote.removed(from: $0.why) }
            }
        }
    }
}
