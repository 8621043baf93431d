import Model
import Store

extension ServeStep {
    /// Takes a replica off its route, or, if it was never on one, has it stopped at once.
    /// - Parameter most: it may finish what it has for so long, where its deployment does not allow less; nil: no limit.
    mutating func release(_ id: ReplicaID, because reason: String, within most: Millis? = nil) {
        guard let replica = replicas[id], replica.phase == .wanted else { return }
        let timeout = state.deployments[replica.deployment]?.settings.gracefulShutdownTimeout ?? grace
        let span = most.map { min($0, timeout) } ?? timeout
        let now = now
        update(id) { row in
            row.stopReason = reason
            #if MUTANTS
                if Mutant.stopsRouted.isOn { row.routedAt = nil }
            #endif
            if row.routedAt == nil {
                row.phase = .stopping
            } else {
                row.phase = .draining
                row.drainingAt = now
                row.drainDeadline = now + span
            }
        }
        if let node = state.placements[id]?.node { replicasOnNode[node, default: 1] -= 1 }
    }

    /// Draining replicas that every proxy has let go of, or whose time is up, are stopped.
    ///
    /// A proxy silent for `proxySilent` is passed over: it never fences itself, and the replica then refuses its new
    /// connections before a byte, so that such a request is sent elsewhere.
    mutating func stopDrained() {
        let silent = state.setting?.settings.proxySilent ?? ClusterSettings().proxySilent
        eachLooked { step, id in
            for replica in step.replicas(of: id) where replica.phase == .draining {
                step.stop(drained: replica, silentAfter: silent)
            }
        }
    }

    private mutating func stop(drained replica: ReplicaRow, silentAfter silent: Millis) {
        guard let generation = replica.drainGeneration else { return }
        if state.placements[replica.id]?.phase.isFinal ?? true {
            update(replica.id) { $0.phase = .stopping }
            return
        }
        let verdict = holders(of: replica.id, route: generation, silentAfter: silent)
        let late = replica.drainDeadline.map { $0 <= now } ?? true
        if verdict.none || late {
            update(replica.id) { $0.phase = .stopping }
        } else {
            waitingForProxies.insert(replica.deployment)
            wake(at: replica.drainDeadline)
            wake(at: verdict.askAgain)
        }
    }

    /// Whether any proxy that speaks may still send to, or waits for, a replica off its route.
    private func holders(
        of replica: ReplicaID, route generation: Int64, silentAfter: Millis
    ) -> (none: Bool, askAgain: Moment?) {
        var askAgain: Moment?
        var none = true
        // With the state, the list of proxies was lost: whoever has not spoken yet may hold it.
        if let anew = state.readoptTaken.map({ $0.takenAt + silentAfter }), now < anew {
            (none, askAgain) = (false, anew)
        }
        // Also one that was heard for the first time just now and has no row yet.
        for id in Set(state.proxies.keys).union(heard.keys).union(refused.keys)
            .subtracting(removedProxies).sorted()
        {
            let last = lastHeard(id)
            if last + silentAfter <= now { continue }
            #if MUTANTS
                if Mutant.ignoresAcknowledgement.isOn { continue }
            #endif
            #if MUTANTS
                if Mutant.forgetsUnheard.isOn, heard[id] == nil { continue }
            #endif
            let report = heard[id]
            let applied = report?.applied[replica.deployment] ?? -1
            let busy = report?.busy[replica] ?? 0
            // A proxy that does not name the deployment has no route of it, and so nothing to let go of.
            let knows = report.map { $0.applied[replica.deployment] != nil } ?? true
            if (knows && applied < generation) || busy > 0 {
                none = false
                let verdict = last + silentAfter
                askAgain = askAgain.map { min($0, verdict) } ?? verdict
            }
        }
        return (none, askAgain)
    }

    /// Rows whose placement says that nothing runs any more, or that never had one, go.
    mutating func removeStopped() {
        eachLooked { step, id in
            for replica in step.replicas(of: id) where replica.phase == .stopping {
                if step.state.placements[replica.id]?.phase.isFinal ?? true { step.remove(replica.id) }
            }
        }
    }
}
