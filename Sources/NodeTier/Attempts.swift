import Cloud
import Model
import Store

extension NodeTier {
    /// A call that leaves is an attempt of a committed intent.
    func noteAttempts(_ calls: [ProviderCall]) throws(StoreError) {
        #if MUTANTS
            if Mutant.sendsUnnoted.isOn { return }
        #endif
        let state = try store.state()
        let nodes = calls.compactMap { call -> NodeID? in
            switch call {
            case .create(let request): request.node
            case .terminate(let node, _): node
            case .offerings, .list: nil
            }
        }
        guard !nodes.isEmpty else { return }
        try store.commit { transaction in
            for id in nodes.sorted() {
                guard var row = state.nodes[id] else { continue }
                row.attempts += 1
                row.epoch = store.epoch
                try transaction.put(row)
            }
        }
    }
}
