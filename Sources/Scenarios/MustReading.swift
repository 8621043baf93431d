import Model
import Settings
import Simulation

/// One entry of `must`, in words:
///
///     QUANTITY [at most | at least | is | never below | never above] NUMBER [when]
///     within SPAN after TIME: QUANTITY … NUMBER
///     one machine per token
///     settled by TIME
///
/// `when` is one of `by TIME` (at some instant until then), `at TIME`, `from TIME`, `until TIME`,
/// `between TIME and TIME`, `always` (at every instant); without it the end of the run counts, and with `never` all
/// of it. A colon may stand after the quantity.
struct MustReading {
    let horizon: Millis
    let deployments: Set<DeploymentID>

    /// Why a text is no demand, and what would be one.
    private struct Fault: Error {
        var what: String
        var right: String
        init(_ what: String, _ right: String) {
            self.what = what
            self.right = right
        }
    }

    func read(_ field: Field) -> Must? {
        guard let text = text(field) else { return nil }
        do {
            return Must(text: text, demand: try demand(text.replacing(": ", with: " ")))
        } catch {
            field.findings.refuse(field.place, "\(field.path) \(error.what)", text, error.right)
            return nil
        }
    }

    /// `failed requests: 0` is a text to people and a mapping to YAML.
    private func text(_ field: Field) -> String? {
        if let word = field.word { return word }
        guard field.isMapping, let section = field.section, let entry = section.entries.first,
            section.entries.count == 1, let value = entry.field.word
        else {
            field.refuse("is no demand", "words such as `failed requests: 0`")
            return nil
        }
        return "\(entry.name): \(value)"
    }

    private func demand(_ text: String) throws(Fault) -> Must.Demand {
        var words = text.split(separator: " ").map(String.init)
        if words == ["one", "machine", "per", "token"] { return .oneMachinePerToken }
        if words.first == "settled" {
            guard words.count == 3, words[1] == "by" else {
                throw Fault("cannot be read", "`settled by 10m`")
            }
            return .settled(by: try time(words[2]))
        }
        var within: Must.When?
        if words.first == "within" {
            guard words.count > 4, words[2] == "after" else {
                throw Fault("cannot be read", "`within 5s after 60s: …`")
            }
            let from = try time(words[3])
            guard let span = Span.parse(words[1]), span > .zero else {
                throw Fault("holds \"\(words[1])\", which is no span", Span.right)
            }
            guard from + span <= horizon else { throw pastTheEnd() }
            within = .sometime(from: from, until: from + span)
            words.removeFirst(4)
        }
        let quantity = try quantity(&words)
        let (comparison, isNever) = try comparison(&words)
        let number = try number(&words, of: quantity)
        let when = try when(words, isNever: isNever)
        if within != nil, when != .end { throw Fault("says twice when", "`within …` alone") }
        let claim = Must.Claim(quantity: quantity, comparison: comparison, number: number)
        return .claim(claim, within ?? when)
    }

    private func quantity(_ words: inout [String]) throws(Fault) -> Quantity {
        for count in stride(from: words.count, to: 0, by: -1) {
            guard let quantity = Quantity(words: words[..<count].joined(separator: " ")) else { continue }
            if let id = quantity.deployment, !deployments.contains(id) {
                let names = deployments.map(\.rawValue).sorted()
                let nearest = Settings.nearest(to: id.rawValue, among: names)
                throw Fault(
                    "is about a deployment that there never is",
                    nearest.map { "did you mean \($0)?" } ?? "one of: \(names.joined(separator: ", "))")
            }
            words.removeFirst(count)
            return quantity
        }
        let meant = words.prefix { Int64($0) == nil && !Self.comparing.contains($0) }.joined(separator: " ")
        let nearest = Settings.nearest(to: meant, among: Quantity.allWords)
        throw Fault(
            "is about nothing that is counted",
            nearest.map { "did you mean \"\($0)\"?" }
                ?? "one of: \(Quantity.allWords.joined(separator: ", "))")
    }

    private static let comparing: Set<String> = ["at", "is", "never"]

    private func comparison(_ words: inout [String]) throws(Fault) -> (Must.Comparison, isNever: Bool) {
        switch (words.first, words.dropFirst().first) {
        case ("at", "most"): words.removeFirst(2); return (.atMost, false)
        case ("at", "least"): words.removeFirst(2); return (.atLeast, false)
        case ("never", "below"): words.removeFirst(2); return (.atLeast, true)
        case ("never", "above"): words.removeFirst(2); return (.atMost, true)
        case ("is", _): words.removeFirst(); return (.equal, false)
        case ("at", _), ("never", _):
            throw Fault(
                "cannot be read", "at most, at least, never below, never above, is, or the number alone")
        default: return (.equal, false)
        }
    }

    private func number(_ words: inout [String], of quantity: Quantity) throws(Fault) -> Int64 {
        guard let word = words.first else { throw Fault("has no number", "a whole number") }
        words.removeFirst()
        if quantity.isSpan {
            guard let span = Span.parse(word), span >= .zero else {
                throw Fault("holds \"\(word)\", which is no span", Span.right)
            }
            return span.rawValue
        }
        guard let number = Int64(word), number >= 0, number <= 1_000_000_000 else {
            throw Fault("holds \"\(word)\", which it can never be", "a whole number from 0 to 1000000000")
        }
        return number
    }

    private func when(_ words: [String], isNever: Bool) throws(Fault) -> Must.When {
        switch words.first {
        case nil: return isNever ? .always(from: .zero, until: horizon) : .end
        case "always" where words.count == 1: return .always(from: .zero, until: horizon)
        case "by" where words.count == 2 && !isNever:
            return .sometime(from: .zero, until: try time(words[1]))
        case "at" where words.count == 2:
            let moment = try time(words[1])
            return .always(from: moment, until: moment)
        case "from" where words.count == 2: return .always(from: try time(words[1]), until: horizon)
        case "until" where words.count == 2: return .always(from: .zero, until: try time(words[1]))
        case "between" where words.count == 4 && words[2] == "and":
            let (from, until) = (try time(words[1]), try time(words[3]))
            guard from < until else {
                throw Fault("ends before it begins", "the earlier time first")
            }
            return .always(from: from, until: until)
        default:
            throw Fault(
                "does not say when (\(words.joined(separator: " ")))",
                "by 60s, at 60s, from 60s, until 60s, between 30s and 60s, or always")
        }
    }

    private func time(_ word: String) throws(Fault) -> Millis {
        guard let time = Span.parse(word), time >= .zero else {
            throw Fault("holds \"\(word)\", which is no time", Span.right)
        }
        guard time <= horizon else { throw pastTheEnd() }
        return time
    }

    private func pastTheEnd() -> Fault {
        Fault("is about a time after the end of the run", "a time until \(Span.words(horizon))")
    }
}
