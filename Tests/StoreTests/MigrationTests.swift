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
}
