import Foundation

/// `tandem load`, steered: users who wait for their answers.
final class LoadProcess: Sendable {
    private let program: RunningProgram

    private struct Tick: Decodable {
        var elapsedMs: Int
        var requests: Int
        var failed: Int
    }

    /// A whole run.
    struct Report: Decodable {
        var requests: Int
        var failed: Int
        var failures: [Failure]
        struct Failure: Decodable {
            var reason: String
            var count: Int
            var example: String
        }
    }

    private init(_ program: RunningProgram) { self.program = program }

    fileprivate static func start(on cluster: Cluster) async throws -> LoadProcess {
        LoadProcess(
            try await RunningProgram.start(
                try await Tandem.path(), ["load", "--interactive", "--json", "--state", cluster.state]))
    }

    func users(_ count: Int) { program.say("users \(count)") }

    /// Requests that have ended so far, as told once a second.
    var ended: Int {
        program.output.split(separator: "\n").compactMap(Self.tick).reduce(0) { $0 + $1.requests }
    }

    /// Until so many more have been answered.
    func answers(_ more: Int) async throws {
        let before = ended
        try await eventually("\(more) more requests answered") { self.ended >= before + more }
    }

    fileprivate func stop() async throws -> Report {
        program.say("stop")
        let outcome = try await program.ended()
        guard let last = outcome.output.split(separator: "\n").last,
            let report = try? Self.decoder.decode(Report.self, from: Data(last.utf8))
        else { throw Overdue(description: "tandem load gave no report: \(outcome.whole)") }
        return report
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    private static func tick(_ line: Substring) -> Tick? {
        try? decoder.decode(Tick.self, from: Data(line.utf8))
    }
}

extension Cluster {
    /// So many users for the length of `body`.
    func load(users: Int, _ body: (LoadProcess) async throws -> Void) async throws -> LoadProcess.Report {
        let load = try await LoadProcess.start(on: self)
        load.users(users)
        do {
            try await load.answers(1)
            try await body(load)
        } catch {
            let report = try? await load.stop()
            throw Overdue(description: "\(error); the load: \(report.map { "\($0)" } ?? "ended badly")")
        }
        return try await load.stop()
    }
}
