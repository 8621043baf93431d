import Model
import Provisioning
import Testing

@Suite struct FrontierTests {
    private let now = Moment(100_000)

    private func waiting(
        _ codes: [Refusal.Code], for span: Millis = Millis(60_000), _ promise: Waiting.Promise = .none
    ) -> Waiting {
        Waiting(
            refusals: codes.map { Refusal(candidate: "small", code: $0) }, since: now - span, promise: promise
        )
    }

    private func room(_ waiting: [Waiting], known: Frontier? = nil) -> Frontier? {
        frontier(placed: 4, waiting: waiting, known: known, now: now).frontier
    }

    @Test func whatWaitsForLongMarksTheEnd() {
        let found = room([waiting([.short, .limit]), waiting([.short, .limit])])
        #expect(found?.room == 4 && found?.reason == .limit)
        #expect(room([]) == nil)
        #expect(room([waiting([], for: Millis(60_000))]) == nil, "nobody has looked yet")
        #expect(room([waiting([.upscalingSpeed])]) == nil, "the next step goes on")
    }

    @Test func itIsToldWhenPatienceEnds() {
        let early = frontier(
            placed: 4, waiting: [waiting([.limit], for: Millis(9_999))], known: nil, now: now)
        #expect(early.frontier == nil && early.wake == now + Millis(1))
        #expect(room([waiting([.limit], for: frontierPatience)]) != nil)
    }

    /// A node that is merely asked for proves nothing where there were none: the first one that is made does.
    @Test func aProbeIsNoRoom() {
        let known = Frontier(room: 4, reason: .unavailable, refusals: [])
        let asked = room([waiting([.coming], .asked)], known: known)
        #expect(asked?.room == 4 && asked?.reason == .unavailable)
        #expect(room([waiting([.coming], .made)], known: known) == nil)
        let some = room([waiting([.coming], .made), waiting([.unavailable])], known: known)
        #expect(some?.room == 5)
        #expect(room([waiting([.coming], .asked)]) == nil, "nothing was in the way so far")
        // Who was told once is not asked to be patient again.
        #expect(room([waiting([.unavailable], for: Millis(1))], known: known) != nil)
    }

    /// What is known stays known while nobody asks, until somebody gets a place beyond it.
    @Test func itStandsUntilSomethingIsShown() {
        let known = Frontier(room: 4, reason: .limit, refusals: [])
        #expect(room([], known: known)?.room == 4)
        #expect(frontier(placed: 3, waiting: [], known: known, now: now).frontier?.room == 3)
        #expect(frontier(placed: 5, waiting: [], known: known, now: now).frontier == nil)
        #expect(frontier(placed: 0, waiting: [], known: known, now: now).frontier == nil)
    }

    @Test(
        arguments: [
            ([.short, .tooLarge, .unavailable], .unavailable), ([.tooLarge, .limit], .limit),
            ([.notReady, .tooLarge], .tooLarge), ([.limit, .budget], .budget), ([.short], .short),
        ] as [([Refusal.Code], Refusal.Code)])
    func whatWouldHaveToChangeFirstIsTheReason(_ codes: [Refusal.Code], _ expected: Refusal.Code) {
        #expect(room([waiting(codes)])?.reason == expected)
    }
}
