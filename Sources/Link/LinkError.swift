import Wire

/// Why a call got no answer of the kind asked for: one case for each thing the caller does next.
package enum LinkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection came about, so certainly nothing was done: repeat after a back-off.
    case unreachable(String)
    /// The peer answered with another status than 2xx. Its code says what to do.
    case refused(status: Int, Problem)
    /// The request may have been carried out: repeat only what is idempotent, or ask what is.
    case outcomeUnknown(String)
    /// The peer said 2xx with a body that is not what was asked for, or larger than `Link.answerBytesMax`.
    case badAnswer(String)

    /// What the peer said when it refused.
    package var problem: Problem? {
        if case .refused(_, let problem) = self { problem } else { nil }
    }

    package var description: String {
        switch self {
        case .unreachable(let why): "unreachable: \(why)"
        case .refused(let status, let problem): "refused with \(status): \(problem)"
        case .outcomeUnknown(let why): "outcome unknown: \(why)"
        case .badAnswer(let why): "bad answer: \(why)"
        }
    }
}
