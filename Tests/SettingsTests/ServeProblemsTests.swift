import Model
import Settings
import Testing

/// What a wrong serve file is answered with: exact places and words.
struct ServeProblemsTests {
    /// A deployment with what it needs; `more` is appended to it.
    static func file(_ more: String) -> String {
        """
        applications:
          - name: a
            deployments:
              - name: d
                command: [x]
        \(more.split(separator: "\n").map { "        \($0)" }.joined(separator: "\n"))
        """
    }

    static func problems(_ text: String) -> [String] {
        do {
            _ = try Settings.serve(text: text, file: "f")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    static let deployment: [(String, String)] = [
        (
            "max_ongoing_request: 3",
            "f:6:9: unknown key in applications[0].deployments[0]: max_ongoing_request: "
                + "did you mean max_ongoing_requests?"
        ),
        (
            "max_concurrent_queries: 3",
            "f:6:9: unknown key in applications[0].deployments[0]: max_concurrent_queries: "
                + "did you mean max_ongoing_requests?"
        ),
        (
            "max_ongoing_requests: 0",
            "f:6:31: applications[0].deployments[0].max_ongoing_requests is out of range: 0: "
                + "a whole number of at least 1, at most 1000000"
        ),
        (
            "max_ongoing_requests: many",
            "f:6:31: applications[0].deployments[0].max_ongoing_requests must be a number: many: "
                + "a whole number of at least 1, at most 1000000"
        ),
        (
            "max_ongoing_requests: \"3\"",
            "f:6:31: applications[0].deployments[0].max_ongoing_requests must be a number: \"3\": "
                + "the number without quotes"
        ),
        (
            "max_ongoing_requests: 2.5",
            "f:6:31: applications[0].deployments[0].max_ongoing_requests cannot be read exactly: 2.5: "
                + "a whole number"
        ),
        (
            "max_queued_requests: 0",
            "f:6:30: applications[0].deployments[0].max_queued_requests must not be 0: 0: "
                + "-1 for the proxy's own bound, or at least 1"
        ),
        (
            "num_replicas: 0",
            "f:6:23: applications[0].deployments[0].num_replicas is neither a number of replicas nor auto: 0: "
                + "a whole number of at least 1, at most 100000, or auto"
        ),
        (
            "num_replicas: many",
            "f:6:23: applications[0].deployments[0].num_replicas is neither a number of replicas nor auto: "
                + "many: a whole number of at least 1, at most 100000, or auto"
        ),
        (
            "num_replicas: 2\nautoscaling_config: {max_replicas: 3}",
            "f:7:9: applications[0].deployments[0].autoscaling_config cannot stand beside a fixed "
                + "num_replicas: 2: num_replicas: auto, or no autoscaling_config"
        ),
        (
            "autoscaling_config: {min_replicas: 4, max_replicas: 3}",
            "f:6:44: applications[0].deployments[0].autoscaling_config.min_replicas is above max_replicas: "
                + "4 > 3: min_replicas of at most max_replicas"
        ),
        (
            "autoscaling_config: {initial_replicas: 4, max_replicas: 3}",
            "f:6:48: applications[0].deployments[0].autoscaling_config.initial_replicas is not between "
                + "min_replicas and max_replicas: 4: at least 1, at most 3"
        ),
        (
            "autoscaling_config: {look_back_period_s: 0}",
            "f:6:50: applications[0].deployments[0].autoscaling_config.look_back_period_s is out of range: 0: "
                + "a number seconds above 0, at most 31536000"
        ),
        (
            "autoscaling_config: {upscale_delay_s: 1e3}",
            "f:6:47: applications[0].deployments[0].autoscaling_config.upscale_delay_s cannot be read exactly: "
                + "1e3: the number written out, without exponent"
        ),
        (
            "autoscaling_config: {upscale_delay_s: .inf}",
            "f:6:47: applications[0].deployments[0].autoscaling_config.upscale_delay_s cannot be read exactly: "
                + ".inf: a finite number"
        ),
        (
            "autoscaling_config: {upscale_delay_s: 0.0005}",
            "f:6:47: applications[0].deployments[0].autoscaling_config.upscale_delay_s cannot be read exactly: "
                + "0.0005: a number with at most 3 decimals"
        ),
        (
            "autoscaling_config: {aggregation_function: sum}",
            "f:6:52: applications[0].deployments[0].autoscaling_config.aggregation_function is none of its words: "
                + "sum: mean, max, min"
        ),
        (
            "autoscaling_config: {downscale_delay_value: newest}",
            "f:6:53: applications[0].deployments[0].autoscaling_config.downscale_delay_value is none of its words: "
                + "newest: last, min, mean, max"
        ),
        (
            "autoscaling_config: {delay_share: 1.001}",
            "f:6:43: applications[0].deployments[0].autoscaling_config.delay_share is out of range: 1.001: "
                + "a number above 0, at most 1"
        ),
        (
            "autoscaling_config: {delay_share: 0}",
            "f:6:43: applications[0].deployments[0].autoscaling_config.delay_share is out of range: 0: "
                + "a number above 0, at most 1"
        ),
        (
            "autoscaling_config: {upscale_tolerance: -0.1}",
            "f:6:49: applications[0].deployments[0].autoscaling_config.upscale_tolerance is out of range: -0.1: "
                + "a number of at least 0, at most 1"
        ),
        (
            "autoscaling_config: {count_starting: 1}",
            "f:6:46: applications[0].deployments[0].autoscaling_config.count_starting must be true or false: 1: "
                + "true or false"
        ),
        (
            "autoscaling_config: {without_data: none}",
            "f:6:44: applications[0].deployments[0].autoscaling_config.without_data is none of its words: none: "
                + "hold, zero"
        ),
        (
            "autoscaling_config: {policy: {policy_function: my:policy}}",
            "f:6:39: policy_function in applications[0].deployments[0].autoscaling_config.policy is not read by "
                + "this version: my:policy: there are no policies of one's own: the rule of "
                + "target_ongoing_requests is used"
        ),
        (
            "max_unavailable: 150%",
            "f:6:26: applications[0].deployments[0].max_unavailable is no part of the replicas: 150%: "
                + "0% to 100%, or a number of replicas"
        ),
        (
            "backpressure_config: {status_code: 500}",
            "f:6:44: applications[0].deployments[0].backpressure_config.status_code is neither of the two that "
                + "say it: 500: 503 or 429"
        ),
        (
            "placement_group_strategy: PACK",
            "f:6:35: applications[0].deployments[0].placement_group_strategy has no bundles to place: PACK: "
                + "placement_group_bundles beside it, or neither"
        ),
        (
            "placement_group_bundles: [{CPU: 1}]\nplacement_group_strategy: SPREAD",
            "f:7:35: applications[0].deployments[0].placement_group_strategy would spread one replica over "
                + "several nodes, and a replica is one process: SPREAD: PACK or STRICT_PACK, and more replicas "
                + "instead of larger ones"
        ),
        (
            "environment: {1A: x}",
            "f:6:23: applications[0].deployments[0].environment has a variable without a usable name: 1A: "
                + "letters, digits and _, not beginning with a digit"
        ),
        (
            "environment: {PORT: 1}",
            "f:6:23: applications[0].deployments[0].environment sets a variable that the agent sets: PORT: "
                + "another name"
        ),
        (
            "environment: {A: }",
            "f:6:26: applications[0].deployments[0].environment.A must be a text: nothing: "
                + "a text, \"\" for an empty one"
        ),
        (
            "working_dir: here",
            "f:6:22: applications[0].deployments[0].working_dir is not absolute: here: "
                + "an absolute path, which must exist on every node"
        ),
        (
            "enforce_memory: true",
            "f:6:25: applications[0].deployments[0].enforce_memory has no limit to enforce: true: "
                + "`ray_actor_options: {memory: 512 MiB}` beside it"
        ),
        (
            "enforce_memory: yes",
            "f:6:25: applications[0].deployments[0].enforce_memory must be true or false: yes: true or false"
        ),
        (
            "readiness: {path: healthz}",
            "f:6:27: applications[0].deployments[0].readiness.path is no path of a request: healthz: "
                + "printable, without spaces, beginning with /"
        ),
        (
            "readiness: {period_s: 1}\nhealth_check_period_s: 2",
            "f:6:31: applications[0].deployments[0].readiness.period_s is given twice: 1: "
                + "health_check_period_s or readiness.period_s, not both"
        ),
        (
            "readiness: 3",
            "f:6:20: applications[0].deployments[0].readiness must be a mapping: 3: lines of `key: value`"
        ),
        (
            "ray_actor_options: {num_cpus: -1}",
            "f:6:39: applications[0].deployments[0].ray_actor_options.num_cpus is out of range: -1: "
                + "a number of at least 0, at most 1000000"
        ),
        (
            "ray_actor_options: {memory: 512 Mi}",
            "f:6:37: applications[0].deployments[0].ray_actor_options.memory is no amount of memory: 512 Mi: "
                + "bytes, or a number with KiB, MiB, GiB or TiB: 512 MiB"
        ),
        (
            "ray_actor_options: {resources: {cpu: 1}}",
            "f:6:41: applications[0].deployments[0].ray_actor_options.resources is for custom resources: cpu: "
                + "use num_cpus beside it"
        ),
        (
            "ray_actor_options: {label_selector: {zone: in(}}",
            "f:6:45: applications[0].deployments[0].ray_actor_options.label_selector is no label selector "
                + "(\"in(\" for label zone: write v, !v, in(a, b) or !in(a, b)): a mapping: "
                + "v, \"!v\", \"in(a, b)\" or \"!in(a, b)\""
        ),
        (
            "placement_group_bundles: [{CPU: 1}]\nmax_replicas_per_node: 2",
            "f:7:32: applications[0].deployments[0].max_replicas_per_node cannot stand beside "
                + "placement_group_bundles: 2: one of the two"
        ),
        (
            "placement_group_bundles: [{CPU: 1}, {CPU: 1}]\n"
                + "placement_group_bundle_label_selector: [{zone: a}, {zone: b}]",
            "f:7:60: applications[0].deployments[0].placement_group_bundle_label_selector[1] leaves no node, "
                + "with the other selectors (zone cannot be both a and b): a mapping: "
                + "selectors that one node can satisfy: a replica is one process on one node"
        ),
    ]

    @Test(arguments: deployment)
    func aWrongDeploymentIsToldExactly(more: String, message: String) {
        #expect(Self.problems(Self.file(more)) == [message])
    }

    static let whole: [(String, String)] = [
        ("", "f:1:1: the file is empty: nothing: `applications:` with a list, [] for none"),
        ("# nothing\n", "f:1:1: the file is empty: nothing: `applications:` with a list, [] for none"),
        ("[]", "f:1:1: the file must be a mapping: []: lines of `key: value`"),
        ("{}", "f:1:1: a key is missing: applications: `applications:` with a list, [] for none"),
        ("applications: 3", "f:1:15: applications must be a list: 3: a list of applications, [] for none"),
        ("applications:\n  - 3", "f:2:5: applications[0] must be a mapping: 3: lines of `key: value`"),
        (
            "applicatons: []\napplications: []",
            "f:1:1: unknown key: applicatons: did you mean applications?"
        ),
        (
            "applications: [{name: a}]",
            "f:1:16: applications[0] runs nothing: a: "
                + "`deployments:` with an entry that has a name and a command, or an import_path"
        ),
        (
            "applications: []\ntarget_capacity: 101",
            "f:2:18: target_capacity is out of range: 101: a number percent of at least 0, at most 100"
        ),
        (
            "applications: [{args: {a: 1}, deployments: [{name: d, command: [x]}]}]",
            "f:1:23: applications[0].args has no import_path to go to: a mapping: "
                + "settings by command or environment"
        ),
        (
            "applications: []\nimport_path: m:a",
            "f:2:1: import_path is not read by this version: m:a: "
                + "write it inside an entry of `applications:`"
        ),
        (
            "applications:\n  - {name: a, import_path: x.y}\n  - {name: a, route_prefix: /b, import_path: x:y}",
            "f:3:12: the application name of applications[1] is taken by the application at line 2: a: "
                + "a name of its own"
        ),
        (
            "applications:\n  - {name: a, import_path: x.y}\n  - {name: b, import_path: x:y}",
            "f:3:5: the route_prefix of applications[1] is taken by the application at line 2: /: "
                + "a prefix of its own, or null for an application without a route"
        ),
        (
            "applications: [{import_path: 'a:b:c'}]",
            "f:1:30: applications[0].import_path is no import path: \"a:b:c\": module:application"
        ),
        (
            "applications: [{name: 'a#b', import_path: a:b}]",
            "f:1:23: applications[0].name is no name: \"a#b\": "
                + "1 to 63 of a-z A-Z 0-9 - _ . not beginning with - or ."
        ),
        (
            "applications: [{import_path: a:b, port: 8001}]",
            "f:1:35: port in applications[0] is not read by this version: 8001: "
                + "set ports.ingress in the cluster file"
        ),
        (
            "applications:\n- deployments:\n  - {name: d, command: [x]}\n  - {name: d, command: [y]}",
            "f:4:12: applications[0].deployments[1].name is taken by the deployment at line 3: d: "
                + "a name of its own"
        ),
        (
            "applications: [{deployments: [{command: [x]}]}]",
            "f:1:31: a key is missing in applications[0].deployments[0]: name: "
                + "`name:` with the deployment's name"
        ),
        (
            "applications: [{deployments: [{name: d}]}]",
            "f:1:31: a key is missing in applications[0].deployments[0]: command: `command:` with a list of "
                + "words, program first: [python3, server.py]; no shell reads it"
        ),
        (
            "applications: [{deployments: [{name: d, command: sleep 5}]}]",
            "f:1:50: applications[0].deployments[0].command must be a list: sleep 5: a list of words, program "
                + "first: [python3, server.py]; no shell reads it"
        ),
        (
            "applications: [{import_path: a:b, deployments: [{name: d, command: [x]}]}]",
            "f:1:68: applications[0].deployments[0].command cannot stand beside import_path: a list: "
                + "one of the two"
        ),
        (
            "applications: []\napplications: []",
            "f:1:1: key given more than once: applications: give it once in one mapping"
        ),
    ]

    @Test(arguments: whole)
    func aWrongFileIsToldExactly(text: String, message: String) {
        #expect(Self.problems(text) == [message])
    }

    @Test(arguments: [
        ("chat", "must start with /: chat: /chat"), ("/chat/", "must not end with /: /chat/: /chat"),
        ("\"/{a}\"", "must not hold { or }: \"/{a}\": a fixed path such as /chat"),
        ("/-/x", "is kept for the proxy's own pages: /-/x: a path that does not begin with /-/"),
        ("/a//b", "holds an empty step, . or ..: /a//b: a plain path such as /chat/v1"),
        ("/a/../b", "holds an empty step, . or ..: /a/../b: a plain path such as /chat/v1"),
        ("/a?b", "holds a character that a path cannot: /a?b: letters, digits and - _ . ~ / without ? # %"),
        ("/é", "holds a character that a path cannot: /é: letters, digits and - _ . ~ / without ? # %"),
    ])
    func aWrongPrefixIsToldExactly(prefix: String, message: String) {
        let text = "applications:\n- route_prefix: \(prefix)\n  import_path: a:b"
        #expect(Self.problems(text) == ["f:2:17: applications[0].route_prefix \(message)"])
    }

    @Test func everyProblemIsToldAtOnceInTheOrderOfTheFile() {
        let text = Self.file("num_replica: 2\nmax_ongoing_requests: x\nreadiness: {path: a, tmeout_s: 2}")
        let places = Self.problems(text).map { $0.split(separator: ":")[1...2].joined(separator: ":") }
        #expect(places == ["6:9", "7:31", "8:27", "8:30"])
    }

    @Test func beyondAHundredProblemsAreCounted() throws {
        let text = "applications:\n" + String(repeating: "- 1\n", count: 250)
        let error = #expect(throws: SettingsProblems.self) { try Settings.serve(text: text, file: "f") }
        let problems = try #require(error)
        #expect(problems.problems.count == SettingsProblems.problemsMax)
        #expect(problems.problems.first?.line == 2)
        #expect(problems.more == 150)
        #expect(problems.description.hasSuffix("\nand 150 more"))
    }

    @Test func aJSONBodyIsReadWithPlacesOfItsOwn() {
        let body =
            "{\n\t\"applications\": [\n\t\t{\"name\": \"a\", \"deployments\": [{\"name\": 1e3, \"command\": []}]}]}"
        #expect(
            Self.problems(body) == [
                "f:3:58: applications[0].deployments[0].command is empty: []: "
                    + "a list of words, program first: [python3, server.py]; no shell reads it"
            ])
    }

    @Test func aHostileValueStaysOneShortLine() {
        let long = String(repeating: "x", count: 200)
        let text = "applications: [{name: \"a\\n\\e[31m\(long)\", import_path: a:b}]"
        let message = Self.problems(text).joined()
        #expect(!message.contains("\n") && !message.contains("\u{1b}") && message.count < 250)
        #expect(message.contains("\\n\\u{1b}[31mxxx"))
    }
}
