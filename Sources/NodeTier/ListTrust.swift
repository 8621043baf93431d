import Cloud
import Model
import Store

/// When a list of the provider is not believed at once.
enum ListRule {
    /// So many lists in a row must say that more than half of the machines are gone, or all of them, before it is taken
    /// for true: a page that is missing, or a fault of the provider's, looks just like it.
    static let agreeing = 3
}

extension NodeStep {
    /// False: the list shows less than half of the machines that the one before did, or none. It is held and asked again;
    /// nothing follows from it, not even that a machine was absent once.
    ///
    /// Machines that are on their way back by our own wish are not counted: they shall vanish.
    mutating func believes(_ list: [Instance]) -> Bool {
        let known = state.instances.values.filter { seen in
            guard seen.state != InstanceWord.terminated, seen.state != InstanceWord.stopping else {
                return false
            }
            return state.nodes[seen.node].map { [.booting, .ready, .draining].contains($0.phase) } ?? false
        }
        let listed = Set(list.map(\.id))
        let left = known.count { listed.contains($0.instance) }
        guard !known.isEmpty, left == 0 || left * 2 < known.count else {
            release(
                HoldRow.list, rule: "list_agrees", because: "the provider's list shows the machines again")
            return true
        }
        let lists = (state.holds[HoldRow.list]?.count ?? 0) + 1
        if lists >= ListRule.agreeing {
            release(
                HoldRow.list, rule: "list_agrees",
                because: "\(lists) lists in a row show \(left) of \(known.count) machines: it is so")
            return true
        }
        hold(
            HoldRow.list, lists, of: known.count, rule: "list_shrank",
            because: "the provider's list shows \(left) of \(known.count) machines: it is asked again")
        return false
    }
}
