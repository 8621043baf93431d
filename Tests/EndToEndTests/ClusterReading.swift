import Foundation

/// What `tandem status --json` prints, as far as the tests look.
struct Status: Decodable {
    var applications: [Application]
    var deployments: [Deployment]
    var replicas: [Replica]
    var nodes: [Node]
    var warnings: [String]

    struct Application: Decodable {
        var name: String
        var status: String
        var message: String
    }

    struct Deployment: Decodable {
        var id: String
        var status: String
        var message: String
        var target: Int
        var ready: Int
        var failures: Int
    }

    struct Replica: Decodable {
        var id: String
        var phase: String
        var placement: String
        var node: String?
        var pid: Int32?
    }

    struct Node: Decodable, Equatable {
        var id: String
        var type: String
        var phase: String
        var replicas: Int
    }

    /// Process by replica, of those that are ready and wanted.
    var pids: [String: Int32] {
        let ready = replicas.filter { $0.phase == "wanted" && $0.placement == "ready" }
        return Dictionary(ready.map { ($0.id, $0.pid ?? 0) }, uniquingKeysWith: { first, _ in first })
    }

    func deployment(_ id: String) throws -> Deployment {
        guard let found = deployments.first(where: { $0.id == id }) else {
            throw Overdue(description: "status names no deployment \(id)")
        }
        return found
    }

    func application(_ name: String) throws -> Application {
        guard let found = applications.first(where: { $0.name == name }) else {
            throw Overdue(description: "status names no application \(name)")
        }
        return found
    }

    var readyNodes: Int { nodes.count { $0.phase == "ready" } }
}

/// A machine of the fake cloud.
struct Instance: Decodable {
    var id: String
    var node: String
    var token: String
    var state: String
}

private struct Instances: Decodable { var instances: [Instance] }

/// What a process wrote of itself.
struct RunFile: Decodable {
    var pid: Int32
    var address: String
    var metrics: String?
}

private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
        return try decoder.decode(type, from: Data(text.utf8))
    } catch {
        throw Overdue(description: "\(error) in \(text)")
    }
}

extension Cluster {
    /// Standard output of a command that must succeed.
    func output(_ words: String...) async throws -> String {
        let outcome = try await Tandem.run(words + ["--state", state])
        guard outcome.code == 0 else { throw Overdue(description: "\(words): \(outcome.whole)") }
        return outcome.output
    }

    func status() async throws -> Status { try decode(Status.self, try await output("status", "--json")) }

    func instances() async throws -> [Instance] {
        try decode(Instances.self, try await output("cloud", "list", "--json")).instances
    }

    func rows<Row: Decodable>(_ statement: String, as type: Row.Type) async throws -> [Row] {
        try decode([Row].self, try await output("sql", "--json", statement))
    }

    /// The only value of a statement that gives one number.
    func number(_ statement: String) async throws -> Int {
        let rows = try await rows(statement, as: [String: Int].self)
        guard let value = rows.first?.values.first else { throw Overdue(description: "\(statement): no row") }
        return value
    }

    func epoch(_ role: String) async throws -> Int {
        try await number("SELECT epoch FROM role WHERE role = '\(role)'")
    }

    /// The agent processes that the node tier hears, by the name that each life has.
    func agentLives() async throws -> [String] {
        struct Life: Decodable { var incarnation: String }
        return try await rows(
            "SELECT incarnation FROM node WHERE phase = 'ready' ORDER BY id", as: Life.self
        ).map(\.incarnation)
    }

    // MARK: - Processes

    func runFile(_ role: String) throws -> RunFile {
        try decode(RunFile.self, try String(contentsOfFile: "\(state)/run/\(role).json", encoding: .utf8))
    }

    func pid(_ role: String) throws -> pid_t {
        if role == "agent", let agent = agents().first { return agent }
        return try runFile(role).pid
    }

    /// The agents of the fake cloud's machines, by process.
    func agents() -> [pid_t] {
        Processes.all.filter { pid in
            let words = Processes.arguments(pid)
            return words.dropFirst().starts(with: ["run", "agent"])
                && words.contains { $0.hasPrefix(state + "/") }
        }
    }

    // MARK: - Requests

    var token: String {
        get throws {
            try String(contentsOfFile: state + "/token", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// One request for the applications.
    func request(
        _ path: String = "/", method: String = "GET", headers: [(String, String)] = [], within limit: Int = 20
    ) async throws -> Answer {
        try await Exchange.send(
            method, path, to: try Address(try runFile("proxy").address), headers: headers, within: limit)
    }

    /// One request to a control listener, with the token unless another, or none, is given.
    func control(
        _ method: String, _ path: String, at address: String, body: String = "", token given: String?? = .none
    ) async throws -> Answer {
        let secret: String? =
            switch given {
            case .none: try token
            case .some(let other): other
            }
        let headers =
            [("Accept", "application/json")] + (secret.map { [("Authorization", "Bearer \($0)")] } ?? [])
        return try await Exchange.send(method, path, to: try Address(address), headers: headers, body: body)
    }
}
