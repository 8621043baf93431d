import Model
import NodeTier
import ServeTier
import Store

/// What befalls the database itself, and what an operator then does.
extension World {
    /// The database is put back as it was when it was copied, under the running cluster: the tiers are ended first, as
    /// a person would do it.
    func restoreBackup() {
        guard let backup else { return }
        say("an older database is put back")
        replace(by: backup)
    }

    /// Of the database nothing is left but the file beside it.
    func loseState() {
        say("the database is lost")
        do { replace(by: try SharedMemory()) } catch { violate("disaster", "\(error)") }
    }

    private func replace(by other: SharedMemory) {
        for head in heads { head.crash(self, "the database is replaced", downFor: 1_000_000) }
        do { try memory.replace(with: other) } catch { violate("disaster", "\(error)") }
        checks.restored(self)
    }

    /// An operator has the state made anew, as `tandem state readopt` does; refused while the tiers are well.
    func readopt(_ applications: [ApplicationSettings]) {
        let first = heads.filter { $0.number == 1 }
        let isNeeded = first.contains(where: \.isInSafeMode) && first.allSatisfy { $0.state == .down }
        guard isNeeded || isBeingMadeAnew else {
            return say("operator: the state is well, nothing is made anew")
        }
        isBeingMadeAnew = true
        do {
            let uuid = memory.identity?.uuid ?? ""
            let generation = (memory.identity?.clusterGeneration ?? 0) + 1
            try memory.replace(with: SharedMemory())
            // A new database, and its cluster clock begins as the old one's did: all checks go by one time.
            let beginning = clock.storeAtTheBeginning
            try Store.open(
                .shared(memory), role: .nodes, clock: beginning, pid: pid(), uuid: { uuid },
                firstGeneration: generation
            ).close()
            // Both roles are held to the end: nobody acts before all rows are there.
            let nodes = try Store.open(.shared(memory), role: .nodes, clock: clock.store, pid: pid())
            defer { nodes.close() }
            let serve = try Store.open(.shared(memory), role: .serve, clock: clock.store, pid: pid())
            defer { serve.close() }
            try NodeTier(store: nodes, settings: plan.cluster, tokenFile: "/token").beginReadopt()
            try ServeTier(store: serve).apply(applications)
        } catch {
            // A command that was broken off leaves its lock file, and is given again.
            say("operator: the state could not be made anew: \(error)")
            checks.restored(self)
            return after(1_000_000) { $0.readopt(applications) }
        }
        say("operator: the state is made anew")
        isBeingMadeAnew = false
        checks.restored(self)
        checks.applies(applications)
        checks.applied(applications, self)
    }
}
