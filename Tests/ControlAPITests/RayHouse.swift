import ControlAPI
import Listener
import Logging
import Model
import NIOCore
import NIOPosix
import ServeTier
import Store
import Testing
import TwoTiers
import Wire

/// A cluster in virtual time whose serve tier answers over HTTP between two stretches of that time.
final class RayHouse {
    static let token = Token(secret: String(repeating: "d", count: 64))
    let world: TwoTiers

    /// - Parameter conduct: of commands, by their first word.
    init(_ conduct: [String: Conduct] = [:]) throws {
        var machine = NodeType.cpus("small", 8)
        machine.resources[Resources.memory] = 1 << 30
        world = try TwoTiers(.cloud([machine]))
        world.conduct = conduct
    }

    /// Serves the tier's API for as long as `body` asks; the world stands still meanwhile.
    func serving<Value>(_ body: (RayDoor) async throws -> Value) async throws -> Value {
        let tier = try #require(world.serve)
        let thread = TierThread(
            desk: ServeDesk(tier: tier), store: tier.store, bell: nil, log: Logger(label: "test"))
        let (ports, bell) = AsyncStream<Int>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await thread.run() }
            group.addTask {
                defer { bell.finish() }
                try await Listener(name: "test", bind: .tcp(port: 0), token: Self.token).run(
                    routes: { addApplications(to: $0, thread: thread) }, openPaths: RayFacts.openPaths,
                    onBound: { bell.yield($0) })
            }
            defer { group.cancelAll() }
            for await port in ports { return try await body(RayDoor(port: port)) }
            throw CancellationError()
        }
    }

    /// Lets time go by until the rows show these words, or for so long.
    func run(until words: [String], within limit: Millis = .seconds(90)) async throws {
        _ = try await world.run(until: { try self.words() == words }, within: limit)
    }

    /// Status of the only application; of its deployment, if one is listed, status and trigger.
    private func words() throws -> [String] {
        let state = try world.state()
        guard let row = state.applications.values.first else { return [] }
        let listed = row.deleting ? [] : state.deployments.values.filter { !$0.deleting }
        return [row.status.rawValue] + listed.flatMap { [$0.status.rawValue, $0.trigger.rawValue] }
    }

    /// One call, between two stretches of time.
    func call(_ method: String, _ path: String, _ body: String = "") async throws -> RayReply {
        try await serving { door in try await door.call(method, path, body: body) }
    }

    /// Puts applications and lets so much time go by.
    func put(_ applications: String, then span: Millis = .zero) async throws {
        let reply = try await call("PUT", RayDoor.applications, #"{"applications":[\#(applications)]}"#)
        try #require(reply.status == 200, "\(reply.body)")
        if span > .zero { try await world.run(span) }
    }

    /// The document as it is now.
    func document() async throws -> JSONValue {
        try #require(JSONValue(text: try await call("GET", RayDoor.applications).body))
    }
}

/// What came back.
struct RayReply {
    var status: Int
    var contentType: String
    var body: String

    /// `empty`, `text` or `json`.
    var kind: String {
        if body.isEmpty { return "empty" }
        return contentType.hasPrefix("application/json") ? "json" : "text"
    }
}

/// Calls of a client that says no more than it is told to.
struct RayDoor {
    static let applications = "/api/serve/applications/"
    let port: Int

    /// - Parameter headers: nil: the right token and nothing else.
    func call(
        _ method: String, _ path: String, headers: [String]? = nil, body: String = ""
    ) async throws -> RayReply {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"]
        lines += headers ?? ["Authorization: Bearer \(RayHouse.token.secret)"]
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        let answer = try await exchange(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let status = parts[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
        let type = parts[0].split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-type:") }
        return RayReply(
            status: try #require(status, "no answer to \(method) \(path)"),
            contentType: type.map { $0.dropFirst("content-type: ".count).lowercased() } ?? "",
            body: parts.count > 1 ? String(parts[1]) : "")
    }

    private func exchange(_ request: String) async throws -> String {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ByteBuffer()
            for try await part in inbound { answer.writeImmutableBuffer(part) }
            return String(buffer: answer)
        }
    }
}
