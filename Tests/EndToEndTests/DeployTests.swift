import Foundation
import Testing

/// What a person sees before and after a file is deployed, and Ray's own calls beside it.
extension EndToEnd.Shared {
    @Test(.timeLimit(.minutes(1)))
    func aFileIsLookedAtBeforeItIsDeployed() async throws {
        let demo = Application.sleeper(ms: 10, replicas: .fixed(1))
        let (a, b) = (Application.sleeper("a", at: "/a"), Application.sleeper("b", at: "/b"))
        let cluster = try await cluster(serveFile(demo, a, b))
        let more = try cluster.write(
            serveFile(.sleeper(ms: 20, replicas: .fixed(2)), a, b), as: "more.yaml")
        let look = try await cluster.tandem("deploy", more, "--dry-run")
        #expect(look.code == 0)
        let lines = [
            "replace demo#d  (1 replica: command, 1 replica to 2 replicas)", "keep    a",
            "keep    a#d  (1 replica)", "keep    b", "keep    b#d  (1 replica)", "keep    demo",
        ]
        #expect(look.output.split(separator: "\n").map(String.init) == lines)
        #expect(
            try await cluster.status().deployment(demo.deployment).target == 1, "it was only looked at")
        // Two of three would go: more likely the wrong file.
        let wrong = try cluster.write(serveFile(a), as: "wrong.yaml")
        let refused = try await cluster.tandem("deploy", wrong)
        #expect(refused.code != 0)
        #expect(refused.errors.contains("would delete 2 of 3 applications"))
        #expect(try await cluster.status().deployments.count == 3)
        #expect(try await cluster.tandem("deploy", wrong, "--yes").code == 0)
        try await eventually("one is left") { try await cluster.status().deployments.count == 1 }
        try await cluster.served()
    }

    @Test(.timeLimit(.minutes(1)))
    func aCallScalesWhatLeavesItsCountToOthers() async throws {
        let demo = Application.sleeper(ms: 10, replicas: .fixed(1))
        let text = serveFile(demo).replacingOccurrences(
            of: "- name: demo\n", with: "- name: demo\n    external_scaler_enabled: true\n")
        #expect(text.contains("external_scaler_enabled"))
        let cluster = try await cluster(serveFile(demo))
        let refused = try await cluster.tandem("scale", demo.deployment, "3")
        #expect(refused.errors.contains("external_scaler_enabled: true"), "\(refused.whole)")
        let file = try cluster.write(text, as: "scaled.yaml")
        #expect(try await cluster.tandem("deploy", file).code == 0)
        #expect(try await cluster.tandem("scale", demo.deployment, "3").code == 0)
        try await eventually("three are ready") {
            try await cluster.status().deployment(demo.deployment).ready == 3
        }
        let address = try cluster.runFile("serve").address
        let version = try await cluster.control("GET", "/api/ray/version", at: address)
        #expect(version.status == 200 && version.body.contains("\"ray_version\":\"2.60.0\""))
        let document = try await cluster.control("GET", "/api/serve/applications/", at: address)
        for part in [
            "\"external_scaler_enabled\":true", "\"target_num_replicas\":3",
            "\"import_path\":\"tandem:command\"",
        ] {
            #expect(document.body.contains(part), "\(part) in \(document.body)")
        }
        let wrong = try await cluster.control(
            "POST", "/api/v1/applications/demo/deployments/d/scale", at: address, body: "{}")
        #expect(wrong.status == 400 && wrong.body.contains("target_num_replicas"), "\(wrong.body)")
        try await cluster.served()
    }
}
