import Model
import NIOCore
import Routing
import Wire

/// What one proxy process is started with.
package struct IngressSettings: Sendable {
    /// The name under which it syncs.
    package var id: String
    /// The data port's address: a numeric address or a name.
    package var host: String
    /// 0: any free port.
    package var port: Int
    /// Event loops, each with a listener of its own.
    package var loops: Int
    /// Where the last routes are kept.
    package var dataDirectory: String
    /// Loopback port of the metrics page; 0: any free port.
    package var metricsPort: Int
    /// Required on the metrics port.
    package var token: Token
    /// A request that waited this long for a replica is refused with 503.
    package var queueTimeout = Self.queueTimeoutDefault
    /// On the way out, requests may take this long to finish.
    package var finishTimeout = Millis(20_000)
    /// For choices among replicas and request ids; nil: from the system.
    package var seed: UInt64?

    /// Long enough for a cold start that includes a machine.
    package static let queueTimeoutDefault = Millis(300_000)

    package init(
        id: String, host: String = "127.0.0.1", port: Int, loops: Int = System.coreCount,
        dataDirectory: String, metricsPort: Int = 0, token: Token
    ) {
        self.id = id
        self.host = host
        self.port = port
        self.loops = max(1, loops)
        self.dataDirectory = dataDirectory
        self.metricsPort = metricsPort
        self.token = token
    }
}

/// The ports in use, once a proxy listens.
package struct BoundPorts: Hashable, Sendable {
    package var data: Int
    package var metrics: Int
}

/// Why a proxy cannot start. The description is one sentence with the way out.
package enum IngressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Somebody else listens there.
    case portTaken(host: String, port: Int)
    /// The address is not one of this machine's, or not ours to bind.
    case cannotListen(host: String, port: Int, why: String)
    case cannotWrite(path: String, why: String)

    package var description: String {
        switch self {
        case .portTaken(let host, let port):
            "port \(port) of \(host) is in use by another process: stop it, or choose another port"
        case .cannotListen(let host, let port, let why):
            "cannot listen on port \(port) of \(host): \(why)"
        case .cannotWrite(let path, let why): "cannot write \(path): \(why)"
        }
    }
}

/// Sizes and times of the data path that are not settings.
enum Limits {
    /// For a connection to a replica; beyond it the replica counts as refusing.
    static let connectMax = TimeAmount.seconds(5)
    /// An unused connection to a replica is closed after this long. Servers close theirs after 5 s (uvicorn,
    /// Node) and more; being first avoids writing into a closing one.
    static let upstreamIdleMax: Int64 = 4_000_000
    /// Unused connections to one replica that a loop keeps; beyond it they are closed at once.
    static let idlePerReplicaMax = 64
    /// Connections of clients that a loop holds; beyond it a new one is closed at once.
    static let connectionsMax = 10_000
    /// A head must be whole this long after its first byte (µs); beyond it 408.
    static let headTimeMax: Int64 = 10_000_000
    /// A client may be silent this long between requests or within a body (µs); beyond it the connection
    /// ends.
    static let clientIdleMax: Int64 = 60_000_000
    /// A client may leave our bytes untaken this long (µs); beyond it the connection ends.
    static let writeStallMax: Int64 = 30_000_000
    /// After an answer that ends the connection, what the client still sends is read and dropped for this
    /// long (µs), so that the answer is not lost to a reset.
    static let lingerMax: Int64 = 2_000_000
    /// The rest of a body nobody wants is read when it has at most this many bytes; beyond it the connection
    /// ends with the answer.
    static let unwantedBodyMax: Int64 = 64 << 10
    /// Interim answers (1xx) of a replica that are passed on; beyond it the exchange fails.
    static let interimMax = 16
    /// How often deadlines of connections are looked at.
    static let sweepEvery = TimeAmount.seconds(1)
    /// Seconds in `Retry-After`.
    static let retryAfter: Int64 = 1
}

/// The proxy's clock.
enum Now {
    static var micros: MicroTime { MicroTime(Int64(NIODeadline.now().uptimeNanoseconds / 1000)) }
}

/// Dice that can be thrown again: SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
