import Model

/// What lets a tier's step do nothing: the last plan changed nothing, nothing was heard since, no row has changed, and
/// the moment at which the plan wanted to look again has not come.
package struct Rest: Sendable {
    /// A plan is made at least this often all the same.
    package static let atMost = Millis(10_000)
    /// Every so many steps that could rest one is planned, to see that it finds nothing to do.
    package static let sampleEvery = 256

    private var sequence: Int64?
    private var began = Moment(0)
    private var steps = 0
    /// When the plan wanted to look again; nil: not by itself.
    package private(set) var wake: Moment?

    private let sampleEvery: Int

    /// - Parameter sampleEvery: a check that looks closely samples more often.
    package init(sampleEvery: Int = Rest.sampleEvery) { self.sampleEvery = max(sampleEvery, 1) }

    /// The last plan changed nothing.
    /// - Parameter sequence: the newest change that it knew of, or made itself beside the plan.
    package mutating func begin(at sequence: Int64, _ now: Moment, wake: Moment?) {
        self.sequence = sequence
        self.wake = wake
        began = now
    }

    /// True while nothing was heard since the last plan, which changed nothing.
    package var isOn: Bool { sequence != nil }

    /// Something was heard.
    package mutating func end() { sequence = nil }

    /// This tier has itself written rows which change nothing for a plan.
    package mutating func extend(from known: Int64, to sequence: Int64) {
        if let rested = self.sequence, known <= rested { self.sequence = max(rested, sequence) }
    }

    /// - Parameter sequence: the newest change that concerns plans.
    package mutating func holds(_ sequence: Int64, _ now: Moment) -> Bool {
        guard let rested = self.sequence, sequence <= rested, wake.map({ now < $0 }) ?? true,
            now < began + Self.atMost
        else {
            return false
        }
        steps += 1
        return true
    }

    /// This step is planned though it could rest.
    package var isSampled: Bool { steps % sampleEvery == 0 }
}
