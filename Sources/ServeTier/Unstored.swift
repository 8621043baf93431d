import Model
import Store

/// Load that was heard and is not in SQLite yet.
struct Unstored {
    /// Kept while commits fail; beyond it the oldest go.
    static let rowsMax = 100_000

    private(set) var rows: [LoadBucketRow] = []
    private var places: [DeploymentID: [Int]] = [:]
    private var last: [Source: Int64] = [:]

    private struct Source: Hashable {
        var deployment: DeploymentID
        var proxy: String
        var incarnation: String
    }

    var isEmpty: Bool { rows.isEmpty }

    /// In the order in which they were heard.
    func of(_ deployment: DeploymentID) -> [LoadBucketRow] { (places[deployment] ?? []).map { rows[$0] } }

    /// The newest sequence here; nil: none is.
    func lastSequence(_ deployment: DeploymentID, proxy: String, incarnation: String) -> Int64? {
        last[Source(deployment: deployment, proxy: proxy, incarnation: incarnation)]
    }

    mutating func add(_ row: LoadBucketRow) {
        places[row.deployment, default: []].append(rows.count)
        rows.append(row)
        last[Source(deployment: row.deployment, proxy: row.proxy, incarnation: row.incarnation)] =
            row.sequence
    }

    /// After a report: keeps within the bound.
    mutating func cut() {
        guard rows.count > Self.rowsMax else { return }
        let rest = rows.suffix(Self.rowsMax)
        self = Unstored()
        for row in rest { add(row) }
    }
}
