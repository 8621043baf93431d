/// What happened since the tick before: one a second, and a last one for the rest. The `requests` of all
/// ticks add up to those of the report.
package struct LoadTick: Sendable, Codable, Equatable {
    /// Since the start of the run.
    package var elapsedMs: Int64
    /// Users wanted now; in an open loop, exchanges now in flight.
    package var users: Int
    package var inFlight: Int
    /// Exchanges that ended, failed ones included.
    package var requests: Int
    package var failed: Int
    package var requestsPerSecond: Double
    /// Of the 2xx answers among them; nil without any.
    package var p50Us: UInt64?
    package var p99Us: UInt64?
    package var answers: [AnswerCount]
    package var failures: [FailureCount]
    /// Values of the watched header never seen before.
    package var seen: [SeenValue]
}

/// A whole run.
package struct LoadReport: Sendable, Codable, Equatable {
    package var seconds: Double
    /// Exchanges that ended, failed ones included.
    package var requests: Int
    /// Any answer but 2xx, and broken exchanges.
    package var failed: Int
    /// In flight when the run was cancelled; neither requests nor failures.
    package var abandoned: Int
    package var qps: Double
    /// Latencies are those of the 2xx answers, from the start (open loop: the intended start) to the last
    /// byte.
    package var p50Us: UInt64?
    package var p99Us: UInt64?
    package var maxUs: UInt64?
    package var answers: [AnswerCount]
    package var failures: [FailureCount]
    package var stages: [StageReport]
    package var seen: [SeenValue]
}

/// The exchanges that began in one stage.
package struct StageReport: Sendable, Codable, Equatable {
    /// Closed loop: users wanted.
    package var users: Int?
    /// Open loop: arrivals a second.
    package var perSecond: Double?
    /// Since the start of the run.
    package var startedMs: Int64
    /// When its first exchange began, since the start of the run; nil: none did.
    package var firstRequestMs: Int64?
    package var seconds: Double
    package var requests: Int
    package var failed: Int
    /// Requests by the length of the stage.
    package var qps: Double
    package var p50Us: UInt64?
    package var p99Us: UInt64?
    package var maxUs: UInt64?
}

/// Answers with one status.
package struct AnswerCount: Sendable, Codable, Equatable {
    package var status: Int
    package var count: Int
}

/// Failures for one reason, e.g. `status_503`, `connection_refused`, `connection_closed`, `timeout`.
package struct FailureCount: Sendable, Codable, Equatable {
    package var reason: String
    package var count: Int
    /// The first one's own words: the error, or the beginning of the answer's body.
    package var example: String

    /// Different reasons, at most. Further ones are counted as `other`.
    package static let reasonsMax = 32
    /// Bytes of the example, at most. The rest is cut.
    package static let exampleBytesMax = 200
}

/// A value of the watched header and when the first answer with it ended.
package struct SeenValue: Sendable, Codable, Equatable {
    package var value: String
    /// Since the start of the run.
    package var elapsedMs: Int64

    /// Different values, at most. Further ones are not noted.
    package static let valuesMax = 10_000
}
