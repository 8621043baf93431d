import ControlAPI
import Model
import Testing
import TwoTiers
import Wire

/// Our document in the states in which Ray's was recorded.
@Suite(.timeLimit(.minutes(2))) struct RayShapesTests {
    private static func entry(_ command: String, _ count: String, more: String = "") -> String {
        #"{"name":"shop"\#(more),"route_prefix":"/shop","deployments":[{"name":"chat","command":["\#(command)"]"#
            + #","ray_actor_options":{"num_cpus":0.5,"memory":"64 MiB"},\#(count)}]}"#
    }

    private static let two = #""num_replicas":2,"max_surge_percent":50"#
    private static let auto = """
        "num_replicas":"auto","autoscaling_config":{"min_replicas":1,"max_replicas":3,"target_ongoing_requests":1,\
        "metrics_interval_s":1,"look_back_period_s":2,"upscale_delay_s":1,"downscale_delay_s":4}
        """
    private let chat = DeploymentID(application: "shop", deployment: "chat")

    /// Words of the only application, and of its only deployment.
    private func words(_ document: JSONValue) -> [String] {
        let application = "applications.*"
        return ["\(application).status", "\(application).deployments.*.status"].compactMap(document.text)
            + ["\(application).deployments.*.status_trigger"].compactMap(document.text)
    }

    /// Every state, each reached as it was when Ray was recorded.
    private func play(_ take: (String, JSONValue) -> Void) async throws {
        func words(_ situation: String) throws -> [String] {
            let state = try #require(RayState.all.first { $0.situation == situation })
            return state.ours?.words ?? state.ray
        }
        func show(_ house: RayHouse, _ situation: String) async throws {
            try await house.run(until: try words(situation))
            take(situation, try await house.document())
        }
        var house = try RayHouse()
        try await house.put(Self.entry("serve", Self.auto))
        try await show(house, "just put")
        try await house.world.run(Millis(500))
        try await show(house, "replicas start")
        try await show(house, "settled")
        house.world.offer(3, to: chat)
        try await show(house, "autoscaler adds")
        try await show(house, "added")
        house.world.offer(1, to: chat)
        try await show(house, "autoscaler removes")
        try await show(house, "removed")
        try await house.put("")
        try await show(house, "dropped from the file")
        try await show(house, "nothing left")
        try await house.put(Self.entry("serve", Self.two, more: #","external_scaler_enabled":true"#))
        try await house.run(until: ["RUNNING", "HEALTHY", "CONFIG_UPDATE_COMPLETED"])
        for (count, situations) in [(3, ["scaled by a call", "scaling done"]), (0, ["scaled to zero"])] {
            _ = try await house.call(
                "POST", "/api/v1/applications/shop/deployments/chat/scale",
                #"{"target_num_replicas":\#(count)}"#)
            for situation in situations { try await show(house, situation) }
        }
        house = try RayHouse()
        try await house.put(#"{"name":"shop","import_path":"shop:app","route_prefix":"/shop"}"#)
        try await show(house, "import fails")
        house = try RayHouse(["breaks": Conduct(readyAfter: nil, failsAfter: Millis(100))])
        try await house.put(Self.entry("breaks", #""num_replicas":1"#))
        try await show(house, "first start fails")
        try await show(house, "each start fails")
        house = try RayHouse(["tires": Conduct(readyAfter: Millis(200), failsAfter: .seconds(5))])
        try await house.put(Self.entry("tires", #""num_replicas":1"#))
        try await show(house, "fails after a good start")
    }

    @Test func everyStateHasRaysWordsAndEveryDocumentRaysShape() async throws {
        var comparison = RayComparison()
        var played: [String] = []
        try await play { situation, document in
            played.append(situation)
            comparison.add(document, of: situation)
            guard let state = RayState.all.first(where: { $0.situation == situation }) else { return }
            let words = words(document)
            #expect(words == state.ours?.words ?? state.ray, "\(state.recorded): \(situation)")
            if state.ours != nil { #expect(words != state.ray, "\(situation) is as in Ray now: say so") }
        }
        #expect(Set(played) == Set(RayState.all.map(\.situation)))
        for fault in comparison.finished() { Issue.record("\(fault)") }
    }

    /// A comparison that finds nothing anywhere compares nothing.
    @Test(arguments: [
        (#"{"proxies":{}}"#, "applications is missing"),
        (#"{"proxies":{},"applications":{},"mine":1}"#, "the client refuses mine"),
        (#"{"proxies":{"p":{}},"applications":{}}"#, "proxies.*.status is missing"),
        (#"{"proxies":{"p":{"status":"WELL"}},"applications":{}}"#, "knows no WELL"),
        (#"{"proxies":[],"applications":{}}"#, "proxies is list"),
        (#"{"proxies":{},"applications":{"a":{"name":5}}}"#, "applications.*.name is int"),
        (#"{"proxies":{},"applications":{"a":{"mine":5}}}"#, "applications.*: the client refuses mine"),
        (#"{"proxies":{},"applications":{"a":{"deployments":{"d":{"mine":5}}}}}"#, "refuses mine"),
        (
            #"{"applications":{"a":{"deployments":{"d":{"deployment_config":{"max_surge_percent":null}}}}}}"#,
            "max_surge_percent is null"
        ),
        (
            #"{"applications":{"a":{"deployments":{"d":{"replicas":[{"state":"RUNNING"}]}}}}}"#,
            "replicas[].replica_id is missing"
        ),
        (#"{"controller_info":{"mood":"good"}}"#, "controller_info.mood is not sent by Ray"),
    ])
    func aFaultIsSeen(text: String, fault: String) throws {
        var comparison = RayComparison()
        comparison.add(try #require(JSONValue(text: text)), of: "drawn")
        #expect(comparison.faults.contains { $0.contains(fault) }, "\(comparison.faults)")
        #expect(
            comparison.finished().contains { $0.contains("was never seen here") },
            "what Ray sends and we do not must be listed")
    }
}
