/// A load as it was recorded: requests, or the number of users over time.
package struct RecordedLoad: Sendable {
    /// One request.
    package struct Request: Hashable, Sendable {
        /// Microseconds from the start.
        package var at: Int64
        /// Microseconds of work; nil: the trace does not say.
        package var service: Int64?

        package init(at: Int64, service: Int64? = nil) {
            self.at = at
            self.service = service
        }
    }

    /// So many users from this instant on.
    package struct Step: Hashable, Sendable {
        /// Microseconds from the start.
        package var at: Int64
        package var users: Int

        package init(at: Int64, users: Int) {
            self.at = at
            self.users = users
        }
    }

    /// Sorted by time. Empty for `users`.
    package var requests: [Request] = []
    /// Sorted by time; only for `users`.
    package var steps: [Step] = []
    /// Microseconds from the start to the end of what was recorded.
    package var end: Int64 = 0
    /// What a reader decided and a person may want to know, one sentence each.
    package var notes: [String] = []

    package init() {}
}

/// Why a trace cannot be used: nothing of it may be.
package struct TraceProblem: Error, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1; 0: the file as a whole.
    package var line: Int
    package var what: String
    package var value: String
    package var right: String

    /// `file:line: what is wrong: the value: what would be right`.
    package var description: String {
        "\(line > 0 ? "\(file):\(line)" : file): \(what): \(value): \(right)"
    }

    /// What is wrong with a cell, before it is known where the cell stands.
    struct Fault: Error {
        var what: String
        var value: String
        var right: String
    }

    init(file: String, line: Int, what: String, value: String, right: String) {
        (self.file, self.line, self.what, self.value, self.right) = (file, line, what, value, right)
    }

    init(file: String, line: Int, _ fault: Fault) {
        self.init(file: file, line: line, what: fault.what, value: fault.value, right: fault.right)
    }
}

/// What no trace may exceed: beyond it a file is taken for a mistake.
package enum TraceBounds {
    /// Lines of a file, the first included.
    package static let rowsMax = 50_000_000
    /// Bytes of a line; Mooncake's JSON lines list a number for every 512 tokens.
    package static let lineBytesMax = 1 << 16
    /// Requests after cutting.
    package static let requestsMax = 50_000_000
    /// Microseconds from the start: 400 days.
    package static let timeMax: Int64 = 400 * Cells.dayMicros
    /// Requests or users at once, and requests a second.
    package static let amountMax: Int64 = 10_000_000
    /// Of one request.
    package static let tokensMax: Int64 = 100_000_000
}
