import ArgumentParser
import Foundation
import Link
import Model
import Settings
import Wire

struct RequestResources: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request-resources",
        abstract: "Have room for so much at once, whatever runs.",
        discussion: """
            As Ray's request_resources: nodes are bought until all bundles fit at the same time, and kept, used or not.
            The newest call replaces the one before; it lasts over restarts. Without a bundle it only says what is asked
            for.

            Example: tandem request-resources '{"CPU": 4}' --count 3
                     tandem request-resources --num-cpus 16
                     tandem request-resources --clear
            """)

    @Argument(help: "Bundles, each a mapping of resources: '{\"CPU\": 4, \"memory\": \"8 GiB\"}'.")
    var bundles: [String] = []
    @Option(help: "So many of each bundle.") var count = 1
    @Option(help: "So many bundles of one CPU, as in Ray.") var numCpus: Int?
    @Flag(help: "Ask for nothing any more.") var clear = false
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if clear, !bundles.isEmpty || numCpus != nil {
            throw ValidationError("--clear asks for nothing: no bundles")
        }
        if numCpus != nil, bundles.isEmpty, count != 1 {
            throw ValidationError(
                "--num-cpus asks for so many bundles of one CPU, and --count is for bundles that are named: leave it out,"
                    + " or write '{\"CPU\": 4}' --count \(count)")
        }
        if count < 1 { throw ValidationError("--count \(count): at least 1") }
        if let numCpus, numCpus < 0 { throw ValidationError("--num-cpus \(numCpus): at least 0") }
    }

    func run() async throws {
        let method = clear ? "DELETE" : asks ? "PUT" : "GET"
        var body: String?
        if asks { body = try text() }
        let sent = body.map { Data($0.utf8) }
        let link = try ClusterFileSending.nodes(StatePaths(place.state))
        let answer = try await ClusterFileSending.plainly {
            try await link.text(
                method, Routes.standingDemand, body: sent,
                contentType: sent == nil ? nil : "application/yaml", deadline: ClusterFileSending.deadline)
        }
        let demand = try WireCoding.decode(StandingDemandAnswer.self, from: Data(answer.utf8))
        for warning in demand.warnings ?? [] { say("warning: \(warning)") }
        if json { return try printJSON(demand) }
        if demand.bundles.isEmpty { return print("nothing is asked for") }
        for entry in demand.bundles {
            let words = entry.resources.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.words)" }
            print("\(entry.count) x {\(words.joined(separator: ", "))}")
        }
    }

    private var asks: Bool { !bundles.isEmpty || numCpus != nil }

    /// Each bundle is read here first, so that a message names the argument.
    private func text() throws -> String {
        var entries: [String] = []
        for (index, bundle) in bundles.enumerated() {
            let entry = "{resources: \(bundle), count: \(count)}"
            do {
                _ = try StandingDemandText.read(text: "bundles: [\(entry)]", file: "bundle \(index + 1)")
            } catch {
                throw Problem(
                    code: "invalid", message: "nothing was changed: \(bundle) is no bundle",
                    problems: error.problems.map { "\($0.what): \($0.value): \($0.right)" })
            }
            entries.append(entry)
        }
        return "bundles: [\(entries.joined(separator: ", "))]\n" + (numCpus.map { "num_cpus: \($0)\n" } ?? "")
    }
}

extension JSONValue {
    /// A number as a person writes it.
    fileprivate var words: String {
        switch self {
        case .whole(let number): "\(number)"
        case .number(let number): "\(number)"
        case .text(let text): text
        default: ""
        }
    }
}
