import Foundation
import Settings
import Testing

/// Every field of a serve file: in the table, in the documentation, and as it is answered.
@Suite struct FieldTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func theTableHasTheKeysThatAreRead() {
        for section in FieldTable.sections {
            let keys = section.rows.map(\.key)
            #expect(Set(keys).count == keys.count, "\(section.name) has a key twice")
            let read = Set(section.rows.filter { $0.status == .read }.map(\.key))
            #expect(
                read.subtracting(section.known).isEmpty, "\(section.name) has rows of what it does not read")
            #expect(Set(section.known).subtracting(keys).isEmpty, "\(section.name) reads what has no row")
            let broken = FieldDocument.answers(FieldDocument.text(section.name, "zzzzzz: 1")).problems
            let known = broken.map(\.right).filter { $0.hasPrefix("known here: ") }
            let words = section.known.isEmpty ? keys : section.known
            #expect(known == ["known here: " + words.joined(separator: ", ")], "\(section.name)")
        }
    }

    @Test func theTestOfEveryRowIsThere() {
        for section in FieldTable.sections {
            for row in section.rows {
                let source = try? String(contentsOf: Self.root.appending(path: row.testPath), encoding: .utf8)
                #expect(
                    source?.contains("func \(row.testName)(") == true,
                    "\(section.name).\(row.key): no \(row.testName) in \(row.testPath)")
            }
        }
    }

    /// To rewrite it: TANDEM_WRITE_FIELDS=1 swift test --filter FieldTests
    @Test func theDocumentationEqualsTheTable() throws {
        let file = Self.root.appending(path: "Sources/Model/Documentation.docc/Fields.md")
        if ProcessInfo.processInfo.environment["TANDEM_WRITE_FIELDS"] == "1" {
            try FieldTable.markdown.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(
            written == FieldTable.markdown, "run: TANDEM_WRITE_FIELDS=1 swift test --filter FieldTests")
    }

    @Test func whatIsNotReadIsAnsweredWithItsSentence() {
        for section in FieldTable.sections {
            let answered = section.rows.filter {
                !section.known.contains($0.key) && !section.opened.contains($0.key)
                    // `RayField` has a right value of each.
                    && !section.checked.contains($0.key)
            }
            for row in answered {
                let text = FieldDocument.text(section.name, "\(row.key): {zz: 1}")
                let (problems, warnings) = FieldDocument.answers(text)
                let told = row.status == .refused ? problems : warnings
                #expect(told.map(\.right) == [row.what], "\(section.name).\(row.key)")
                #expect(told.allSatisfy { $0.what.hasPrefix(row.key) })
                #expect(problems.isEmpty == (row.status == .warned), "\(section.name).\(row.key)")
            }
        }
    }

    /// A value that asks for nothing, as a default of Ray does, is taken without a word.
    @Test(arguments: [
        ("top", "proxy_location: EveryNode"), ("top", "logging_config: {}"),
        ("http_options", "root_path: \"\""), ("http_options", "root_path: ''"),
        ("http_options", "root_path: null"), ("http_options", "ssl_keyfile_password: \"\""),
        ("logging_config", "encoding: TEXT"), ("logging_config", "log_level: INFO"),
        ("logging_config", "enable_access_log: false"), ("grpc_options", "port: 9000"),
        ("grpc_options", "grpc_servicer_functions: []"), ("grpc_options", "enable_reflection: true"),
        ("tracing_config", "enabled: false"), ("tracing_config", "sampling_ratio: 0.01"),
        ("request_router_config", "initial_backoff_s: 0.025"),
        ("deployments", "graceful_shutdown_wait_loop_s: 2"),
        ("policy", "policy_function: 'ray.serve.autoscaling_policy:default_autoscaling_policy'"),
    ])
    func whatAsksForNothingIsTaken(section: String, entry: String) {
        let (problems, warnings) = FieldDocument.answers(FieldDocument.text(section, entry))
        #expect(problems == [] && warnings == [], "\(section): \(entry)")
    }

    @Test func everyFieldThatIsReadHasItsCases() {
        for section in FieldTable.sections {
            let keys = FieldCase.all.filter { $0.section == section.name }.map(\.key)
            #expect(keys.sorted() == section.known.sorted(), "\(section.name)")
        }
        let read = FieldTable.sections.filter { !$0.known.isEmpty }
        #expect(Set(FieldCase.all.map(\.section)) == Set(read.map(\.name)))
    }

    /// What Ray refuses inside a mapping that is not read is refused too, and so is a key that Ray does not know.
    @Test(arguments: [
        ("logging_config", "encoding: XML"), ("logging_config", "encodng: JSON"),
        ("logging_config", "log_level: LOUD"), ("logging_config", "logs_dir: [a]"),
        ("logging_config", "enable_access_log: perhaps"),
        ("logging_config", "additional_log_standard_attrs: name"), ("grpc_options", "port: 65536"),
        ("grpc_options", "grpc_servicer_functions: 'm:f'"), ("grpc_options", "request_timeout_s: 0"),
        ("grpc_options", "enable_reflection: 1"), ("grpc_options", "prt: 9000"),
        ("controller_options", "runtime_env: {pip: [x]}"), ("controller_options", "env_vars: {A: b}"),
        ("tracing_config", "enabled: 1"), ("tracing_config", "sampling_ratio: 1.5"),
        ("tracing_config", "exporter_import_path: [a]"), ("tracing_config", "ratio: 1"),
        ("request_router_config", "initial_backoff_s: 0"), ("request_router_config", "max_backof_s: 1"),
        ("request_router_config", "request_router_kwargs: 3"), ("policy", "policy_function: [a]"),
        ("policy", "policy_kwargs: 3"), ("policy", "name: a"),
        ("deployments", "graceful_shutdown_wait_loop_s: -1"),
    ])
    func whatRayRefusesIsRefused(section: String, entry: String) throws {
        let (problems, warnings) = FieldDocument.answers(FieldDocument.text(section, entry))
        #expect(problems.count == 1 && warnings == [], "\(section): \(entry): \(problems)")
        let sentences = try #require(FieldTable.sections.first { $0.name == section }).rows.map(\.what)
        #expect(!sentences.contains(problems.first?.right ?? ""), "it is not the value that is complained of")
    }

    /// A valid value changes what is read, one at a bound is taken, and a wrong one is refused by its path.
    @Test(arguments: FieldCase.all)
    func eachFieldIsReadAndChecked(_ one: FieldCase) {
        func text(_ value: String) -> String {
            FieldDocument.text(one.section, "\(one.key): \(value)", beside: one.beside)
        }
        let without = FieldDocument.settings(FieldDocument.text(one.section, nil, beside: one.beside))
        for value in one.valid {
            let read = FieldDocument.settings(text(value))
            #expect(
                read != nil, "\(one): \(value.prefix(80)): \(FieldDocument.answers(text(value)).problems)")
            #expect(read != without, "\(one): \(value.prefix(80)) changes nothing")
        }
        for value in one.edge {
            let problems = FieldDocument.answers(text(value)).problems
            #expect(problems == [], "\(one): \(value.prefix(80))")
        }
        let path = FieldDocument.path(one.section, one.key)
        for value in one.wrong {
            let problems = FieldDocument.answers(text(value)).problems
            #expect(!problems.isEmpty, "\(one): \(value.prefix(80)) is taken")
            #expect(problems.allSatisfy { $0.what.contains(path) }, "\(one): \(problems)")
        }
        #expect(!one.wrong.isEmpty && !(one.valid + one.edge).isEmpty)
    }

    @Test func everyAnsweredMappingHasEachOfItsFieldsTried() {
        for section in FieldTable.sections where section.known.isEmpty {
            let tried = Set(RayField.all.filter { $0.section == section.name }.map(\.key))
            #expect(tried == Set(section.rows.map(\.key)), "\(section.name)")
        }
    }

    @Test(arguments: RayField.all)
    func everyFieldOfRayIsAnswered(_ field: RayField) throws {
        let section = try #require(FieldTable.sections.first { $0.name == field.section })
        let row = try #require(section.rows.first { $0.key == field.key }, "\(field) is unknown")
        #expect(!section.opened.contains(field.key), "\(field) is answered by its fields")
        let beside = FieldCase.all.first { $0.section == field.section && $0.key == field.key }?.beside
        let (problems, warnings) = FieldDocument.answers(
            FieldDocument.text(field.section, field.entry, beside: beside))
        #expect(problems.map(\.right) == (row.status == .refused ? [row.what] : []), "\(field)")
        #expect(warnings.map(\.right) == (row.status == .warned ? [row.what] : []), "\(field)")
    }
}
