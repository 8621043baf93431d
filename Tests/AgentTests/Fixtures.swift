import Agent
import CPlatform
import Foundation
import Model
import Synchronization
import Testing
import Wire

#if canImport(Glibc)
    import Glibc
#endif

let shop = DeploymentID(application: "shop", deployment: "api")
let first = ReplicaID(shop, serial: 1)
let second = ReplicaID(shop, serial: 2)

/// A test was over before what it waited for came.
struct InVain: Error, CustomStringConvertible {
    var description: String
}

/// A node tier of a few lines: answers at once when the agent has not obeyed the newest orders, else waits.
final class FakeTier: Sendable {
    struct State {
        var generation: Int64 = 0
        var orders: [ReplicaOrder] = []
        var retire = false
        /// Set: answered instead of the truth.
        var lie: NodeSyncAnswer?
        var isAway = false
        /// Versions it understands.
        var speaks = WireVersion.oldest...WireVersion.current
        /// Of all calls, in order.
        var versions: [Int] = []
        var callsWhileAway = 0
        /// Calls that were held, having nothing new to be told.
        var waits = 0
        var heard: NodeSyncRequest?
    }

    private let state = Mutex(State())
    private let bell = ChangeBell()

    var heard: NodeSyncRequest? { state.withLock { $0.heard } }

    var versionsHeard: [Int] { state.withLock { $0.versions } }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        bell.ring()
    }

    func order(_ orders: [ReplicaOrder]) {
        change {
            $0.orders = orders
            $0.generation += 1
        }
    }

    func sync(_ request: NodeSyncRequest) async throws -> NodeSyncAnswer {
        change {
            $0.heard = request
            $0.versions.append(request.wireVersion)
            if $0.isAway { $0.callsWhileAway += 1 }
        }
        var isHeld = false
        while true {
            let seen = bell.count
            let now = state.withLock { $0 }
            if now.isAway { throw CancellationError() }
            guard now.speaks.contains(request.wireVersion) else {
                throw Problem(code: "version", message: "update one of us")
            }
            if let lie = now.lie { return lie }
            let fence = Fence(clusterGeneration: 1, epoch: 1, generation: now.generation)
            if now.retire { return NodeSyncAnswer(fence: fence, orders: [], retire: true) }
            if request.fence < fence { return NodeSyncAnswer(fence: fence, orders: now.orders) }
            if !isHeld { change { $0.waits += 1 } }
            isHeld = true
            await bell.wait(beyond: seen)
            try Task.checkCancellation()
        }
    }

    /// Waits for a state of affairs, as long as the test may last.
    func until(_ what: String, _ holds: @Sendable @escaping (State) -> Bool) async throws {
        while !Task.isCancelled {
            let seen = bell.count
            if holds(state.withLock { $0 }) { return }
            await bell.wait(beyond: seen)
        }
        throw InVain(description: "waited in vain for: \(what); last heard: \(String(describing: heard))")
    }

    @discardableResult
    func report(
        of id: ReplicaID = first, _ phase: ReplicaReport.Phase
    ) async throws -> ReplicaReport {
        try await report(of: id, "\(phase)") { $0.phase == phase }
    }

    /// Waits for a report of the replica of which this holds.
    @discardableResult
    func report(
        of id: ReplicaID = first, _ what: String, _ holds: @Sendable @escaping (ReplicaReport) -> Bool
    ) async throws -> ReplicaReport {
        let found = Mutex<ReplicaReport?>(nil)
        try await until("\(id) \(what)") { state in
            guard let report = state.heard?.replicas.first(where: { $0.id == id && holds($0) }) else {
                return false
            }
            found.withLock { $0 = report }
            return true
        }
        return try #require(found.withLock { $0 })
    }
}

/// A directory and a range of ports of its own; removes both, and whatever still runs there, at the end.
final class Site: Sendable {
    let directory: String
    let ports: ClosedRange<Int>
    let tier = FakeTier()

    private static let nextPort = Mutex(21_000)

    init() throws {
        let port = Self.nextPort.withLock { next in
            defer { next += 10 }
            return next
        }
        ports = port...(port + 9)
        directory = "/tmp/tandem-agent-\(getpid())-\(port)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        for pid in marked() { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func settings() -> AgentSettings {
        var settings = AgentSettings(
            node: NodeID("n1"), directory: directory, ports: ports, incarnation: UUID().uuidString)
        settings.upkeepPeriod = Millis(20)
        return settings
    }

    func agent(_ settings: AgentSettings? = nil) -> NodeAgent {
        NodeAgent(settings: settings ?? self.settings(), sync: tier.sync)
    }

    /// Runs an agent for as long as `body` takes. Its end is then like a crash: replicas stay.
    @discardableResult
    func withAgent<Value: Sendable>(
        _ settings: AgentSettings? = nil,
        _ body: @Sendable @escaping (NodeAgent, FakeTier) async throws -> Value
    ) async throws -> Value {
        let agent = agent(settings)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await agent.run()
                return nil
            }
            group.addTask { [tier] in try await body(agent, tier) }
            defer { group.cancelAll() }
            let value = try #require(try await group.next() ?? nil, "the agent ended by itself")
            group.cancelAll()
            try await group.waitForAll()
            return value
        }
    }

    /// Processes that bear the mark of this site.
    func marked() -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(pid_t.init).filter { pid in
            variable(ReplicaMark.directory, of: pid) == directory
        }
    }

    func log(_ id: ReplicaID = first) -> String {
        (try? String(contentsOfFile: "\(directory)/logs/\(id).log", encoding: .utf8)) ?? ""
    }
}

func variable(_ name: String, of pid: pid_t) -> String? {
    var value = [CChar](repeating: 0, count: 4_096)
    guard tandem_process_variable(pid, name, &value, value.count) >= 0 else { return nil }
    return value.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
}

func order(
    _ command: [String], id: ReplicaID = first, health path: String? = nil
) -> ReplicaOrder {
    var settings = ReplicaSettings(command: command)
    settings.health.path = path
    settings.health.period = Millis(50)
    settings.health.timeout = Millis(5_000)
    settings.health.startDeadline = Millis(30_000)
    return ReplicaOrder(id: id, settings: settings)
}

extension ReplicaOrder {
    func stopping(grace: Int64) -> ReplicaOrder {
        var order = self
        order.stopGrace = Millis(grace)
        return order
    }
}

/// A web server in Perl, which every Debian has. `each` runs before each answer, whose status is `$status`.
func server(before: String = "", each: String = "") -> [String] {
    [
        "perl", "-MIO::Socket::INET", "-e",
        """
        $| = 1; \(before);
        my $listener = IO::Socket::INET->new(
            LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 5, ReuseAddr => 1) or die "bind: $!";
        my $count = 0;
        while (my $peer = $listener->accept) {
            my $status = 200; $count++; <$peer>; \(each);
            print $peer "HTTP/1.1 $status It\\r\\nConnection: close\\r\\n\\r\\n"; close $peer;
        }
        """, "{port}",
    ]
}

/// True once the process is gone, at most 30 s later.
func ends(_ pidfd: Int32) -> Bool {
    var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 30_000) == 1
}
