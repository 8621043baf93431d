import Model
import Store

extension ServeStep {
    /// Writes the step in one transaction, in a fixed order.
    func write(to transaction: StoreTransaction, unixMillis: Int64) throws {
        for name in touchedApplications.sorted() {
            if let row = state.applications[name] { try transaction.put(row) }
        }
        for id in touchedDeployments.sorted() {
            if let row = state.deployments[id] { try transaction.put(row) }
        }
        for id in touchedScalings.sorted() {
            if let row = state.scalings[id] { try transaction.put(row) }
        }
        for id in touchedReplicas.sorted() {
            if let row = replicas[id] { try transaction.put(row) }
        }
        if numbersTaken > 0 { _ = try transaction.nextReplicaSerial(Int(numbersTaken)) }
        if let taken { try transaction.put(taken) }
        try writeStarts(to: transaction, unixMillis: unixMillis)
        for id in removedReplicas.sorted() { try transaction.delete(ReplicaRow.self, id) }
        for id in removedDeployments.sorted() {
            try transaction.delete(DeploymentRow.self, id)
            if state.scalings[id] != nil { try transaction.delete(ScalingRow.self, id) }
            // Or it would count as the load of the next one of that name.
            try transaction.forgetLoad(of: id)
        }
        for name in removedApplications.sorted() { try transaction.delete(ApplicationRow.self, name) }
        for id in removedProxies.sorted() { try transaction.delete(ProxyRow.self, id) }
        try transaction.record(decisions, at: now)
    }

    private func writeStarts(to transaction: StoreTransaction, unixMillis: Int64) throws {
        for start in starts {
            guard let deployment = state.deployments[start.deployment] else { continue }
            let first = try transaction.nextReplicaSerial(start.count)
            let gang = deployment.settings.gang.map { Int64($0.size) }
            var row = ReplicaRow(
                id: ReplicaID(deployment.id, serial: first), version: deployment.version,
                settings: deployment.settings.replica, buys: start.buys, createdAt: now,
                createdUnixMs: unixMillis)
            for serial in first..<(first + Int64(start.count)) {
                row.gang = gang.map { first + (serial - first) / $0 * $0 }
                try transaction.put(row.another(ReplicaID(deployment.id, serial: serial)))
            }
        }
    }

    /// Proxies long silent are forgotten once another one speaks: the last one's figures are all there is.
    mutating func forgetProxies(after silence: Millis) {
        let silent = state.proxies.filter { id, _ in
            lastHeard(id) + silence <= now
        }
        guard silent.count < state.proxies.count else { return }
        if state.proxies.count > 1 {
            wake(at: state.proxies.keys.map { lastHeard($0) + silence }.filter { $0 > now }.min())
        }
        for id in silent.keys.sorted() { forget(proxy: id) }
    }

    /// Deleted deployments go when their last replica has.
    mutating func removeDeleted() {
        eachLooked { step, id in
            #if MUTANTS
                if Mutant.deletesAtOnce.isOn, step.state.deployments[id]?.deleting == true { step.remove(id) }
            #endif
            if step.state.deployments[id]?.deleting == true, step.replicas(of: id).isEmpty { step.remove(id) }
        }
    }
}
