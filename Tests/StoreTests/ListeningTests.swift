import Model
import Store
import Testing

@Suite struct ListeningTests {
    struct Case: Sendable {
        var steps: [Int64]
        /// Since when the tier listens after the last step.
        var since: Int64

        init(_ steps: [Int64], _ since: Int64) {
            self.steps = steps
            self.since = since
        }
    }

    @Test(arguments: [
        Case([], 0), Case([1_000, 2_000, 3_000], 0), Case([2_999, 5_998], 0), Case([3_000], 3_000),
        Case([1_000, 4_000, 5_000], 4_000), Case([10_000, 12_999, 15_999], 15_999),
        Case([10_000, 10_000], 10_000),
    ])
    func listensAnewAfterAnyStandstill(example: Case) {
        var listening = Listening(Moment(0))
        for step in example.steps { listening.step(Moment(step)) }
        #expect(listening.since == Moment(example.since))
    }
}
