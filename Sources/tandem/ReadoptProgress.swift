import Foundation
import Model
import Store
import Wire

/// How far the tiers have come with a state that is made anew.
struct ReadoptReport: Codable, Equatable {
    /// looking, found or done.
    var phase: String
    var machines: Int
    /// Of the machines: those whose agent has told what it runs.
    var heard: Int
    /// Told of by the agents.
    var replicas: Int
    /// Taken over by the serve tier.
    var taken: Int
    /// Nodes that were not waited for any longer.
    var silent: [String]
    /// False: they make the rest when they are started.
    var tiersRun: Bool

    var sentence: String {
        switch phase {
        case "done":
            "readopted: \(heard) of \(machines) nodes, \(taken) of \(replicas) replicas"
                + (silent.isEmpty ? "" : "; silent: \(silent.joined(separator: " "))")
        case _ where !tiersRun:
            "the new state is ready and no tier runs: start the cluster with tandem up, which finds what runs"
        default:
            "not done yet: \(progress); tandem status says how it goes on"
        }
    }

    var progress: String {
        "\(heard) of \(machines) nodes have told what they run, \(replicas) replicas found, \(taken) adopted"
    }
}

/// Follows the tiers until they are done.
struct ReadoptProgress {
    let paths: StatePaths

    static let lookEvery = Duration.milliseconds(100)
    /// A silent machine is waited for 30 seconds, a dead tier comes back within a few.
    static let atMost = Duration.seconds(90)

    private static let question = """
        SELECT r.phase, r.machines, r.heard, r.replicas, coalesce(t.replicas, 0), r.silent
        FROM readopt r LEFT JOIN readopt_taken t ON t.id = r.id
        """

    func follow() async throws -> ReadoptReport {
        let clock = ContinuousClock()
        let end = clock.now + Self.atMost
        var said = ""
        while true {
            let report = try read()
            if report.progress != said {
                said = report.progress
                say(said)
            }
            if report.phase == "done" || !report.tiersRun || clock.now >= end { return report }
            try await Task.sleep(for: Self.lookEvery)
        }
    }

    private func read() throws -> ReadoptReport {
        let row = try StoreReader(directory: paths.root).query(Self.question).rows.first ?? []
        func number(_ index: Int) -> Int {
            if row.indices.contains(index), case .integer(let number) = row[index] { return Int(number) }
            return 0
        }
        func text(_ index: Int) -> String {
            if row.indices.contains(index), case .text(let text) = row[index] { return text }
            return ""
        }
        let running = ["serve", "nodes"].contains { role in
            RunFile.read(paths.runFile(role))?.isAlive ?? false
        }
        // A tier that is just being started again has no live process for a moment, but its `up` has.
        let isUp = RunFile.read(paths.runFile("up"))?.isAlive ?? false
        return ReadoptReport(
            phase: text(0), machines: number(1), heard: number(2), replicas: number(3), taken: number(4),
            silent: text(5).split(separator: " ").map(String.init), tiersRun: running || isUp)
    }
}
