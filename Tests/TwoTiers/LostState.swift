import Model
import NodeTier
import ServeTier
import Store

extension TwoTiers {
    /// Both tiers end, and of their database nothing is left but the file beside it.
    package func loseState() throws {
        killServe()
        killNodes()
        // What a process of before was called back with is heard by nobody.
        life += 1
        try memory.replace(with: SharedMemory())
    }

    /// What `tandem state readopt` does: a new database for this cluster, with what is wanted. Both tiers begin on it.
    package func readopt(_ applications: [ApplicationSettings]) throws {
        let uuid = memory.identity?.uuid ?? ""
        let generation = (memory.identity?.clusterGeneration ?? 0) + 1
        // Made at the same instant of the boot clock as the first one, so that both have one time.
        let (time, first) = (time, -offset)
        let then = StoreClock(
            bootMillis: { first }, unixMillis: { 1_700_000_000_000 + time.bootMillis }, bootID: { "boot" })
        try Store.open(
            .shared(memory), role: .nodes, clock: then, pid: 2, uuid: { uuid }, firstGeneration: generation
        ).close()
        let store = try Store.open(.shared(memory), role: .nodes, clock: time.clock, pid: 2)
        try NodeTier(store: store, settings: settings, tokenFile: "/token").beginReadopt()
        store.close()
        try openServe()
        try apply(applications)
        try openNodes()
    }

    /// How far the state has been made anew.
    package func readoptPhase() throws -> ReadoptRow.Phase? { try state().readopt?.phase }
}
