import Foundation
import Testing

/// A cluster file that changes, and room that is asked for, with real processes.
extension EndToEnd.Alone {
    private static func file(minimum: Int, more: String = "") -> String {
        """
        cluster_name: reload
        max_workers: 4
        idle_timeout_s: 1
        provider: {type: fake, boot_delay_s: 0.2}
        available_node_types:
          small: {resources: {CPU: 4}, min_workers: \(minimum)}
        \(more)
        """
    }

    @Test(.timeLimit(.minutes(2)))
    func aChangedFileIsTakenAndStaysOverKills() async throws {
        let cluster = try Cluster(settings: Self.file(minimum: 1))
        defer { cluster.clear() }
        try await cluster.start(apps: nil)
        try await cluster.atRest(nodes: 1)
        // The file of `up` is looked at.
        let large = "  large: {resources: {CPU: 8}, min_workers: 1}"
        _ = try cluster.write(Self.file(minimum: 2, more: large), as: "cluster.yaml")
        try await cluster.atRest(nodes: 3)
        #expect(try await cluster.status().nodes.map(\.type).sorted() == ["large", "small", "small"])
        // A wrong one changes nothing, and status says so.
        _ = try cluster.write("max_worker: 3", as: "cluster.yaml")
        try await eventually("status tells of the wrong file") {
            try await cluster.status().warnings.contains {
                $0.contains("last good one is in force") && $0.contains("did you mean max_workers?")
            }
        }
        // Another file, by hand; first only looked at.
        let other = try cluster.write(Self.file(minimum: 1), as: "other.yaml")
        let look = try await cluster.tandem("reload", other, "--dry-run")
        #expect(look.code == 0 && look.output.contains("available_node_types.large removed"), "\(look.whole)")
        try await cluster.atRest(nodes: 3)
        #expect(try await cluster.tandem("reload", other, "--json").code == 0)
        try await cluster.atRest(nodes: 1)
        let refused = try await cluster.tandem(
            "reload", try cluster.write(Self.file(minimum: 1, more: "ports: {ingress: 9}"), as: "ports.yaml"))
        #expect(
            refused.code != 0 && refused.errors.contains("ports: processes listen there"), "\(refused.whole)")
        // Killed, and started again with a file that is wrong and older.
        for role in ["nodes", "cloud"] {
            let victim = try cluster.pid(role)
            kill(victim, SIGKILL)
            try await eventually("\(role) is back") {
                let pid = try cluster.runFile(role).pid
                return pid != victim && Processes.isAlive(pid)
            }
        }
        try await cluster.atRest(nodes: 1)
        #expect(
            try await cluster.number(
                "SELECT json_array_length(settings_json, '$.node_types') FROM setting") == 1)
        #expect(try await cluster.stop() == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func whatIsAskedForIsKeptOverAKill() async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        try await cluster.start(apps: nil)
        let asked = try await cluster.tandem(
            "request-resources", "{\"CPU\": 1, \"memory\": \"1 GiB\"}", "{\"CPU\": 0.5}", "--count", "2")
        #expect(asked.output == "2 x {CPU 1, memory 1073741824}\n2 x {CPU 0.5}\n", "\(asked.whole)")
        let victim = try cluster.pid("nodes")
        kill(victim, SIGKILL)
        try await eventually("the node tier is back") {
            let pid = try cluster.runFile("nodes").pid
            return pid != victim && Processes.isAlive(pid)
        }
        #expect(try await cluster.number("SELECT sum(count) FROM standing_demand") == 4)
        let wrong = try await cluster.tandem("request-resources", "{\"cpu\": 1}")
        #expect(wrong.code != 0 && wrong.errors.contains("did you mean CPU?"), "\(wrong.whole)")
        #expect(try await cluster.number("SELECT count(*) FROM standing_demand") == 2)
        let both = try await cluster.tandem("request-resources", "--num-cpus", "3", "--count", "2")
        #expect(both.code != 0 && both.errors.contains("--count is for bundles"), "\(both.whole)")
        // Nobody has such a node: it is taken, and said.
        let hopeless = try await cluster.tandem("request-resources", "{\"CPU\": 4000}")
        #expect(hopeless.code == 0 && hopeless.errors.contains("no node holds CPU 4000"), "\(hopeless.whole)")
        let replaced = try await cluster.tandem("request-resources", "--num-cpus", "1", "--json")
        #expect(replaced.output.contains("\"count\":1"), "\(replaced.whole)")
        #expect(try await cluster.tandem("request-resources").output == "1 x {CPU 1}\n")
        #expect(try await cluster.tandem("request-resources", "--clear").output == "nothing is asked for\n")
        #expect(try await cluster.number("SELECT count(*) FROM standing_demand") == 0)
        #expect(try await cluster.stop() == [])
    }
}
