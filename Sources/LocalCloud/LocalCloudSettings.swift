import Foundation
import Listener
import Model
import Wire

/// What the fake cloud of one State directory is started with.
package struct LocalCloudSettings: Sendable {
    /// A machine type that it sells.
    package struct MachineType: Hashable, Sendable, Codable {
        package var name: String
        package var resources: Resources
        package init(name: String, resources: Resources) {
            self.name = name
            self.resources = resources
        }
    }

    /// Its registry lives here: `State/cloud`.
    package var directory: String
    /// The agents' directories: `State/nodes`.
    package var nodesDirectory: String
    package var fake: FakeCloudSettings
    package var nodeTypes: [MachineType]
    package var bind: Bind
    /// How a machine's agent is started; index 0 is the program. No shell.
    package var command: @Sendable (MachineStart) -> [String]

    /// - Parameter executable: this very program, absolute.
    package init(
        directory: String, nodesDirectory: String, fake: FakeCloudSettings, nodeTypes: [MachineType],
        bind: Bind, executable: String
    ) {
        self.init(
            directory: directory, nodesDirectory: nodesDirectory, fake: fake, nodeTypes: nodeTypes,
            bind: bind,
            command: { $0.agentCommand(executable: executable) })
    }

    /// - Parameter command: another program in the agent's place.
    package init(
        directory: String, nodesDirectory: String, fake: FakeCloudSettings, nodeTypes: [MachineType],
        bind: Bind, command: @escaping @Sendable (MachineStart) -> [String]
    ) {
        self.directory = directory
        self.nodesDirectory = nodesDirectory
        self.fake = fake
        self.nodeTypes = nodeTypes
        self.bind = bind
        self.command = command
    }

    /// Ways to buy a machine: those that are configured, or one zone, one capacity type, a price for each type.
    func offerings() -> [Offering] {
        nodeTypes.flatMap { type -> [Offering] in
            let ways = (fake.offerings ?? []).filter { $0.nodeType == type.name }
            guard ways.isEmpty else { return ways }
            return [
                Offering(
                    nodeType: type.name, zone: "local", capacityType: "on_demand",
                    microdollarsPerHour: fake.prices.first { $0.type == type.name }?.microdollarsPerHour
                        ?? max(0, type.resources[Resources.cpu]) * Self.microdollarsPerMilliCPU)
            ]
        }
    }

    /// 1 cent a CPU and hour.
    private static let microdollarsPerMilliCPU: Int64 = 10
}

/// What a new machine is told. Each time it starts its agent, the same.
package struct MachineStart: Hashable, Sendable {
    package var node: NodeID
    package var cluster: String
    /// Of the agent, beneath `nodesDirectory`.
    package var directory: String
    package var endpoint: String
    package var tokenFile: String
    package var ports: ClosedRange<Int>
    package var resources: Resources

    /// The agent as a role of `executable`.
    package func agentCommand(executable: String) -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = (try? encoder.encode(resources)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return [
            executable, "run", "agent", "--node", node.rawValue, "--directory", directory, "--endpoint",
            endpoint,
            "--token-file", tokenFile, "--ports", "\(ports.lowerBound)-\(ports.upperBound)", "--resources",
            json,
            "--mark", cluster,
        ]
    }
}
