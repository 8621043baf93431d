import Foundation
import Model
import Settings
import Testing

/// Each application keeps what was put, as JSON.
@Suite struct ConfigTests {
    private func config(_ text: String) throws -> String {
        let entry = text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let settings = try Settings.serve(
            text: "applications:\n  - name: a\n    deployments: [{name: d, command: [x, 'y\"z']}]\n\(entry)",
            file: "f")
        return try #require(settings.applications.first).config
    }

    private static let start = #"{"deployments":[{"command":["x","y\"z"],"name":"d"}],"name":"a""#

    @Test(arguments: [
        ("route_prefix: /a", #""route_prefix":"/a""#), ("route_prefix: null", #""route_prefix":null"#),
        ("route_prefix: ~", #""route_prefix":null"#),
    ])
    func aValueIsWhatItIsInYAML(text: String, json: String) throws {
        #expect(try config(text) == "\(Self.start),\(json)}")
    }

    @Test(arguments: [
        ("1", "1"), ("-0.5", "-0.5"), ("1e3", "1000"), ("007", "\"007\""), (".5", "\".5\""), ("1.", "\"1.\""),
        ("true", "true"), ("yes", "\"yes\""), ("'1'", "\"1\""), ("\"a\\tb\"", "\"a\\tb\""),
        ("0x10", "\"0x10\""),
    ])
    func plainWordsOfJSONStayWhatTheyAre(word: String, json: String) throws {
        let settings = try Settings.serve(
            text:
                "applications: [{name: a, deployments: [{name: d, command: [x], environment: {A: \(word)}}]}]",
            file: "f")
        let config = try #require(settings.applications.first).config
        #expect(config.contains(#""environment":{"A":"# + json + "}"))
        _ = try JSONSerialization.jsonObject(with: Data(config.utf8))
    }

    /// Ray's client refuses a number where it expects a text.
    @Test(arguments: [
        ("name: 5", #""name":"5""#), ("name: null", #""name":null"#), ("name: '5'", #""name":"5""#),
    ])
    func aNameIsAText(line: String, json: String) throws {
        let settings = try Settings.serve(
            text: "applications: [{\(line), import_path: 1.5}]", file: "f")
        #expect(settings.applications.first?.config == "{\"import_path\":\"1.5\",\(json)}")
    }

    /// Numbers are texts where labels are meant: Ray's client refuses `{"rack": 7}`.
    @Test func labelsArePutAsTexts() throws {
        let text = """
            applications: [{name: shop, deployments: [{name: chat, command: [x], labels: {app: 7}, ray_actor_options:
              {resources: {labels: 2}, label_selector: {rack: 7}, fallback_strategy: [{label_selector: {rack: 8}}]}}]}]
            """
        let config = try #require(try Settings.serve(text: text, file: "f").applications.first?.config)
        #expect(
            config.contains(#""ray_actor_options":{"fallback_strategy":[{"label_selector":{"rack":"8"}}],"#)
                && config.contains(#""label_selector":{"rack":"7"},"resources":{"labels":2}}"#)
                && config.contains(#""labels":{"app":"7"}"#), "\(config)")
    }

    @Test func anExternalScalerAndAutoscalingExcludeEachOther() throws {
        let text =
            "applications: [{name: a, external_scaler_enabled: true, deployments: [{name: d, command: [x]"
        #expect(
            try Settings.serve(text: text + "}]}]", file: "f").applications.first?.hasExternalScaler == true)
        let error = #expect(throws: SettingsProblems.self) {
            try Settings.serve(text: text + ", num_replicas: auto}]}]", file: "f")
        }
        #expect(
            error?.problems.first?.description.contains("cannot stand beside autoscaling_config (of d)")
                == true)
    }
}
