import ControlAPI
import Foundation
import Model
import Store
import Testing
import Wire

/// The values of the document. (Its shape is held against Ray's in RayShapesTests.)
@Suite struct ServeDocumentTests {
    private func document(_ state: ClusterState, redacts: Bool = false) throws -> [String: Any] {
        let value = ServeDocument.make(state, now: Moment(0), redacts: redacts)
        let data = try JSONEncoder().encode(value)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
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
        #expect(try map(document["applications"]).isEmpty)
        #expect(
            try map(document["controller_info"])["node_id"] is String, "else serve shutdown finds no Serve")
    }

    @Test func valuesAreInRaysUnits() throws {
        let document = try document(shop())
        let application = try map(map(document["applications"])["shop"])
        #expect(
            application["route_prefix"] is NSNull
                && application["last_deployed_time_s"] as? Double == 1_700_000_000.5)
        let deployment = try map(map(application["deployments"])["chat"])
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

    @Test func whereReplicasStandIsShownAsAFileSaysIt() throws {
        var state = shop()
        var placing = PlacingSettings()
        placing.maxPerNode = 3
        placing.labels = [NodeLabel(name: "team", value: "red")]
        placing.selectors = [
            try LabelSelector(["zone": "in(b, a)"]), try LabelSelector(["zone": "!c"]), LabelSelector(),
        ]
        placing.rules = [
            TopologyRule(topology: .zone, ask: .spread(maxSkew: 2), selector: ["team": "red"]),
            TopologyRule(topology: .node, ask: .antiAffinity, selector: ["app": "7"], isSoft: true),
        ]
        let id = DeploymentID(application: "shop", deployment: "chat")
        state.deployments[id]?.settings.replica.placing = placing
        state.deployments[id]?.settings.priority = -5
        let deployments = try map(map(map(document(state)["applications"])["shop"])["deployments"])
        let config = try map(map(deployments["chat"])["deployment_config"])
        #expect(config["max_replicas_per_node"] as? Int == 3 && config["priority"] as? Int == -5)
        #expect(try map(config["labels"]) as? [String: String] == ["team": "red"])
        let options = try map(config["ray_actor_options"])
        #expect(try map(options["label_selector"]) as? [String: String] == ["zone": "in(a, b)"])
        let fallbacks = options["fallback_strategy"] as? [[String: [String: String]]]
        #expect(fallbacks == [["label_selector": ["zone": "!c"]], ["label_selector": [:]]])
        let spread = try #require((config["spread"] as? [[String: Any]])?.first)
        #expect(spread["topology"] as? String == "zone" && spread["max_skew"] as? Int == 2)
        let apart = try #require((config["anti_affinity"] as? [[String: Any]])?.first)
        #expect(apart["soft"] as? Bool == true && apart["selector"] as? [String: String] == ["app": "7"])
        #expect(config["affinity"] == nil)
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

    /// Of one value that it cannot read Ray's client makes an error that hides all applications.
    @Test(arguments: [
        (
            #""ray_actor_options":{"memory":"512 MiB","num_cpus":"007","num_gpus":null}"#,
            #"{"memory":536870912,"num_cpus":0.5}"#
        ),
        (#""max_ongoing_requests":null,"num_replicas":"auto""#, #""num_replicas":"auto""#),
        (#""user_config":null,"placement_group_bundles":[]"#, ""),
        (#""health_check_period_s":".5""#, #""health_check_period_s":10"#),
        (#""graceful_shutdown_wait_loop_s":"long","user_config":null"#, ""),
        (
            #""graceful_shutdown_wait_loop_s":2,"logging_config":{"log_level":"INFO"}"#,
            #""graceful_shutdown_wait_loop_s":2,"logging_config":{"log_level":"INFO"}"#
        ),
    ])
    func whatRaysClientCannotReadIsShownInItsTerms(put: String, shown: String) throws {
        var state = shop()
        state.applications["shop"]?.config =
            #"{"name":"shop","runtime_env":{"working_dir":"."},"deployments":[{"name":"chat",\#(put)}]}"#
        let config = try map(map(map(document(state)["applications"])["shop"])["deployed_app_config"])
        #expect(config["runtime_env"] == nil)
        let entry = try #require((config["deployments"] as? [[String: Any]])?.first)
        let options = shown.hasPrefix("{") ? #""ray_actor_options":\#(shown)"# : shown
        let expected = try JSONSerialization.jsonObject(
            with: Data(#"{"name":"chat"\#(options.isEmpty ? "" : ",")\#(options)}"#.utf8))
        #expect(entry as NSDictionary == expected as? NSDictionary)
    }
}

@Suite struct SurrogatePairTests {
    /// As Python's json writes what it is given.
    @Test(arguments: [
        (#"{"a":"\ud83d\ude00!"}"#, "{\"a\":\"😀!\"}"), (#" {"\uD83D\uDE00":1}"#, " {\"😀\":1}"),
        (#"{"a":"\\ud83d\\ude00"}"#, #"{"a":"\\ud83d\\ude00"}"#),
        (#"{"a":"\\\ud83d\ude00"}"#, "{\"a\":\"\\\\😀\"}"),
        (#"{"a":"\ud83d"}"#, #"{"a":"\ud83d"}"#), (#"{"a":"\ude00\ud83d"}"#, #"{"a":"\ude00\ud83d"}"#),
        (#"{"a":"\u00e4\n"}"#, #"{"a":"\u00e4\n"}"#), (#"{"a":"\ud83d\ude0"#, #"{"a":"\ud83d\ude0"#),
        (#"a: '\ud83d\ude00'"#, #"a: '\ud83d\ude00'"#), ("", ""), ("{\\", "{\\"),
    ])
    func twoHalvesAreOneCharacter(body: String, joined: String) {
        #expect(String(decoding: SurrogatePairs.joined(Data(body.utf8)), as: UTF8.self) == joined)
    }

    @Test(arguments: ["1234567890123456789", "-5", "0.5", "1e300", "18446744073709551615"])
    func numbersStayWhatTheyAre(text: String) throws {
        let value = try #require(JSONValue(text: text))
        let shown = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        #expect(Double(shown) == Double(text))
        if Int64(text) != nil { #expect(shown == text) }
    }
}
