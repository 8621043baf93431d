import Foundation
import Model
import Store
import Synchronization

/// A machine's clocks, moved by hand.
final class HandClock: Sendable {
    private struct Times {
        var boot: Int64 = 1_000_000
        var unix: Int64 = 1_700_000_000_000
        var bootID = "first"
    }

    private let times = Mutex(Times())

    var clock: StoreClock {
        StoreClock(
            bootMillis: { self.times.withLock { $0.boot } }, unixMillis: { self.times.withLock { $0.unix } },
            bootID: { self.times.withLock { $0.bootID } })
    }

    func advance(_ span: Int64) {
        times.withLock {
            $0.boot += span
            $0.unix += span
        }
    }

    /// The machine starts anew: its boot clock begins again.
    func reboot() {
        times.withLock {
            $0.boot = 5
            $0.unix += 60_000
            $0.bootID += "+"
        }
    }
}

/// A state directory that goes with the value.
final class Place: Sendable {
    let path: String
    private let root: String

    init(_ name: String = "state") throws {
        root = NSTemporaryDirectory() + "tandem-store-\(UUID().uuidString)"
        path = root + "/" + name
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func open(_ role: StoreRole, _ clock: StoreClock = .system) throws -> Store {
        try Store.open(.directory(path), role: role, clock: clock)
    }

    /// The directory as a crash of every process at this moment would leave it, without the shared memory.
    func crashImage() throws -> Place {
        let image = try Place()
        try run("/bin/cp", ["-r", path, image.path])
        try? FileManager.default.removeItem(atPath: image.path + "/tandem.sqlite-shm")
        return image
    }

    /// The stock shell, as a person would use it. What it prints, errors after it.
    @discardableResult
    func shell(_ sql: String, _ options: [String] = []) throws -> String {
        try run("/usr/bin/sqlite3", options + [path + "/tandem.sqlite", sql])
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}

/// Both tiers on one database in memory.
struct Pair {
    let memory: SharedMemory
    let time = HandClock()
    var serve: Store
    var nodes: Store

    init() throws {
        memory = try SharedMemory()
        serve = try Store.open(.shared(memory), role: .serve, clock: time.clock)
        nodes = try Store.open(.shared(memory), role: .nodes, clock: time.clock)
    }
}

/// Repository root, also when the tests are reached through a link.
let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

struct SeededDice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

// MARK: - Rows with every column in use

let chat = DeploymentID(application: "shop", deployment: "chat")

func replica(_ serial: Int64, _ phase: ReplicaPhase = .wanted) -> ReplicaRow {
    var settings = ReplicaSettings(command: ["serve", "--port", "{port}"])
    settings.environment = [EnvironmentVariable(name: "MODE", value: "a \"b\" / ü")]
    settings.resources = Resources(["CPU": 1500, "GPU": 500, "memory": 1 << 29, "my_accelGPU": 2000])
    settings.health.path = "/ready"
    var row = ReplicaRow(
        id: ReplicaID(chat, serial: serial), version: "v1", settings: settings, phase: phase, buys: false,
        createdAt: Moment(10), createdUnixMs: 11)
    row.routedAt = Moment(12)
    row.drainingAt = Moment(13)
    row.drainDeadline = Moment(14)
    row.drainGeneration = 15
    row.stopReason = "downscale"
    return row
}

func deployment() -> DeploymentRow {
    var settings = DeploymentSettings(id: chat, replica: replica(1).settings)
    var auto = AutoscalingSettings()
    auto.minReplicas = 2
    auto.maxReplicas = 9
    auto.initialReplicas = 3
    settings.count = .auto(auto)
    settings.maxQueued = 7
    var row = DeploymentRow(id: chat, position: 1, settings: settings, version: "v1", target: 4)
    row.status = .upscaling
    row.message = "m"
    row.failures = 2
    row.retryAt = Moment(20)
    row.lastFailure = "exit 1"
    row.routeGeneration = 22
    row.routeHash = "h"
    return row
}

func scaling() -> ScalingRow {
    var row = ScalingRow(chat)
    row.memory.timer = DelayTimer(direction: -1, since: Moment(21))
    row.memory.wishes = [WishSample(at: Moment(19), wish: 3), WishSample(at: Moment(21), wish: 2)]
    row.memory.policy["mean"] = 7
    row.memory.raisedAt = Moment(17)
    row.memory.loweredAt = Moment(18)
    row.lookedAt = Moment(23)
    row.lookAt = Moment(24)
    row.served = 3
    row.load = Thousandths(2_500)
    row.loadAt = Moment(23)
    return row
}

func node(_ number: Int, _ phase: NodePhase = .requested) -> NodeRow {
    var row = NodeRow(
        id: NodeID("n\(number)"), type: "small", phase: phase, token: "token-\(number)", epoch: 3,
        resources: Resources(["CPU": 4000, "memory": 1 << 31]), portsFirst: 20_000, portsLast: 20_099,
        createdAt: Moment(30), joinDeadline: Moment(31))
    row.provider = "fake"
    row.offerings = [
        Offering(
            nodeType: "small", zone: "z", capacityType: "spot", microdollarsPerHour: 10_000, available: nil),
        Offering(
            nodeType: "small", zone: "z", capacityType: "on_demand", microdollarsPerHour: 40_000, available: 3
        ),
    ]
    row.instance = "i-\(number)"
    row.zone = "z"
    row.capacityType = "spot"
    row.microdollarsPerHour = 10_000
    row.host = "10.0.0.\(number)"
    row.agentPort = 9
    row.incarnation = "abc"
    row.generation = 5
    row.createdUnixMs = 32
    row.joinedAt = Moment(33)
    row.heardAt = Moment(34)
    row.idleSince = Moment(35)
    row.drainDeadline = Moment(36)
    row.attempts = 1
    row.nextTryAt = Moment(38)
    row.lastError = "e"
    row.absentLists = 2
    row.why = "demand"
    return row
}

func placement(_ serial: Int64, _ phase: PlacementPhase = .pending, on node: NodeID? = nil) -> PlacementRow {
    var row = PlacementRow(
        replica: ReplicaID(chat, serial: serial), node: node, phase: phase,
        resources: replica(1).settings.resources, pendingAt: Moment(40))
    row.gpus = [0, 2]
    row.host = "10.0.0.1"
    row.port = 20_001
    row.pid = 77
    row.assignedAt = Moment(41)
    row.startingAt = Moment(42)
    row.readyAt = Moment(43)
    row.stoppingAt = Moment(44)
    row.endedAt = Moment(45)
    row.exitJSON = #"{"code":{"_0":1}}"#
    row.exitText = "exit code 1"
    row.lastLines = "boom"
    row.refusals = [
        Refusal(candidate: "n1", code: .short, short: Resources(["CPU": 500, "memory": 1 << 20])),
        Refusal(candidate: "small", code: .upscalingSpeed),
    ]
    return row
}

func bucket(_ sequence: Int64, end: Int64, proxy: String = "p1", incarnation: String = "a") -> LoadBucketRow {
    LoadBucketRow(
        deployment: chat, proxy: proxy, incarnation: incarnation, sequence: sequence, end: Moment(end),
        span: Millis(1000), areaMicros: 2_000_000, ongoing: 2, queued: 1)
}

func account(_ number: Int, began: Moment, _ shares: [CostShare]) -> CostAccountRow {
    CostAccountRow(
        id: "i-\(number)@\(number)", instance: "i-\(number)", node: NodeID("n\(number)"), type: "small",
        zone: "z",
        capacityType: "spot", microdollarsPerHour: 10_000, createdUnixMs: Int64(number), beganAt: began,
        shares: shares)
}
