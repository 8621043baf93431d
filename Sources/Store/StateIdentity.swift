import Foundation
import GRDB
import Model
import Schema

/// Which database a cluster runs on, and how far it had come: what tells it from an empty one, another one
/// and an older copy of itself. Kept beside the database as `cluster.json`; what is there is never ahead of
/// the database.
package struct StateIdentity: Codable, Equatable, Sendable {
    /// Of the cluster.
    package var uuid: String
    /// Never falls; see `StoreTransaction.raiseClusterGeneration`.
    package var clusterGeneration: Int64
    /// Of the latest holder of each role; 0: it was never taken.
    package var serveEpoch: Int64
    package var nodesEpoch: Int64
    /// Sequence of the newest change ever made, also of one that was trimmed since.
    package var change: Int64

    package init(
        uuid: String, clusterGeneration: Int64, serveEpoch: Int64, nodesEpoch: Int64, change: Int64
    ) {
        self.uuid = uuid
        self.clusterGeneration = clusterGeneration
        self.serveEpoch = serveEpoch
        self.nodesEpoch = nodesEpoch
        self.change = change
    }

    /// What `cluster.json` of a state directory says, without a look at the database. Nil: it is not there,
    /// so no cluster ran here, or one of a version that kept none.
    /// - Throws: `misplaced` when it is damaged, `unwritable` when it cannot be read.
    package static func read(directory: String) throws(StoreError) -> StateIdentity? {
        let side = SideFile.file(StateDirectory(directory))
        switch try side.read() {
        case .absent: return nil
        case .good(let identity): return identity
        case .damaged(let how): throw .misplaced(how)
        }
    }

    /// What the database itself says; nil when it holds no cluster.
    init?(_ db: Database) throws {
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID,
            try Opening.version(db) > 0,
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT uuid, cluster_generation,
                      coalesce((SELECT epoch FROM role WHERE role = 'serve'), 0),
                      coalesce((SELECT epoch FROM role WHERE role = 'nodes'), 0),
                      coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0)
                    FROM cluster
                    """)
        else { return nil }
        // AUTOINCREMENT remembers in sqlite_sequence, so that no trimming lowers the newest change.
        let counts = (1...4).compactMap { Int64.fromDatabaseValue(row[$0]) }
        guard let uuid = String.fromDatabaseValue(row[0]), counts.count == 4 else {
            throw StoreError.corrupt("table cluster holds \(row)")
        }
        self.init(
            uuid: uuid, clusterGeneration: counts[0], serveEpoch: counts[1], nodesEpoch: counts[2],
            change: counts[3])
    }

    private var counts: [(name: String, value: Int64)] {
        [("serve epoch", serveEpoch), ("nodes epoch", nodesEpoch), ("newest change", change)]
    }

    /// Why `database` is not what this was written of; nil: it is that, as far on or farther. A higher
    /// cluster generation outranks everything written under a lower one, also counts that begin anew (a
    /// readopted state).
    func objection(to database: StateIdentity) -> String? {
        guard database.uuid == uuid else {
            return "it belongs to cluster \(database.uuid), here ran cluster \(uuid)"
        }
        guard database.clusterGeneration == clusterGeneration else {
            guard database.clusterGeneration < clusterGeneration else { return nil }
            return Self.older("cluster generation", database.clusterGeneration, clusterGeneration)
        }
        for (known, found) in zip(counts, database.counts) where found.value < known.value {
            return Self.older(known.name, found.value, known.value)
        }
        return nil
    }

    private static func older(_ name: String, _ found: Int64, _ known: Int64) -> String {
        "it is an older copy (\(name) \(found), it had come to \(known))"
    }

    /// The farther of each; the two are of one cluster.
    func merged(with other: StateIdentity) -> StateIdentity {
        guard clusterGeneration == other.clusterGeneration else {
            return clusterGeneration > other.clusterGeneration ? self : other
        }
        return StateIdentity(
            uuid: uuid, clusterGeneration: clusterGeneration, serveEpoch: max(serveEpoch, other.serveEpoch),
            nodesEpoch: max(nodesEpoch, other.nodesEpoch), change: max(change, other.change))
    }

    var isPlausible: Bool {
        !uuid.isEmpty && clusterGeneration > 0 && serveEpoch >= 0 && nodesEpoch >= 0 && change >= 0
    }
}
