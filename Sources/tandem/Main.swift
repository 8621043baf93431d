import ArgumentParser
import Wire

/// The only executable and the only composition root: every clock, every die and every task is handed out here.
@main
enum Program {
    static func main() async {
        do {
            var command = try Tandem.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            // Whoever asked for JSON reads no prose.
            if CommandLine.arguments.contains("--json"), let failure = Failure(error) {
                try? emitJSON(failure)
            }
            Tandem.exit(withError: error)
        }
    }
}

/// What a program is told on standard output in place of an answer; people read the same on standard error.
struct Failure: Encodable {
    var error: Problem

    /// - Returns: nil for what is no failure of the command: help, or a verdict that it has printed already.
    init?(_ error: any Error) {
        if error is ExitCode { return nil }
        if let problem = error as? Problem {
            self.error = problem
        } else {
            let message = Tandem.message(for: error)
            guard Tandem.exitCode(for: error) != .success, !message.isEmpty else { return nil }
            self.error = Problem(
                code: Tandem.exitCode(for: error) == .validationFailure ? "invalid" : "failed",
                message: message)
        }
    }
}

struct Tandem: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem",
        abstract: "Scales replicas with their traffic, and nodes with the replicas.",
        discussion: """
            Start a cluster on this machine, give it an application, look at it, send it load:

              tandem up Config/quickstart/cluster.yaml --apps Config/quickstart/serve.yaml
              tandem status
              tandem load --users 1,4,10
              tandem sql "select * from nodes_now"
            """,
        subcommands: [
            Up.self, Down.self, Reload.self, RequestResources.self, Deploy.self, Scale.self, Delete.self,
            Status.self, Explain.self, Cost.self, Logs.self, SQL.self,
            LoadCommand.self,
            Demo.self, Simulate.self, Plan.self, SwarmCommand.self, ScenarioCommand.self, StateCommand.self,
            CloudCommand.self, ReplicaCommand.self, Run.self,
        ])
}

/// One process of a cluster; `tandem up` starts them all.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run one process of a cluster (tandem up runs them all).",
        discussion: "Example: tandem run serve --state State --port 8265",
        subcommands: [RunServe.self, RunNodes.self, RunProxy.self, RunCloud.self, RunAgent.self])
}

/// Where a cluster lives; every command takes it.
struct StateOption: ParsableArguments {
    @Option(help: ArgumentHelp("Directory with the cluster's state.", valueName: "dir"))
    var state = "State"
}
