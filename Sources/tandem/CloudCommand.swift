import ArgumentParser
import CloudAdapters
import ControlAPI
import Foundation
import Link
import Listener
import LocalCloud
import Logging
import Model
import Wire

/// The fake cloud, from its owner's side.
struct CloudCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "Look at the fake cloud's machines, or lose one.",
        discussion: "Example: tandem cloud kill n2",
        subcommands: [List.self, Bill.self, Kill.self, Preempt.self])

    static let deadline = Millis(10_000)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the machines.", discussion: "Example: tandem cloud list --json")
        @OptionGroup var place: StateOption
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let answer = try await CloudCommand.link(place).call(
                "GET", "\(Routes.instances)?cluster=\(try ClusterTag.read(StatePaths(place.state)))",
                deadline: deadline, as: InstancesAnswer.self)
            if json { return try printJSON(answer) }
            print(
                StatusTable.table(
                    ["INSTANCE", "NODE", "TYPE", "ZONE", "CAPACITY", "STATE"],
                    answer.instances.map {
                        [
                            $0.id, $0.node.rawValue, $0.offering.nodeType, $0.offering.zone,
                            $0.offering.capacityType, $0.state,
                        ]
                    }), terminator: "")
        }
    }

    struct Bill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What each machine has cost, as the fake cloud says; tandem cost says for what.",
            discussion: "Example: tandem cloud bill --json")
        @OptionGroup var place: StateOption
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let answer = try await CloudCommand.link(place).call(
                "GET", "\(LocalCloudRoutes.bill)?cluster=\(try ClusterTag.read(StatePaths(place.state)))",
                deadline: deadline, as: BillAnswer.self)
            if json { return try printJSON(answer) }
            print(
                StatusTable.table(
                    ["INSTANCE", "NODE", "TYPE", "USD/H", "HOURS", "ENDED"],
                    answer.machines.map { line in
                        [
                            line.instance, line.node.rawValue, line.offering.nodeType,
                            Money.text(line.offering.microdollarsPerHour), Money.hours(line.timeMs.micros),
                            line.endedUnixMs == nil ? "no" : "yes",
                        ]
                    }), terminator: "")
            print("in all \(Money.text(answer.microdollars)) USD")
        }
    }

    struct Kill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lose a machine: its agent and every process on it end at once.",
            discussion: "Example: tandem cloud kill n2")
        @Argument(help: "Node or instance.") var node: String
        @OptionGroup var place: StateOption
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try CloudCommand.check(node)
            _ = try await CloudCommand.link(place).text(
                "POST", LocalCloudRoutes.kill(node), deadline: deadline)
            if json { try printJSON(["killed": node]) } else { print("killed \(node)") }
        }
    }

    struct Preempt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Announce that a machine will be taken away, and take it.",
            discussion: "Example: tandem cloud preempt n2 --notice 30")
        @Argument(help: "Node or instance.") var node: String
        @Option(
            name: [.customLong("notice"), .customLong("in-s")],
            help: "Seconds from the notice until it goes.") var inS = 120
        @OptionGroup var place: StateOption
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try CloudCommand.check(node)
            let call = PreemptCall(inMs: .seconds(Int64(inS)))
            _ = try await CloudCommand.link(place).text(
                "POST", LocalCloudRoutes.preempt(node), body: try WireCoding.encode(call),
                contentType: "application/json", deadline: deadline)
            if json { try printJSON(["preempted": node]) } else { print("\(node) goes in \(inS) s") }
        }
    }

    static func check(_ node: String) throws {
        guard NameRule.accepts(node) else {
            throw ValidationError("\"\(node)\" is no node: tandem cloud list names them")
        }
    }

    static func link(_ place: StateOption) throws -> Link {
        let paths = StatePaths(place.state)
        return Link(.unix(path: paths.cloudSocket), token: try paths.loadToken())
    }
}

struct RunCloud: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "The fake cloud: machines are agent processes of this host.",
        discussion: "Example: tandem run cloud --state State --cluster Config/quickstart/cluster.yaml")

    @OptionGroup var place: StateOption
    @Option(help: "Cluster file with provider type fake.") var cluster: String

    func run() async throws {
        let (paths, cluster) = (StatePaths(place.state), cluster)
        try await RoleProcess.run("cloud") { log in
            let (fake, types) = try catalogue(cluster, paths, log)
            try paths.prepare()
            let cloud = LocalCloud(
                LocalCloudSettings(
                    directory: paths.cloud, nodesDirectory: paths.nodes, fake: fake,
                    nodeTypes: types, bind: .unix(path: paths.cloudSocket), executable: Executable.path),
                token: try paths.loadToken(create: true))
            try await cloud.run { _ in
                do {
                    try RunFile.write(paths.runFile("cloud"), address: "unix:\(paths.cloudSocket)")
                } catch {
                    log.error("no run file", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}

/// What the file says is sold. Where a cloud has been before, a file that cannot be read is no reason to end.
private func catalogue(
    _ cluster: String, _ paths: StatePaths, _ log: Logger
) throws -> (FakeCloudSettings, [LocalCloudSettings.MachineType]) {
    do {
        let settings = try ClusterFile.load(cluster)
        guard case .fake(let fake)? = settings.provider else {
            throw Problem(
                code: "invalid",
                message: "\(cluster): provider is not the fake cloud: set provider: {type: fake}")
        }
        return (fake, settings.nodeTypes.map { .init(name: $0.name, resources: $0.resources) })
    } catch {
        guard let before = LocalCloud.soldBefore(directory: paths.cloud) else { throw error }
        log.error("the cluster file is not taken", metadata: ["problem": "\(error)"])
        return before
    }
}

enum Executable {
    /// This very program, absolute, also after its file was replaced by a newer build.
    static var path: String {
        let link =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return link.hasSuffix(" (deleted)") ? String(link.dropLast(" (deleted)".count)) : link
    }
}
