import Foundation
import Model
import Schema
import Store
import Testing

/// Databases as earlier versions left them.
@Suite struct MigrationTests {
    /// A file with the tables of a version and nothing in them.
    private func made(_ version: Int) throws -> Place {
        let place = try Place()
        try FileManager.default.createDirectory(
            atPath: place.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try place.shell("PRAGMA application_id = \(Schema.applicationID)")
        for migration in Schema.migrations where migration.version <= version {
            #expect(try place.shell("\n" + migration.sql) == "")
        }
        try place.shell("PRAGMA user_version = \(version)")
        return place
    }

    /// What a version wrote that knew these fields only.
    private func settings(without fields: [String]) throws -> String {
        var settings = DeploymentSettings(id: chat, replica: ReplicaSettings(command: ["serve"]))
        settings.count = .auto(AutoscalingSettings())
        func stripped(_ value: Any) -> Any {
            guard let map = value as? [String: Any] else { return value }
            return map.filter { !fields.contains($0.key) }.mapValues(stripped)
        }
        let data = Data(try StoreJSON.text(settings).utf8)
        let text = try JSONSerialization.data(
            withJSONObject: stripped(try JSONSerialization.jsonObject(with: data)), options: .sortedKeys)
        return String(decoding: text, as: UTF8.self)
    }

    @Test func whatFailedBeforeVersionNineIsForgottenAndNodesGoOn() throws {
        let place = try made(8)
        #expect(
            try place.shell(
                """
                INSERT INTO availability (offering, until_ms, failures, reason) VALUES ('small/z/spot', 9, 2, 'none');
                INSERT INTO node (id, type, phase, token, epoch, provider, offerings_json, resources_json, ports_first,
                  ports_last, created_ms, created_unix_ms, join_deadline_ms, phase_ms)
                VALUES ('n1', 'small', 'ready', 't', 1, 'native', '[]', '{}', 1, 2, 3, 4, 5, 6)
                """) == "")
        let store = try place.open(.nodes)
        #expect(try store.state().availability.isEmpty)
        var node = try #require(try store.state().nodes[NodeID("n1")])
        #expect(node.phase == .ready)
        // The table of moves is another one, and the trigger reads it.
        node.phase = .booting
        let back = node
        #expect(throws: StoreError.self) { try store.commit { try $0.put(back) } }
        node.phase = .draining
        let on = node
        try store.commit { try $0.put(on) }
        #expect(try store.state().nodes[NodeID("n1")]?.phase == .draining)
    }

    @Test func whatRanBeforeVersionFourGoesOn() throws {
        let place = try made(3)
        let replica = ReplicaID(chat, serial: 7)
        let json = try StoreJSON.text(ReplicaSettings(command: ["serve"]))
        let settings = try settings(without: ["backpressure", "unavailable_max"])
        #expect(
            try place.shell(
                """
                INSERT INTO deployment (id, application, settings_json, version, target, status, status_trigger,
                  scaled_to) VALUES ('\(chat.rawValue)', 'shop', '\(settings)', 'v1', 4, 'HEALTHY', 'AUTOSCALING', 3);
                INSERT INTO replica (id, deployment, serial, version, settings_json, phase, created_ms,
                  created_unix_ms, routed_ms) VALUES ('\(replica.rawValue)', '\(chat.rawValue)', 7, 'v1', '\(json)',
                  'wanted', 5, 6, 8);
                INSERT INTO placement (replica, deployment, node, phase, resources_json, host, port, pending_ms,
                  ready_ms) VALUES ('\(replica.rawValue)', '\(chat.rawValue)', 'n1', 'ready', '{}', 'h', 9, 5, 8)
                """) == "")
        let state = try place.open(.serve).state()
        let row = try #require(state.deployments[chat])
        #expect(row.trigger == .autoscaling && row.scaledTo == 3 && row.restartedAt == nil)
        let kept = try #require(state.replicas[replica])
        #expect(
            kept.phase == .wanted && kept.adjustment == 0 && kept.routedAt == Moment(8) && kept.serial == 7)
        let placement = try #require(state.placements[replica])
        #expect(
            placement.phase == .ready && placement.port == 9 && placement.unwellAt == nil
                && placement.applied == 0)
        // Illegal moves are refused as ever: the tables made anew have their triggers.
        let triggers = try place.shell(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('replica_phase', 'placement_phase')")
        #expect(triggers.hasPrefix("2"))
    }

    /// What was in force is what the file said: there was no other way in.
    @Test func theClusterFileBeforeVersionSevenIsTheOneInForce() throws {
        let place = try made(6)
        var settings = ClusterSettings()
        settings.name = "old"
        settings.nodeTypes = [NodeType(name: "small", resources: Resources(["CPU": 4000]), maxWorkers: 3)]
        let json = try StoreJSON.text(settings)
        #expect(
            try place.shell(
                "INSERT INTO setting (id, settings_json, applied_unix_ms) VALUES (1, '\(json)', 8)") == "")
        let state = try place.open(.nodes).state()
        #expect(state.setting == SettingRow(settings: settings, appliedUnixMs: 8))
        #expect(state.setting?.file == settings && state.setting?.refused == "")
        #expect(state.standingDemand.isEmpty)
    }

    /// Nothing is known to be in the way of a cluster that knew no frontier, and the node tier may tell of it.
    @Test func beforeVersionTenNothingWasInTheWay() throws {
        let place = try made(5)
        #expect(
            try place.shell(
                "INSERT INTO load_bucket VALUES ('\(chat.rawValue)', 'p1', 'a', 4, 900, 500, 70, 2, 1)") == ""
        )
        let serve = try place.open(.serve)
        #expect(try serve.state().feasible.isEmpty)
        // Load told by proxies that do not count what is done is kept.
        let kept = LoadBucketRow(
            deployment: chat, proxy: "p1", incarnation: "a", sequence: 4, end: Moment(900), span: Millis(500),
            areaMicros: 70, ongoing: 2, queued: 1)
        #expect(serve.loadBuckets(chat) == ["p1": [kept]])
        let nodes = try place.open(.nodes)
        let row = FeasibleRow(deployment: chat, room: 2, reason: .limit, since: Moment(1))
        try nodes.commit { try $0.put(row) }
        #expect(try nodes.state().feasible == [chat: row])
    }

    @Test func whatScalingRememberedBeforeVersionThreeIsTakenOver() throws {
        let place = try made(2)
        let json = try settings(without: [
            "rollout", "aggregation", "upscale_delay_value", "downscale_delay_value", "delay_share",
            "counts_starting",
            "upscale_tolerance", "downscale_tolerance", "without_data",
        ])
        #expect(
            try place.shell(
                """
                INSERT INTO deployment (id, application, settings_json, version, target, status, failures, retry_ms,
                  direction, direction_since_ms, route_generation, load_milli, load_ms)
                VALUES ('\(chat.rawValue)', 'shop', '\(json)', 'v1', 4, 'UPSCALING', 2, 20, -1, 21, 22, 2500, 23)
                """) == "")
        let state = try place.open(.serve).state()
        let row = try #require(state.deployments[chat])
        #expect(row.target == 4 && row.status == .upscaling && row.routeGeneration == 22 && row.failures == 2)
        #expect(row.retryAt == Moment(20))
        #expect(
            row.settings.count == .auto(AutoscalingSettings()) && row.settings.rollout == RolloutSettings())
        var scaling = ScalingRow(chat)
        scaling.memory.timer = DelayTimer(direction: -1, since: Moment(21))
        (scaling.load, scaling.loadAt) = (Thousandths(2_500), Moment(23))
        #expect(state.scalings == [chat: scaling])
    }

    /// What stood before stored plans is untouched; their tables begin empty and guard their phases.
    @Test func whatRanBeforeStoredPlansGoesOn() throws {
        let place = try made(Schema.migrations.count { $0.name < "m0008" })
        #expect(
            try place.shell(
                """
                INSERT INTO node (id, type, phase, token, epoch, provider, offerings_json, resources_json, ports_first,
                  ports_last, created_ms, created_unix_ms, join_deadline_ms, phase_ms)
                VALUES ('n1', 'small', 'ready', 't', 1, 'native', '[]', '{}', 1, 2, 3, 3, 4, 5);
                INSERT INTO drain_request (node, deadline_ms, reason) VALUES ('n1', 9, 'old')
                """) == "")
        let store = try place.open(.nodes)
        let state = try store.state()
        #expect(
            state.nodes[NodeID("n1")]?.phase == .ready && state.drainRequests[NodeID("n1")]?.reason == "old")
        #expect(state.movePlans.isEmpty && state.nodeNotes.isEmpty && state.demandHistories.isEmpty)
        var plan = MovePlanRow(
            id: "m1", cause: .drift, due: Moment(9), begunAt: Moment(1), replicas: 1, before: 2, after: 3,
            bound: 4,
            reason: "r")
        var step = MoveStepRow(
            plan: "m1", position: 0, part: .gives, node: NodeID("n1"), type: "small", microdollarsPerHour: 5,
            phaseAt: Moment(1))
        (step.zone, step.capacityType, step.isBound) = ("z1", "spot", true)
        try store.commit { write in
            try write.put(plan)
            try write.put(step)
        }
        #expect(try store.state().movePlans == ["m1": plan])
        #expect(try store.state().moveSteps == ["m1/0": step])
        plan.phase = .done
        step.phase = .drained
        #expect(throws: (any Error).self) { try store.commit { try $0.put(plan) } }
        #expect(throws: (any Error).self) { try store.commit { try $0.put(step) } }
    }
}
