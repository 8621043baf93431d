import ControlAPI
import Foundation
import Model
import Store
import Testing

/// What Ray Serve's own client (2.60.0, `serve status`, `config`, `shutdown`) asks of the document: on the outer three
/// levels it refuses keys that it does not know, and these must be there.
@Suite struct ServeDocumentTests {
    private typealias Level = (required: Set<String>, known: Set<String>)
    private static let instance: Level = (
        ["proxies", "applications"],
        [
            "controller_info", "proxy_location", "http_options", "grpc_options", "proxies", "applications",
            "target_capacity", "deploy_mode",
        ]
    )
    private static let application: Level = (
        [
            "name", "route_prefix", "docs_path", "status", "message", "last_deployed_time_s", "source",
            "deployments",
            "external_scaler_enabled",
        ], ["deployed_app_config", "deployment_topology"]
    )
    private static let deployment: Level = (
        [
            "name", "status", "status_trigger", "message", "deployment_config", "target_num_replicas",
            "required_resources", "replicas",
        ], ["recent_dead_replicas"]
    )

    private func document(_ state: ClusterState, redacts: Bool = false) throws -> [String: Any] {
        let value = ServeDocument.make(state, now: Moment(0), redacts: redacts)
        let data = try JSONEncoder().encode(value)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func check(_ object: [String: Any], _ level: Level) {
        #expect(level.required.isSubset(of: object.keys))
        #expect(Set(object.keys).isSubset(of: level.required.union(level.known)))
    }

    private func map(_ value: Any?) throws -> [String: Any] { try #require(value as? [String: Any]) }

    private func shop() -> ClusterState {
        var state = ClusterState()
        var row = ApplicationRow(name: "shop", status: .running, deployedUnixMs: 1_700_000_000_500)
        row.config =
            #"{"name":"shop","deployments":[{"name":"chat","environment":{"KEY":"secret"},"num_replicas":2}]}"#
        state.applications["shop"] = row
        let id = DeploymentID(application: "shop", deployment: "chat")
        var settings = DeploymentSettings(id: id, replica: ReplicaSettings(command: ["serve"]))
        settings.replica.resources = Resources(["CPU": 500, "GPU": 1_000, "memory": 1_048_576, "tpu": 2_000])
        settings.count = .auto(AutoscalingSettings())
        var deployment = DeploymentRow(id: id, settings: settings, version: "v", target: 3)
        (deployment.status, deployment.trigger) = (.upscaling, .autoscaling)
        state.deployments[id] = deployment
        let replica = ReplicaID(id, serial: 7)
        state.replicas[replica] = ReplicaRow(
            id: replica, version: "v", settings: settings.replica, buys: true, createdAt: Moment(0),
            createdUnixMs: 1_700_000_001_000)
        return state
    }

    @Test func anEmptyClusterIsADocumentToo() throws {
        let document = try document(ClusterState())
        check(document, Self.instance)
        #expect(try map(document["applications"]).isEmpty)
        #expect(
            try map(document["controller_info"])["node_id"] is String, "else serve shutdown finds no Serve")
    }

    @Test func everyLevelHasTheKeysThatRaysClientAsksFor() throws {
        let document = try document(shop())
        check(document, Self.instance)
        let application = try map(map(document["applications"])["shop"])
        check(application, Self.application)
        #expect(
            application["route_prefix"] is NSNull
                && application["last_deployed_time_s"] as? Double == 1_700_000_000.5)
        let deployment = try map(map(application["deployments"])["chat"])
        check(deployment, Self.deployment)
        #expect(
            deployment["status"] as? String == "UPSCALING"
                && deployment["status_trigger"] as? String == "AUTOSCALING")
        let required = try map(deployment["required_resources"]) as? [String: Double]
        #expect(required == ["CPU": 0.5, "GPU": 1, "memory": 1_048_576, "tpu": 2])
        let config = try map(deployment["deployment_config"])
        #expect(config["num_replicas"] == nil && config["max_queued_requests"] as? Int == -1)
        #expect(try map(config["autoscaling_config"])["upscale_delay_s"] as? Double == 30)
        #expect(try map(map(config["ray_actor_options"])["resources"])["tpu"] as? Double == 2)
        let replica = try #require((deployment["replicas"] as? [[String: Any]])?.first)
        #expect(
            replica["state"] as? String == "STARTING" && replica["start_time_s"] as? Double == 1_700_000_001)
    }

    @Test func theConfigIsAsItWasPutWithAnImportPathForRay() throws {
        let plain = try map(map(map(document(shop())["applications"])["shop"])["deployed_app_config"])
        #expect(plain["import_path"] as? String == "tandem:command" && plain["name"] as? String == "shop")
        let entry = try #require((plain["deployments"] as? [[String: Any]])?.first)
        #expect(entry["num_replicas"] as? Int == 2)
        #expect(try map(entry["environment"])["KEY"] as? String == "secret")
        let hidden = try map(
            map(map(document(shop(), redacts: true)["applications"])["shop"])["deployed_app_config"])
        let other = try #require((hidden["deployments"] as? [[String: Any]])?.first)
        #expect(try map(other["environment"])["KEY"] as? String == "<redacted>")
    }

    @Test func ofWhatIsBeingDeletedOnlyTheApplicationIsListed() throws {
        var state = shop()
        state.applications["shop"]?.deleting = true
        state.applications["shop"]?.status = .deleting
        let application = try map(map(document(state)["applications"])["shop"])
        #expect(try map(application["deployments"]).isEmpty)
        #expect(
            application["deployed_app_config"] is NSNull && application["status"] as? String == "DELETING")
    }
}
