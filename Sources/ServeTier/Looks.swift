import Model
import Store

/// Looks at a load after which all is as before: what they leave, the time of the look, is known to the process at once and
/// written every few seconds. A tier that was killed in between takes the same looks again, with the same outcome: they go by
/// the load that is stored, and change nothing. Written with every commit it would be a row for each deployment a second.
struct Looks {
    private struct Look {
        var lookedAt: Moment?
        var lookAt: Moment?
        var served: Int
        /// What the row in SQLite says.
        var stored: Moment
    }

    private var unwritten: [DeploymentID: Look] = [:]

    /// At most that long after a look its time is written, each deployment at a pace of its own, so that a thousand which
    /// were deployed together are not written together for ever.
    static func writtenEvery(_ id: DeploymentID) -> Millis {
        let dice = Fingerprint(of: id.rawValue).value >> 20  // the high bits are the better mixed
        return TierPace.renewEvery + Millis(Int64(dice % UInt64(TierPace.renewEvery.rawValue)))
    }

    /// When the look was that SQLite knows of; nil: what the state says is what is there.
    func stored(_ id: DeploymentID) -> Moment? { unwritten[id]?.stored }

    /// The state as this process knows it.
    func apply(to state: inout ClusterState) {
        for (id, look) in unwritten {
            guard var row = state.scalings[id] else { continue }
            (row.lookedAt, row.lookAt, row.served) = (look.lookedAt, look.lookAt, look.served)
            state.scalings[id] = row
        }
    }

    /// A step is done: what it wrote is in SQLite, what it merely looked at is here.
    mutating func done(_ step: ServeStep) {
        for id in step.touchedScalings { unwritten[id] = nil }
        for id in step.removedDeployments { unwritten[id] = nil }
        for (id, stored) in step.merelyLooked where !step.touchedScalings.contains(id) {
            guard let row = step.state.scalings[id] else { continue }
            unwritten[id] = Look(
                lookedAt: row.lookedAt, lookAt: row.lookAt, served: row.served, stored: stored)
        }
    }
}
