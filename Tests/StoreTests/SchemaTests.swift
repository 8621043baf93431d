import Foundation
import Model
import Schema
import Store
import Testing

@Suite struct SchemaTests {
    private func column(_ store: Store, _ sql: String) throws -> [String] {
        try store.query(sql).rows.map { $0[0].text }
    }

    /// To rewrite the mirror: TANDEM_WRITE_SCHEMA=1 swift test --filter SchemaTests
    @Test func theMirrorEqualsAFreshDatabase() throws {
        let store = try Store.open(.memory, role: .serve)
        let statements = try column(
            store,
            """
            SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
              AND NOT (type = 'trigger' AND (name LIKE 'guard~_%' ESCAPE '~' OR name LIKE 'change~_%' ESCAPE '~'))
            """)
        let text = """
            -- What a fresh database says of itself: the sum of the migrations, and the views. Written by a test,
            -- read by people. Left out: for each table the triggers guard_TABLE_… (only the tier that owns it
            -- may write) and change_TABLE_… (each written row is listed in "change").

            \(statements.joined(separator: "\n\n"))

            """
        let file = repository.appendingPathComponent("State/schema.sql")
        if ProcessInfo.processInfo.environment["TANDEM_WRITE_SCHEMA"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let mirror = try String(contentsOf: file, encoding: .utf8)
        #expect(mirror == text, "run: TANDEM_WRITE_SCHEMA=1 swift test --filter SchemaTests")
    }

    @Test func migrationsAreNumberedInOrder() {
        let versions = Schema.migrations.map(\.version)
        #expect(versions == Set(versions).sorted() && versions.first == 1)
        for migration in Schema.migrations {
            let number = "\(migration.version)"
            #expect(
                migration.name.hasPrefix("m\(String(repeating: "0", count: 4 - number.count))\(number)_"))
        }
    }

    @Test func phaseEdgesEqualTheEnums() throws {
        let store = try Store.open(.memory, role: .serve)
        func edges(_ table: String) throws -> Set<String> {
            Set(try column(store, "SELECT before || '>' || after FROM \(table)"))
        }
        func edges<Phase: CaseIterable & RawRepresentable>(
            _: Phase.Type, _ successors: (Phase) -> Set<Phase>
        ) -> Set<String> where Phase.RawValue == String {
            Set(Phase.allCases.flatMap { from in successors(from).map { "\(from.rawValue)>\($0.rawValue)" } })
        }
        #expect(try edges("node_phase_edge") == edges(NodePhase.self) { $0.successors })
        let causes = Dictionary(grouping: NodeMove.all) { "\($0.from.rawValue)>\($0.to.rawValue)" }
            .map { "\($0.key) \($0.value.map(\.rule).sorted().joined(separator: " "))" }
        #expect(
            try Set(column(store, "SELECT before || '>' || after || ' ' || causes FROM node_phase_edge"))
                == Set(causes))
        #expect(try edges("replica_phase_edge") == edges(ReplicaPhase.self) { $0.successors })
        #expect(try edges("move_plan_phase_edge") == edges(MovePlanRow.Phase.self) { $0.successors })
        #expect(try edges("move_step_phase_edge") == edges(MoveStepRow.Phase.self) { $0.successors })
        #expect(try edges("placement_phase_edge") == edges(PlacementPhase.self) { $0.successors })
    }

    @Test(arguments: [
        ApplicationRow.sql, DeploymentRow.sql, ScalingRow.sql, ReplicaRow.sql, ProxyRow.sql,
        LoadBucketRow.sql, NodeRow.sql,
        NodeTypeRow.sql, PlacementRow.sql, DrainRequestRow.sql, FeasibleRow.sql, InstanceSeenRow.sql,
        AvailabilityRow.sql, ProviderPaceRow.sql, HoldRow.sql, NodeTroubleRow.sql,
        SettingRow.sql, StandingDemandRow.sql, RoleRow.sql, ReadoptRow.sql, FoundReplicaRow.sql,
        ReadoptTakenRow.sql, CostAccountRow.sql, KeptRow.sql,
        MovePlanRow.sql, MoveStepRow.sql, NodeNoteRow.sql, NodeStayRow.sql, DemandHistoryRow.sql,
    ])
    func rowsHaveTheColumnsOfTheirTables(_ sql: RowSQL) throws {
        let store = try Store.open(.memory, role: .serve)
        let info = "FROM pragma_table_info('\(sql.table)')"
        #expect(try column(store, "SELECT name \(info) ORDER BY cid") == sql.columns)
        #expect(try column(store, "SELECT name \(info) WHERE pk > 0 ORDER BY pk") == sql.key)
    }

    @Test func everyColumnSaysWhatItMeans() throws {
        let store = try Store.open(.memory, role: .serve)
        for row in try store.query("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").rows {
            let (table, sql) = (row[0].text, row[1].text)
            guard !table.hasPrefix("sqlite_") else { continue }
            for name in try column(store, "SELECT name FROM pragma_table_info('\(table)')") {
                let line = sql.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }
                #expect(line?.contains("-- ") == true, "\(table).\(name) has no comment")
            }
            #expect(sql.contains("STRICT"), "\(table) is not STRICT")
        }
    }

    /// A table that no tier owns could be written by anyone.
    @Test func everyTableIsGuarded() throws {
        let store = try Store.open(.memory, role: .serve)
        let unguarded = try column(
            store,
            """
            SELECT t.name FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
              AND t.name NOT LIKE '%_phase_edge' AND 3 <> (SELECT count(*) FROM sqlite_schema g
                WHERE g.type = 'trigger' AND g.tbl_name = t.name AND g.name LIKE 'guard~_%' ESCAPE '~')
            """)
        #expect(unguarded == [])
    }
}

@Suite struct ViewTests {
    /// A small cluster with one of everything.
    private func populated() throws -> Pair {
        let pair = try Pair()
        try pair.serve.commit { write in
            try write.put(ApplicationRow(name: "shop", routePrefix: "/", ingress: chat, status: .running))
            try write.put(deployment())
            try write.put(scaling())
            for serial in 1...3 { try write.put(replica(Int64(serial))) }
            try write.append([bucket(1, end: 1000), bucket(2, end: 2000)])
            try write.record(
                [
                    Decision(
                        .scale, chat.rawValue, before: "2", after: "4", rule: "upscale_delay", reason: "busy",
                        inputs: [.init("requests", 8), .init("target", 2)])
                ], at: Moment(50))
        }
        try pair.nodes.commit { write in
            try write.put(node(1))
            try write.put(node(1, .ready))
            var idle = node(2)
            try write.put(idle)
            idle.phase = .ready
            try write.put(idle)
            try write.put(placement(1, .assigned, on: NodeID("n1")))
            try write.put(placement(2))
            try write.put(
                NodeTypeRow(
                    name: "small", resources: Resources(["CPU": 4000]), minWorkers: 0, maxWorkers: 4,
                    idleTimeout: Millis(1_000_000_000)))
            try write.put(
                InstanceSeenRow(
                    instance: "i-9", token: "t", node: NodeID("n9"), type: "small", state: "running",
                    seenAt: Moment(1), firstSeenAt: Moment(1)))
            try write.record(
                [
                    Decision(
                        .launch, "n1", after: "small", rule: "cheapest", reason: "one replica waits",
                        inputs: [
                            .init("plan_microusd_per_hour", 10_100), .init("bound_microusd_per_hour", 10_000),
                        ],
                        refusals: [
                            Refusal(candidate: "large", code: .limit),
                            Refusal(candidate: "tiny", code: .tooLarge, short: Resources(["CPU": 500])),
                        ])
                ], at: Moment(60))
        }
        try pair.nodes.commit { try paid($0, from: pair.nodes.now()) }
        return pair
    }

    /// What the two nodes of it cost, and why they are kept.
    private func paid(_ write: StoreTransaction, from now: Moment) throws {
        try write.put(
            account(
                1, began: now,
                [
                    CostShare(.deployment, deployment: chat.rawValue, milli: 600),
                    CostShare(.fragmentation, milli: 400),
                ]))
        try write.put(account(2, began: now, [CostShare(.idle)]))
        try write.book([
            CostBooking(
                account: "i-2@2", microdollarsPerHour: 10_000, hour: Moment(0), cause: .starting,
                deployment: "", micros: 1_800_000_000)
        ])
        try write.put(
            KeptRow(
                node: NodeID("n1"), reason: .fitsNowhere, detail: "shop#chat#1", since: Moment(50)))
        try write.put(
            KeptRow(node: NodeID("n2"), reason: .idleTimeout, detail: "30 s", since: Moment(51)))
    }

    @Test func everyViewCanBeRead() throws {
        let pair = try populated()
        let views = try pair.serve.query("SELECT name FROM sqlite_schema WHERE type = 'view'").rows
        #expect(views.count >= 13)
        for view in views {
            let result = try pair.serve.query("SELECT * FROM \(view[0].text)")
            #expect(!result.columns.isEmpty)
            #expect(view[0] == .text("failures") || !result.rows.isEmpty, "\(view[0].text) is empty")
        }
    }

    @Test func pendingReplicasSayWhatWasMissing() throws {
        let pair = try populated()
        let rows = try pair.serve.query("SELECT replica, candidate, code, short FROM why_pending").rows
        #expect(
            rows.map { $0.map(\.text) } == [
                ["shop#chat#2", "n1", "short", "CPU 0.5, memory 1 MiB"],
                ["shop#chat#2", "small", "upscaling_speed", ""],
                ["shop#chat#3", "", "unseen", ""],
            ])
    }

    @Test func nodesSayWhyTheyAreStillThere() throws {
        let pair = try populated()
        let rows = try pair.serve.query("SELECT node, reason FROM why_not_removed").rows
        #expect(
            rows.map { $0.map(\.text) } == [
                ["n1", "shop#chat#1 is there and fits on no other node."],
                ["n2", "It has not been idle for its timeout of 30 s."],
            ])
    }

    @Test func targetsAndCostsAndLeaksAreNamed() throws {
        let pair = try populated()
        let figures = try pair.serve.query("SELECT rule, inputs ->> '$.requests' FROM why_replicas").rows
        #expect(figures == [[.text("upscale_delay"), .integer(8)]])
        let now = try pair.serve.query(
            "SELECT target, pending, starting, load, min_replicas, max_replicas FROM deployments_now")
        #expect(now.rows == [[.integer(4), .integer(2), .integer(1), .real(2.5), .integer(2), .integer(9)]])
        let type = try pair.serve.query(
            "SELECT chosen, usd_per_hour, round(gap, 4), refused, code, short FROM why_this_type"
        ).rows
        #expect(
            type.map { $0.map(\.text) } == [
                ["small", "0.01", "0.01", "large", "limit", ""],
                ["small", "0.01", "0.01", "tiny", "too_large", "CPU 0.5"],
            ])
        // A node just made may be missing from the provider's list; the stranger is one at once.
        func leaks() throws -> [String] {
            try pair.serve.query("SELECT instance FROM leak_suspects ORDER BY 1").rows.map { $0[0].text }
        }
        #expect(try leaks() == ["i-9"])
        pair.time.advance(11_000)
        try pair.nodes.commit { try $0.renew(address: "") }
        #expect(try leaks() == ["i-1", "i-2", "i-9"])
    }

    @Test func costsAreSharedAndGoOnByTheMoment() throws {
        let pair = try populated()
        pair.time.advance(3_600_000)
        try pair.nodes.commit { try $0.renew(address: "") }
        func rows(_ sql: String) throws -> [String] {
            try pair.serve.query(sql).rows.map { $0.map(\.text).joined(separator: " ") }
        }
        #expect(
            try rows("SELECT deployment, replicas, usd_per_hour, node_hours, usd FROM cost_by_deployment")
                == [
                    "(idle) 0 0.01 1.0 0.01", "shop#chat 1 0.006 0.6 0.006",
                    "(fragmentation) 0 0.004 0.4 0.004",
                    "(starting) 0 0.0 0.5 0.005",
                ])
        #expect(
            try rows("SELECT cause, usd FROM cost_by_cause WHERE usd > 0.005") == [
                "idle 0.01", "deployment 0.006",
            ])
        #expect(
            try rows("SELECT node, cause, share, usd FROM cost_by_node WHERE node = 'n2'") == [
                "n2 idle 1.0 0.01", "n2 starting 0.0 0.005",
            ])
        #expect(try rows("SELECT cause, node_hours FROM cost_by_hour") == ["starting 0.5"])
    }

    @Test func theWorkedQueriesRun() throws {
        let pair = try populated()
        let folder = repository.appendingPathComponent("State/queries")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
        #expect(files.count >= 10)
        for file in files {
            let sql = try String(contentsOf: file, encoding: .utf8)
            let result = try pair.serve.query(sql)
            let mayBeEmpty = ["failures.sql", "start-times.sql"].contains(file.lastPathComponent)
            #expect(mayBeEmpty || !result.rows.isEmpty, "\(file.lastPathComponent) found nothing")
        }
    }
}
