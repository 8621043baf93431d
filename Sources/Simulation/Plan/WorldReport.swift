import Cloud
import Model

/// What came of a run.
package struct WorldReport: Sendable {
    package var seed: UInt64 = 0
    /// Virtual milliseconds.
    package var simulated = Millis.zero
    package var requests = 0
    package var failures: [RequestEnd: Int] = [:]
    /// Answered with success, in microseconds from arrival at the proxy: the whole time, and the part before the
    /// replica took it.
    package var latency = Spread()
    package var wait = Spread()
    /// Requests that failed or took longer than the objective.
    package var objectiveMissed = 0
    /// Time integrals: ready replicas, machines from create to their end.
    package var replicaMillis: Int64 = 0
    package var nodeMillis: Int64 = 0
    /// The provider's bill, millionths of a dollar.
    package var microdollars: Int64 = 0
    package var machinesMade = 0
    package var machinesPeak = 0
    package var events = 0
    package var commits = 0
    package var decisions = 0
    /// Every change of a target, in order: of which deployment, from how many to how many, by which rule.
    package var targetsMoved: [String] = []
    package var crashes = 0
    /// Faults that struck.
    package var faults: [FaultClass: Int] = [:]
    /// Calls that set out for the provider, by what they ask.
    package var calls: [CloudFault.Call: Int] = [:]
    package var violations: [Violation] = []
    /// The last events before the end, oldest first.
    package var lastEvents: [String] = []
    /// Of every event in order.
    package var traceHash: UInt64 = 0
    package var samples: [Sample] = []
    /// Boundaries at which a torment could strike; see `Torment`.
    package var boundaries = 0

    package init() {}

    package var failed: Int { failures.values.reduce(0, +) }
}

/// How a request ended that was not answered with success.
package enum RequestEnd: String, CaseIterable, Hashable, Comparable, Sendable {
    /// Nobody listens at the proxy.
    case noProxy = "no_proxy"
    /// No route for the path.
    case notFound = "not_found"
    /// As in `RefusalReason`.
    case queueFull = "queue_full"
    case noReplica = "no_replica"
    case deadline
    case upstream
    /// The replica or the proxy ended in the middle of it.
    case broken

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Something that must never be, seen.
package struct Violation: Hashable, Sendable {
    /// `I-01` … or `L-01` …, or the name of what a scenario demands.
    package var rule: String
    /// From the start of the run.
    package var at: Millis
    package var words: String

    package init(rule: String, at: Millis, words: String) {
        self.rule = rule
        self.at = at
        self.words = words
    }
}

/// The state of the world at one instant of the timeline.
package struct Sample: Hashable, Sendable {
    package var at: Millis
    /// Closed-loop users, or requests that arrived since the last sample for open load.
    package var users: Int
    package var arrived: Int
    package var target: Int
    /// Ready and routed.
    package var replicas: Int
    /// Ready and not draining.
    package var nodes: Int
    /// Machines that are paid for.
    package var machines: Int
    package var ongoing: Int
    package var queued: Int
    /// Of requests answered since the last sample, in microseconds; 0: none.
    package var p50: Int64
    package var p99: Int64
}

/// Values of which percentiles are asked: counts in bins that grow by an eighth, so that a percentile is at most
/// 12.5 % too high, from 1 µs to days.
package struct Spread: Hashable, Sendable {
    private var counts: [Int] = []
    package private(set) var count = 0
    package private(set) var sum: Int64 = 0
    package private(set) var max: Int64 = 0

    package init() {}

    private static func bin(of value: Int64) -> Int {
        let value = UInt64(Swift.max(value, 0))
        guard value >= 8 else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        return (octave - 2) * 8 + Int((value >> UInt64(octave - 3)) & 7)
    }

    /// The largest value of a bin.
    private static func upper(_ bin: Int) -> Int64 {
        guard bin >= 8 else { return Int64(bin) }
        let octave = bin / 8 + 2
        return (Int64(8 + bin % 8 + 1) << Int64(octave - 3)) - 1
    }

    package mutating func add(_ value: Int64) {
        let bin = Self.bin(of: value)
        if bin >= counts.count { counts += Array(repeating: 0, count: bin + 1 - counts.count) }
        counts[bin] += 1
        count += 1
        sum += value
        max = Swift.max(max, value)
    }

    /// The value that `perMille` of a thousand do not exceed; 0 when there is none.
    package func percentile(perMille: Int) -> Int64 {
        guard count > 0 else { return 0 }
        let wanted = Swift.max(1, (count * perMille + 999) / 1000)
        var seen = 0
        for (bin, amount) in counts.enumerated() {
            seen += amount
            if seen >= wanted { return min(Self.upper(bin), max) }
        }
        return max
    }
}
