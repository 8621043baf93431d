import Model
import Simulation

/// Watches a world for one demand.
struct Witness {
    let must: Must
    /// What the quantity was, from which microsecond on; the first at 0.
    private var values: [(at: Int64, value: Int64)] = [(0, 0)]
    private var twins = false
    /// What was left to do at the time of which the demand speaks; nil: it was not looked at yet.
    private var left: [Breach]?

    init(_ must: Must) { self.must = must }

    private var quantity: Quantity? {
        if case .claim(let claim, _) = must.demand { claim.quantity } else { nil }
    }

    /// - Parameter scene: nil: it is as it was.
    mutating func look(_ scene: Scene?, _ counts: WorldReport, at now: Int64) {
        if let scene, !scene.isOneMachinePerToken { twins = true }
        guard let quantity else { return }
        if quantity.isOfScene {
            if let scene { note(quantity.value(scene), at: now) }
        } else {
            note(quantity.value(counts), at: now)
        }
    }

    /// Looks whether the world has settled, at the first event from its time on.
    mutating func lookAtRest(_ world: World) {
        guard case .settled(let moment) = must.demand, left == nil, world.now >= moment.micros else {
            return
        }
        left = world.unsettled()
    }

    private mutating func note(_ value: Int64, at now: Int64) {
        guard values[values.count - 1].value != value else { return }
        // Of several values at one instant only the last was there for any time.
        if values[values.count - 1].at == now { values.removeLast() }
        values.append((now, value))
    }

    // MARK: - The verdict

    func verdict(_ report: WorldReport) -> Verdict {
        switch must.demand {
        case .oneMachinePerToken:
            Verdict(must: must.text, holds: !twins, words: "\(report.machinesMade) machines made")
        case .settled:
            settled
        case .claim(let claim, let when):
            verdict(claim, when)
        }
    }

    private var settled: Verdict {
        let words = (left ?? []).map { "\($0.rule): \($0.words)" }
        return Verdict(
            must: must.text, holds: left?.isEmpty ?? false,
            words: words.isEmpty ? "nothing was left to do" : words.joined(separator: "; "))
    }

    private func verdict(_ claim: Must.Claim, _ when: Must.When) -> Verdict {
        func holds(_ value: Int64) -> Bool { claim.comparison.holds(value, claim.number) }
        func shown(_ value: Int64) -> String {
            claim.quantity.isSpan ? Span.words(Millis(value)) : "\(value)"
        }
        func verdict(_ isWell: Bool, _ words: String) -> Verdict {
            Verdict(must: must.text, holds: isWell, words: words)
        }
        switch when {
        case .end:
            let last = values[values.count - 1].value
            return verdict(holds(last), "it was \(shown(last))")
        case .sometime(let from, let until):
            let there = present(from: from, until: until)
            guard let hit = there.first(where: { holds($0.value) }) else {
                return verdict(
                    false, "it never was; at the end of that time it was \(shown(there.last?.value ?? 0))")
            }
            return verdict(true, "from \(clock(max(hit.at, from.micros))) on")
        case .always(let from, let until):
            let there = present(from: from, until: until)
            if let miss = there.first(where: { !holds($0.value) }) {
                return verdict(
                    false, "it was \(shown(miss.value)) at \(clock(max(miss.at, from.micros)))")
            }
            let (least, most) = (there.map(\.value).min() ?? 0, there.map(\.value).max() ?? 0)
            return verdict(
                true, least == most ? "it was \(shown(least))" : "it was \(shown(least)) to \(shown(most))")
        }
    }

    /// The values of that time, with the one that it begins with.
    private func present(from: Millis, until: Millis) -> ArraySlice<(at: Int64, value: Int64)> {
        let first = values.lastIndex { $0.at <= from.micros } ?? 0
        let last = values.lastIndex { $0.at <= until.micros } ?? first
        return values[first...max(first, last)]
    }
}

/// Whether a demand was met.
package struct Verdict: Hashable, Sendable {
    /// As the file says it; or the name of a rule that holds in every world.
    package var must: String
    package var holds: Bool
    /// What was seen.
    package var words: String
}

/// `1:02:03.456` from microseconds.
func clock(_ micros: Int64) -> String {
    let ms = micros / 1000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let part = "\(1000 + ms % 1000)".dropFirst()
    return "\(ms / 3_600_000):\(two(ms / 60_000 % 60)):\(two(ms / 1000 % 60)).\(part)"
}
