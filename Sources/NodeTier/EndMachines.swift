import Model
import Store

extension NodeStep {
    /// The machines of the fake cloud, and what ran on this machine itself, were ended on purpose while no tier was
    /// there to see it (`tandem down`). Taken as said, so that nothing is routed to them and their room is bought anew;
    /// machines of another provider are not touched: they go on.
    mutating func endMachines() {
        let reason = "ended by tandem down"
        for node in nodes(in: [.requested, .booting, .ready, .draining, .terminating]) {
            switch node.provider {
            case ProviderSettings.fakeName:
                for id in liveReplicas(on: node.id) { end(id, as: .lost, words: reason) }
                finish(node.id, rule: "down", because: reason)
            case "":
                for id in liveReplicas(on: node.id) { end(id, as: .lost, words: reason) }
            default: break
            }
        }
    }
}
