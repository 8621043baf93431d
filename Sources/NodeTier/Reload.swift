import Model
import Store

/// The settings in force, and how they came about.
struct SettingsInForce {
    var settings: ClusterSettings
    /// What the file named at the start said when it was last taken.
    var file: ClusterSettings
    /// Why the latest file was not taken; nil: it was.
    var refused: Refused?

    struct Refused {
        var why: String
        var unixMillis: Int64
    }

    /// What a tier begins with. What was accepted last goes on, unless the file says something that it did not say when
    /// it was last taken: a tier that is killed and started again must not come up with an older file.
    /// - Parameter file: what the file named at the start says; nil: there is none, or it cannot be read.
    /// - Parameter problem: why it cannot be read.
    static func atStart(
        _ state: ClusterState, file: ClusterSettings?, problem: String?, unixMillis: Int64
    ) -> SettingsInForce {
        guard let stored = state.setting else {
            let settings = file ?? ClusterSettings()
            return SettingsInForce(settings: settings, file: settings, refused: nil)
        }
        var inForce = SettingsInForce(settings: stored.settings, file: stored.file, refused: nil)
        guard let file else {
            inForce.refused = problem.map { Refused(why: $0, unixMillis: unixMillis) } ?? Refused(stored)
            return inForce
        }
        guard file != stored.file else { return inForce }
        // Machines that are there are known by their provider and cluster alone.
        let refusals = SettingsDifference(from: stored.settings, to: file).refusals.filter {
            !$0.hasPrefix("ports")
        }
        let hasMachines = state.nodes.values.contains { $0.phase != .gone && !$0.provider.isEmpty }
        if hasMachines, !refusals.isEmpty {
            inForce.refused = Refused(why: refusals.joined(separator: "; "), unixMillis: unixMillis)
            return inForce
        }
        return SettingsInForce(settings: file, file: file, refused: nil)
    }
}

extension SettingsInForce.Refused {
    init?(_ row: SettingRow) {
        guard !row.refused.isEmpty else { return nil }
        self.init(why: row.refused, unixMillis: row.refusedUnixMs ?? 0)
    }
}

/// How a file came to be read again.
package enum ReloadCause: Sendable {
    /// A person asked for it.
    case asked
    /// The file named at the start was looked at: what it said before is nothing new.
    case watched
}

extension NodeTier {
    /// Takes another cluster file while the cluster runs. What it changes is done by ordinary steps: limits, types and
    /// timeouts are read anew by each.
    /// - Parameter isStartFile: it is the one named at the start, so a restart finds nothing new in it.
    /// - Returns: what changes; nothing is done of it when something of it is refused.
    package func reload(
        _ new: ClusterSettings, cause: ReloadCause, isStartFile: Bool, dryRun: Bool
    ) throws(StoreError) -> SettingsDifference {
        let old = inForce
        if case .watched = cause, new == old.file {
            if old.refused != nil, !dryRun {
                try force(SettingsInForce(settings: old.settings, file: old.file, refused: nil))
            }
            return SettingsDifference(from: old.settings, to: old.settings)
        }
        let difference = SettingsDifference(from: old.settings, to: new)
        if dryRun { return difference }
        guard difference.refusals.isEmpty else {
            try refuseFile(because: difference.refusals.joined(separator: "; "))
            return difference
        }
        try force(SettingsInForce(settings: new, file: isStartFile ? new : old.file, refused: nil))
        return difference
    }

    /// A file was not taken: everything stays as it is, and status says why.
    package func refuseFile(because why: String) throws(StoreError) {
        var next = inForce
        guard next.refused?.why != why else { return }
        next.refused = .init(why: why, unixMillis: store.unixMillis())
        try force(next)
    }

    /// The row, and the table of node types that goes with it.
    func writeSettings(to transaction: StoreTransaction, known: [String], _ unixMillis: Int64) throws {
        var row = SettingRow(settings: inForce.settings, appliedUnixMs: unixMillis, file: inForce.file)
        row.refused = inForce.refused?.why ?? ""
        row.refusedUnixMs = inForce.refused?.unixMillis
        try transaction.put(row)
        let names = Set(inForce.settings.nodeTypes.map(\.name))
        for type in inForce.settings.nodeTypes {
            try transaction.put(
                NodeTypeRow(
                    name: type.name, resources: type.resources, minWorkers: type.minWorkers,
                    maxWorkers: type.maxWorkers, idleTimeout: type.idleTimeout ?? inForce.settings.idleTimeout
                ))
        }
        for name in known where !names.contains(name) {
            try transaction.delete(NodeTypeRow.self, name)
        }
    }

    /// Durable before anything is done of it; what cannot be written down is not in force.
    private func force(_ next: SettingsInForce) throws(StoreError) {
        let old = inForce
        inForce = next
        do {
            let known = try store.state().nodeTypes.keys.sorted()
            let unixMillis = store.unixMillis()
            try store.commit { transaction in
                try writeSettings(to: transaction, known: known, unixMillis)
            }
        } catch {
            inForce = old
            throw error
        }
        noteSettingsStored()
    }
}
