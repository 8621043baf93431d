import Model
import Schema

/// Which tier writes which table. The guard and change triggers are made from this one list.
enum Ownership {
    struct Table {
        let name: String
        let key: String
        /// Nil: both tiers.
        let owner: StoreRole?
        /// Its changes are listed in `change`, so that a tier can follow them row by row.
        let followed: Bool
    }

    static let tables: [Table] = [
        Table(name: "application", key: "name", owner: .serve, followed: true),
        Table(name: "deployment", key: "id", owner: .serve, followed: true),
        Table(name: "capacity", key: "id", owner: .serve, followed: true),
        Table(name: "http_wish", key: "id", owner: .serve, followed: true),
        Table(name: "scaling", key: "deployment", owner: .serve, followed: true),
        Table(name: "serial", key: "id", owner: .serve, followed: false),
        Table(name: "replica", key: "id", owner: .serve, followed: true),
        Table(name: "proxy", key: "id", owner: .serve, followed: true),
        Table(name: "load_bucket", key: "deployment", owner: .serve, followed: false),
        Table(name: "serve_decision", key: "id", owner: .serve, followed: false),
        Table(name: "readopt_taken", key: "id", owner: .serve, followed: true),
        Table(name: "setting", key: "id", owner: .nodes, followed: true),
        Table(name: "standing_demand", key: "resources_json", owner: .nodes, followed: true),
        Table(name: "node_type", key: "name", owner: .nodes, followed: true),
        Table(name: "node", key: "id", owner: .nodes, followed: true),
        Table(name: "node_serial", key: "id", owner: .nodes, followed: false),
        Table(name: "placement", key: "replica", owner: .nodes, followed: true),
        Table(name: "drain_request", key: "node", owner: .nodes, followed: true),
        Table(name: "feasible", key: "deployment", owner: .nodes, followed: true),
        Table(name: "instance_seen", key: "instance", owner: .nodes, followed: true),
        Table(name: "availability", key: "offering", owner: .nodes, followed: true),
        Table(name: "provider_pace", key: "provider", owner: .nodes, followed: true),
        Table(name: "hold", key: "scope", owner: .nodes, followed: true),
        Table(name: "node_trouble", key: "node", owner: .nodes, followed: true),
        Table(name: "node_decision", key: "id", owner: .nodes, followed: false),
        Table(name: "readopt", key: "id", owner: .nodes, followed: true),
        Table(name: "found_replica", key: "replica", owner: .nodes, followed: true),
        Table(name: "cost_account", key: "id", owner: .nodes, followed: true),
        Table(name: "cost_total", key: "account", owner: .nodes, followed: false),
        Table(name: "cost_hour", key: "hour_ms", owner: .nodes, followed: false),
        Table(name: "cost_past", key: "cause", owner: .nodes, followed: false),
        Table(name: "kept", key: "node", owner: .nodes, followed: true),
        Table(name: "move_plan", key: "id", owner: .nodes, followed: true),
        Table(name: "move_step", key: "id", owner: .nodes, followed: true),
        Table(name: "node_note", key: "node", owner: .nodes, followed: true),
        Table(name: "node_stay", key: "node", owner: .nodes, followed: true),
        Table(name: "demand_history", key: "deployment", owner: .nodes, followed: true),
        Table(name: "role", key: "role", owner: nil, followed: false),
        Table(name: "change", key: "seq", owner: nil, followed: false),
        Table(name: "cluster", key: "id", owner: nil, followed: false),
    ]

    /// Tables that the plans of a tier never read: what changes there is no reason to plan anew.
    private static let unplanned: [StoreRole: Set<String>] = [
        .serve: [
            "node", "node_type", "instance_seen", "availability", "cost_account", "kept", "standing_demand",
            "move_plan", "move_step", "node_note", "node_stay", "demand_history", "provider_pace", "hold",
            "node_trouble", "http_wish",
        ],
        .nodes: ["application", "scaling", "capacity", "http_wish", "proxy", "cost_account", "kept"],
    ]

    /// - Parameter role: nil: somebody who reads everything.
    static func isPlanned(_ table: String, by role: StoreRole?) -> Bool {
        !(role.flatMap { unplanned[$0] }?.contains(table) ?? false)
    }

    static let guardPrefix = "guard_"
    static let changePrefix = "change_"

    /// `tandem_role()` exists only on the tiers' own connections: a foreign shell gets "no such function", one
    /// tier at the other's table gets a refusal that names both.
    static let triggers: String = tables.map { table in
        guards(of: table) + (table.followed ? changes(of: table) : "")
    }.joined()

    private static func guards(of table: Table) -> String {
        ["INSERT", "UPDATE", "DELETE"].map { verb in
            let row = verb == "DELETE" ? "OLD" : "NEW"
            let refused =
                switch (table.name, table.owner) {
                case (_, let owner?): "tandem_role() IS NOT '\(owner.rawValue)'"
                case ("role", nil): "tandem_role() IS NOT \(row).role"
                case ("change", nil), ("cluster", nil): "tandem_role() IS NULL"
                default: Invariant.broken("table \(table.name) has no owner: any tier could spoil its rows")
                }
            let writer = table.owner?.rawValue ?? "its own"
            return """
                CREATE TRIGGER \(guardPrefix)\(table.name)_\(verb.lowercased()) BEFORE \(verb) ON \(table.name)
                WHEN \(refused)
                BEGIN SELECT RAISE(ABORT, '\(table.name) is written by the tier \(writer) alone'); END;

                """
        }.joined()
    }

    private static func changes(of table: Table) -> String {
        ["INSERT", "UPDATE", "DELETE"].map { verb in
            let row = verb == "DELETE" ? "OLD" : "NEW"
            return """
                CREATE TRIGGER \(changePrefix)\(table.name)_\(verb.lowercased()) AFTER \(verb) ON \(table.name)
                BEGIN INSERT INTO change (tbl, key) VALUES ('\(table.name)', \(row).\(table.key)); END;

                """
        }.joined()
    }

    /// Changes with any change of the views or of the list above.
    static let hash = Fingerprint(of: Schema.views + triggers).text
}
