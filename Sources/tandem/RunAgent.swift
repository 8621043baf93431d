import Agent
import ArgumentParser
import Foundation
import Link
import Logging
import Model
import ServiceLifecycle
import Wire

struct RunAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "The agent of one node: runs its replicas.",
        discussion: """
            Example: tandem run agent --node n1 --directory State/nodes/n1 --endpoint http://127.0.0.1:6380 \\
                       --token-file State/token --ports 20000-20199
            """)

    @Option(help: "Name of the node.") var node: String
    @Option(help: "The agent's own directory.") var directory: String?
    @Option(help: "The node tier's endpoint.") var endpoint: String?
    @Option(help: "File with the bearer token.") var tokenFile: String?
    @Option(help: "Range in which replicas listen.") var ports = "20000-32000"
    @Option(help: "What the node offers, as JSON; default: this machine.") var resources: String?
    @Option(help: "Tag of the cluster; seen in the process list.") var mark: String?
    @Flag(help: "This machine is the node; all paths come from --state.") var local = false
    @OptionGroup var place: StateOption

    func run() async throws {
        guard NameRule.accepts(node) else { throw ValidationError("--node \"\(node)\" is no node name") }
        let (paths, node, isLocal) = (StatePaths(place.state), node, local)
        var settings = AgentSettings(
            node: NodeID(node), directory: directory ?? "\(paths.nodes)/\(node)", ports: try portRange(),
            incarnation: Incarnation.new())
        settings.resources = try resources.map {
            try JSONDecoder().decode(Resources.self, from: Data($0.utf8))
        }
        settings.reapsOrphans = true
        let (agent, endpoint, tokenFile) = (settings, endpoint, tokenFile ?? paths.token)
        try await RoleProcess.run("agent") { log in
            let tier: Endpoint
            if let endpoint {
                tier = try Endpoint(parsing: endpoint)
            } else {
                tier = try Endpoint(
                    parsing: try await cancelWhenGracefulShutdown { try await NodeTierAddress.wait(paths) })
            }
            let process = AgentProcess(
                settings: agent, tier: tier, token: try Token.load(path: tokenFile, createIfMissing: false))
            if isLocal { try RunFile.write(paths.runFile("agent"), address: "") }
            let ending = try await withGracefulShutdownHandler {
                try await process.run()
            } onGracefulShutdown: {
                // A machine that is given back: what runs on it is stopped first.
                process.stop(grace: Millis(2_000))
            }
            log.info("agent ended", metadata: ["ending": "\(ending)"])
        }
    }

    private func portRange() throws -> ClosedRange<Int> {
        let parts = ports.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, parts[0] >= 1, parts[0] <= parts[1], parts[1] <= 65_535 else {
            throw ValidationError("--ports \"\(ports)\" is no range: give first-last, e.g. 20000-20199")
        }
        return parts[0]...parts[1]
    }
}

/// The node tier of the same state directory, which may still be coming up.
enum NodeTierAddress {
    static let lookEvery = Duration.milliseconds(20)

    static func wait(_ paths: StatePaths) async throws -> String {
        while true {
            if let file = RunFile.read(paths.runFile("nodes")) { return file.address }
            try await Task.sleep(for: lookEvery)
        }
    }
}

/// A name for one life of a process.
enum Incarnation {
    static func new() -> String {
        var dice = SystemRandomNumberGenerator()
        return String(dice.next(), radix: 16)
    }
}
