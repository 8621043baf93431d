/// The body of every control answer that is not 2xx. `problems` holds one line for each thing that is wrong, each
/// naming the place, the value and what would be right.
package struct Problem: Sendable, Codable, Equatable, Error, CustomStringConvertible {
    /// A short constant word for programs: `invalid`, `unauthorized`, `not_found`, `superseded`, …
    package var code: String
    package var message: String
    package var problems: [String]

    package init(code: String, message: String, problems: [String] = []) {
        self.code = code
        self.message = message
        self.problems = problems
    }

    package var description: String {
        ([message] + problems).joined(separator: "\n")
    }
}
