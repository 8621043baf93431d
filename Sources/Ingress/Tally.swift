import Histogram
import Model
import Routing

/// What one loop counts. Each loop has its own; the metrics page adds them up.
struct Tally: Sendable {
    /// Requests of one deployment.
    struct Entry: Sendable {
        /// By the first digit of the status. Index 0: the client left before there was one.
        var classes = [Int64](repeating: 0, count: 6)
        var latency = LatencyWindow()
    }

    /// The key of requests that no deployment answered, e.g. 404.
    static let noDeployment = DeploymentID("")

    private(set) var entries: [DeploymentID: Entry] = [:]
    private(set) var refusals: [RefusalReason: Int64] = [:]
    private(set) var retries: Int64 = 0

    /// - Parameter status: nil: the client left before the answer began.
    mutating func count(_ deployment: DeploymentID?, status: Int?, started: MicroTime, now: MicroTime) {
        let digit = status.map { min(5, max(1, $0 / 100)) } ?? 0
        entries[deployment ?? Self.noDeployment, default: Entry()].record(digit, now - started, now)
    }

    mutating func count(_ reason: RefusalReason) { refusals[reason, default: 0] += 1 }
    mutating func countRetry() { retries += 1 }

    /// As it is at `now`: latencies that are too old are left out.
    func current(_ now: MicroTime) -> Tally {
        var copy = self
        for deployment in copy.entries.keys { copy.entries[deployment]?.latency.rotate(now) }
        return copy
    }

    mutating func add(_ other: Tally) {
        for (deployment, entry) in other.entries {
            entries[deployment, default: Entry()].add(entry)
        }
        refusals.merge(other.refusals, uniquingKeysWith: +)
        retries += other.retries
    }
}

extension Tally.Entry {
    fileprivate mutating func record(_ digit: Int, _ micros: Int64, _ now: MicroTime) {
        classes[digit] += 1
        latency.record(micros, now)
    }

    fileprivate mutating func add(_ other: Tally.Entry) {
        for digit in classes.indices { classes[digit] += other.classes[digit] }
        latency.add(other.latency)
    }
}

/// Latencies of the last half to whole minute: quantiles over the whole life of a process would show nothing
/// of today.
struct LatencyWindow: Sendable {
    /// Two windows of this length (µs): one being filled, one full.
    private static let length: Int64 = 30_000_000
    /// A longer latency counts as this one (µs): an hour.
    private static let latencyMax: UInt64 = 3_600_000_000

    private var filling = Self.empty
    private var full = Self.empty
    private var begun = MicroTime(0)

    private static var empty: Histogram<UInt32> {
        Histogram<UInt32>(highestTrackableValue: latencyMax, numberOfSignificantValueDigits: .two)
    }

    mutating func record(_ micros: Int64, _ now: MicroTime) {
        rotate(now)
        filling.record(min(Self.latencyMax, UInt64(max(0, micros))))
    }

    mutating func add(_ other: LatencyWindow) {
        filling.add(other.filling)
        full.add(other.full)
    }

    /// Forgets what is older than two windows.
    mutating func rotate(_ now: MicroTime) {
        let age = now - begun
        guard age >= Self.length else { return }
        full = age < 2 * Self.length ? filling : Self.empty
        filling = Self.empty
        begun = now
    }

    /// Microseconds; nil: no request lately.
    func quantile(_ percent: Double) -> Int64? {
        var both = full
        both.add(filling)
        return both.totalCount == 0 ? nil : Int64(both.valueAtPercentile(percent))
    }
}
