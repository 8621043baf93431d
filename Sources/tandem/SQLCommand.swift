import ArgumentParser
import Foundation
import Store

struct SQL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Ask the cluster's database a question (read only).",
        discussion: """
            The views are made for people: nodes_now, replicas_now, deployments_now, why_pending, why_not_removed,
            why_replicas, why_this_type, scale_history, timeline, cost_by_deployment, cost_by_cause, cost_by_node,
            cost_by_hour, leak_suspects.

            Example: tandem sql "select * from why_pending"
            """)

    @Argument(help: "One SELECT.") var statement: String
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON: an array of objects.") var json = false

    func run() async throws {
        let result = try StoreReader(directory: StatePaths(place.state).root).query(statement)
        if json {
            let rows = result.rows.map { row in
                Dictionary(zip(result.columns, row.map(Cell.init)), uniquingKeysWith: { first, _ in first })
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
        } else {
            print(StatusTable.table(result.columns, result.rows.map { $0.map(Cell.text) }), terminator: "")
        }
        if result.truncated { say("more than \(QueryResult.rowsMax) rows: add a LIMIT or a WHERE") }
    }

    struct Cell: Encodable {
        var value: StoreValue
        init(_ value: StoreValue) { self.value = value }

        static func text(_ value: StoreValue) -> String {
            switch value {
            case .null: ""
            case .integer(let number): "\(number)"
            case .real(let number): "\(number)"
            case .text(let text): text
            case .blob(let bytes): "(\(bytes.count) bytes)"
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .null: try container.encodeNil()
            case .integer(let number): try container.encode(number)
            case .real(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            case .blob(let bytes): try container.encode(Data(bytes).base64EncodedString())
            }
        }
    }
}

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a replica printed.",
        discussion: """
            Names of replicas are in tandem status; ended ones are kept for a while.

            Example: tandem logs 'default#Sleep#3' --lines 50
            """)

    @Argument(help: "Replica, as in tandem status.") var replica: String
    @Option(help: "Lines from the end.") var lines = 100
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    /// At most this much of a log is read from its end.
    static let bytesMax = 4 << 20

    func run() async throws {
        let paths = StatePaths(place.state)
        guard replica.split(separator: "#").count == 3, !replica.contains("/") else {
            throw ValidationError("\"\(replica)\" is no replica: they look like application#deployment#3")
        }
        let nodes = (try? FileManager.default.contentsOfDirectory(atPath: paths.nodes)) ?? []
        let files = nodes.sorted().map { "\(paths.nodes)/\($0)/logs/\(replica).log" }
        guard let file = files.first(where: { access($0, F_OK) == 0 }) else {
            throw ValidationError(
                "no log of \(replica) on this machine's nodes (looked in \(paths.nodes)/*/logs); tandem status lists replicas"
            )
        }
        let tail = try Self.tail(file, lines: lines)
        if json {
            try printJSON(["file": [file], "lines": tail])
        } else {
            for line in tail { print(Printable.text(line)) }
        }
    }

    private static func tail(_ path: String, lines: Int) throws -> [String] {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size > UInt64(bytesMax) ? size - UInt64(bytesMax) : 0)
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).suffix(
            max(lines, 0) + 1
        )
        .filter { !$0.isEmpty }
    }
}
