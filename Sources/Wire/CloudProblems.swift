import Model

/// The codes of problems in the native provider protocol, one for each reaction of the caller, and the one figure
/// that travels with them.
package enum CloudProblem {
    package static let outOfCapacity = "out_of_capacity"
    package static let quota = "quota"
    package static let throttled = "throttled"
    package static let rejected = "rejected"
    package static let unavailable = "unavailable"
    package static let outcomeUnknown = "outcome_unknown"

    private static let offeringKey = "offering="
    private static let retryAfterKey = "retry_after_ms="
    /// A provider that asks for a longer pause is asked again after this one.
    package static let retryAfterMax = Millis.seconds(600)
    /// When a throttling provider does not say.
    package static let retryAfterDefault = Millis.seconds(1)

    /// `retry_after_ms=N` is the first entry of `problems`.
    package static func throttled(retryAfter: Millis, message: String) -> Problem {
        Problem(code: throttled, message: message, problems: ["\(retryAfterKey)\(retryAfter.rawValue)"])
    }

    /// An error about some of the offerings of a call: `offering=N` in `problems` for each, counted from 0 as the call
    /// named them.
    package static func problem(_ code: String, message: String, offerings: [Int]) -> Problem {
        Problem(code: code, message: message, problems: offerings.map { "\(offeringKey)\($0)" })
    }

    /// Sorted, each once; what names none of the call's is passed over.
    package static func offerings(of problem: Problem, among count: Int) -> [Int] {
        let named = problem.problems.compactMap { entry in
            entry.hasPrefix(offeringKey) ? Int(entry.dropFirst(offeringKey.count)) : nil
        }
        return Set(named).filter { (0..<count).contains($0) }.sorted()
    }

    package static func retryAfter(of problem: Problem) -> Millis {
        guard let entry = problem.problems.first, entry.hasPrefix(retryAfterKey),
            let ms = Int64(entry.dropFirst(retryAfterKey.count)), ms >= 0
        else { return retryAfterDefault }
        return min(Millis(ms), retryAfterMax)
    }
}
