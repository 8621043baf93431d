import Foundation

/// What was awaited and did not come.
struct Overdue: Error, CustomStringConvertible {
    var description: String
}

/// Looks again and again until `look` gives a value, and returns it. What it throws meanwhile counts as "not yet":
/// a process that is just being started again may refuse to be asked.
/// - Throws: `Overdue`, with what was seen last, when there is none within the time.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(50),
    _ look: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var seen = "nothing"
    while true {
        do {
            if let value = try await look() { return value }
            seen = "not yet so"
        } catch let error as Hopeless {
            throw error
        } catch {
            seen = "\(error)"
        }
        guard clock.now < end else {
            throw Overdue(description: "\(what): not within \(limit); the last look: \(seen)")
        }
        try await Task.sleep(for: pause)
    }
}

/// As above, for a condition.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(50),
    holds condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit, every: pause) { try await condition() ? () : nil }
}

/// A look that says no further look will help.
struct Hopeless: Error, CustomStringConvertible {
    var description: String
}
