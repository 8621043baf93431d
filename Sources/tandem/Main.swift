import ArgumentParser

/// The only executable and the only composition root: every clock, every die and every task is handed out here.
@main
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
