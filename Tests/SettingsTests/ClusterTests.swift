import Model
import Settings
import Testing

struct ClusterTests {
    static func problems(_ text: String) -> [String] {
        do {
            _ = try Settings.cluster(text: text, file: "c")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// A provider and a type, with more keys of the provider and of the type.
    static func file(provider: String = "", type: String = "") -> String {
        "provider: {type: fake\(provider)}\navailable_node_types: {small: {resources: {CPU: 4}\(type)}}"
    }

    @Test(arguments: ["", "# only a comment", "---", "null", "{}"])
    func withoutAWordThisMachineIsTheOnlyNode(text: String) throws {
        #expect(try Settings.cluster(text: text, file: "c") == ClusterSettings())
    }

    @Test(arguments: [
        ("max_worker: 3", "c:1:1: unknown key: max_worker: did you mean max_workers?"),
        (
            "max_workers: -1",
            "c:1:14: max_workers is out of range: -1: a whole number of at least 0, at most 100000"
        ),
        (
            "idle_timeout_s: 1\nidle_timeout_minutes: 1",
            "c:1:17: idle_timeout_s is given in minutes too: 1: idle_timeout_s or idle_timeout_minutes, not both"
        ),
        (
            "agent_lost_s: 5",
            "c:1:15: agent_lost_s is below agent_silent_s: 5 < 10: agent_lost_s of at least agent_silent_s"
        ),
        (
            "proxy_silent_s: 5.9",
            "c:1:17: proxy_silent_s is out of range: 5.9: a number seconds of at least 6, at most 31536000"
        ),
        (
            "setup_commands: [apt]",
            "c:1:1: setup_commands is not read by this version: a list: "
                + "machines are prepared by the provider: remove it"
        ),
        (
            "provider: {type: fake}",
            "c:1:1: a provider without node types: provider: add available_node_types with at least one type, "
                + "or remove provider to run on this machine alone"
        ),
        (
            "available_node_types: {a: {resources: {CPU: 1}}}",
            "c:1:1: node types without a provider: available_node_types: add `provider: {type: fake}` or "
                + "`{type: native, …}`, or remove available_node_types"
        ),
        (
            "max_workers: 2\n" + file(type: ", min_workers: 3"),
            "c:1:14: max_workers is below the sum of min_workers: 2 < 3: max_workers of at least 3, or smaller "
                + "min_workers"
        ),
        (
            "ports: {ingress: 65536}",
            "c:1:18: ports.ingress is out of range: 65536: a whole number of at least 0, at most 65535"
        ),
        (
            "ports: {ingress: 8265}",
            "c:1:8: ports.control is the same as ports.ingress: 8265: a port of its own, or 0"
        ),
        (
            "ports: {replicas: 1-2}",
            "c:1:19: ports.replicas is no range of ports: 1-2: a range such as 20000-32000, within 1024-65535"
        ),
        (
            "ports: {ingress: 25000}",
            "c:1:18: ports.ingress lies in the range of ports.replicas: 25000: a port outside 20000-32000"
        ),
        (
            "ports: {control_host: 0.0.0.0}",
            "c:1:9: control_host in ports is not read by this version: 0.0.0.0: "
                + "control listens on 127.0.0.1 only: remove it, and use an SSH tunnel"
        ),
    ])
    func aWrongTopIsToldExactly(text: String, message: String) {
        let found = Self.problems(text)
        #expect(found.contains(message), "\(found)")
        #expect(found.count == (text.hasPrefix("max_workers: 2") ? 2 : 1) || text.hasPrefix("max_workers: 2"))
    }

    @Test(arguments: [
        (", seed: -1", "seed is no seed: -1: a whole number of at least 0, at most 18446744073709551615"),
        (", boot_delay_s: {uniform: [2, 1]}", "boot_delay_s.uniform[1] is below the other end: 1: "),
        (", boot_delay_s: {uniform: [2]}", "boot_delay_s.uniform must have two ends: a list: "),
        (", boot_delay_s: {}", "boot_delay_s must have exactly one shape: {}: "),
        (
            ", boot_delay_s: {lognormal: {median_s: 1}}",
            "a key is missing in provider.boot_delay_s.lognormal: sigma"
        ),
        (
            ", capacity: {smal: 1}",
            "provider.capacity names no type of available_node_types: smal: did you mean small?"
        ),
        (", error_rates: {rejected: 1.5}", "error_rates.rejected is out of range: 1.5: "),
        (
            ", error_rates: {lost_repl: 1}",
            "unknown key in provider.error_rates: lost_repl: did you mean lost_reply?"
        ),
        (
            ", prices: {small: 0.0000001}",
            "prices.small cannot be read exactly: 0.0000001: a number with at most 6"
        ),
        (
            ", endpoint: http://h:1",
            "endpoint in provider is not read by this version: http://h:1: it belongs to `type: native`"
        ),
    ])
    func aWrongProviderIsTold(more: String, message: String) {
        let found = Self.problems(Self.file(provider: more))
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test(arguments: [
        ("aws", "c:1:18: provider.type is no provider of this version: aws: fake (machines"),
        ("fak", "c:1:18: provider.type is no provider of this version: fak: did you mean fake?"),
        ("native", "c:1:11: a key is missing in provider: endpoint: `endpoint:` with http://HOST:PORT"),
        ("native, token_file: t, endpoint: https://h:1", "provider.endpoint is no endpoint: https://h:1: "),
        ("native, token_file: t, endpoint: http://h", "provider.endpoint is no endpoint: http://h: "),
        ("native, token_file: t, endpoint: http://u@h:1", "provider.endpoint is no endpoint: http://u@h:1: "),
    ])
    func aWrongKindOfProviderIsTold(type: String, message: String) {
        let text = "provider: {type: \(type)}\navailable_node_types: {small: {resources: {CPU: 4}}}"
        let found = Self.problems(text)
        #expect(found.first?.contains(message) == true, "\(found)")
    }

    @Test(arguments: [
        ("{}", "a key is missing in available_node_types.a: resources: "),
        ("{resources: {}}", "available_node_types.a.resources holds nothing: {}: "),
        ("{resources: {CPU: 0}}", "available_node_types.a.resources holds nothing: a mapping: "),
        (
            "{resources: {cpu: 4}}",
            "unknown resource in available_node_types.a.resources: cpu: did you mean CPU?"
        ),
        (
            "{resources: {CPU: 0.1234}}",
            "resources.CPU cannot be read exactly: 0.1234: a number with at most 3"
        ),
        (
            "{resources: {CPU: 1}, min_workers: 3, max_workers: 2}",
            "min_workers is above max_workers: 3: at most 2"
        ),
        (
            "{resources: {CPU: 1}, node_config: [a]}",
            "c:2:62: available_node_types.a.node_config must be a mapping: a list: "
        ),
        (
            "{resources: {CPU: 1}, labels: {'a b': c}}",
            "available_node_types.a.labels has a label without a usable name: a b: "
        ),
        (
            "{resources: {CPU: 1}, expire_after_s: 0}",
            "available_node_types.a.expire_after_s is out of range: 0: "
        ),
    ])
    func aWrongTypeIsTold(type: String, message: String) {
        let found = Self.problems("provider: {type: fake}\navailable_node_types: {a: \(type)}")
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test func aRightFileIsReadWhole() throws {
        let text = """
            cluster_name: c1
            max_workers: 20
            upscaling_speed: 1.5
            idle_timeout_minutes: 0.5
            join_deadline_s: 30
            ports: {ingress_host: 0.0.0.0, ingress: 0, control: 0, nodes: 0, replicas: 30000-31000}
            provider:
              type: fake
              boot_delay_s: {lognormal: {median_s: 0.8, sigma: 0.25}}
              seed: 18446744073709551615
              capacity: {b: 3, a: 0}
              error_rates: {out_of_capacity: 0.125, lost_reply: 1}
              prices: {a: 0.000001}
            available_node_types:
              b: {resources: {CPU: 4, memory: 2 GiB, tpu: 0.5}, min_workers: 1, max_workers: 4, idle_timeout_s: 2}
              a: {resources: {GPU: 1}, labels: {z: 1, y: two}}
            """
        let settings = try Settings.cluster(text: text, file: "c")
        #expect(settings.name == "c1" && settings.maxWorkers == 20)
        #expect(settings.upscalingSpeed == Thousandths(1500) && settings.idleTimeout == Millis(30_000))
        #expect(settings.joinDeadline == Millis(30_000) && settings.agentSilent == Millis(10_000))
        #expect(settings.ports.ingressHost == "0.0.0.0" && settings.ports.control == 0)
        #expect(settings.ports.replicasFirst == 30_000 && settings.ports.replicasLast == 31_000)
        #expect(settings.nodeTypes.map(\.name) == ["a", "b"])
        #expect(settings.nodeTypes[0].maxWorkers == 20 && settings.nodeTypes[0].idleTimeout == nil)
        #expect(settings.nodeTypes[0].labels.map(\.name) == ["y", "z"])
        #expect(settings.nodeTypes[1].resources == Resources(["CPU": 4000, "memory": 2 << 30, "tpu": 500]))
        #expect(settings.nodeTypes[1].idleTimeout == Millis(2000))
        var fake = FakeCloudSettings()
        fake.bootDelay = .lognormal(median: Millis(800), sigma: Thousandths(250))
        fake.seed = .max
        fake.capacity = [.init(type: "a", count: 0), .init(type: "b", count: 3)]
        fake.outOfCapacityPerMille = 125
        fake.lostReplyPerMille = 1000
        fake.prices = [.init(type: "a", microdollarsPerHour: 1)]
        #expect(settings.provider == .fake(fake))
    }

    @Test(arguments: ["http://127.0.0.1:7000", "http://[::1]:7000", "unix:/run/p.sock"])
    func aNativeProviderIsRead(endpoint: String) throws {
        let text =
            "provider: {type: native, endpoint: \"\(endpoint)\", token_file: t}\n"
            + "available_node_types: {small: {resources: {CPU: 4}}}"
        let settings = try Settings.cluster(text: text, file: "c")
        #expect(settings.provider == .native(endpoint: endpoint, tokenFile: "t"))
    }
}
