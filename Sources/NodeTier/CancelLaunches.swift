import Model
import Provisioning
import Store

extension NodeStep {
    /// Nodes on their way that nobody waits for any more are not waited for either. Not those of a minimum, of a plan or of
    /// room that is kept free; and only after a short while, so that demand that flaps does not buy anew each time.
    mutating func cancelLaunches() {
        let planned = nodesOfPlans
        let kept = nodesKept()
        var staying: [String: Int] = [:]
        for node in nodes(in: [.requested, .booting, .ready]) { staying[node.type, default: 0] += 1 }
        // The latest goes first: it has the longest way to go.
        let coming = nodes(in: [.requested, .booting]).filter { !$0.provider.isEmpty }.sorted {
            $0.createdAt != $1.createdAt ? $0.createdAt > $1.createdAt : $0.id > $1.id
        }
        for node in coming {
            guard var note = state.nodeNotes[node.id] else { continue }
            let type = typeByName[node.type]
            let least = min(type?.minWorkers ?? 0, type?.maxWorkers ?? 0)
            let isNeeded =
                awaited.contains(node.id) || planned.contains(node.id) || kept.contains(node.id)
                || staying[node.type] ?? 0 <= least || isHeld(node)
            if isNeeded {
                note.unneededAt = nil
                put(note)
                continue
            }
            note.unneededAt = note.unneededAt ?? now
            put(note)
            staying[node.type, default: 0] -= 1
            let due = (note.unneededAt ?? now) + ConsolidationRule.cancelGrace
            if due <= now {
                terminate(node.id, rule: "not_needed", because: "nobody waits for it any more")
            } else {
                wake(at: due)
            }
        }
    }
}
