import Model
import Scaling
import Testing

/// `target_capacity` of Ray Serve 2.60.
struct CapacityTests {
    @Test(
        arguments: [
            (10, 50_000, 5), (3, 50_000, 2), (1, 50_000, 1), (1, 1, 1), (0, 50_000, 0), (10, 0, 0),
            (10, 100_000, 10),
            (7, 35_714, 2), (7, 35_715, 3), (100_000, 99_999, 99_999), (3, 16_666, 1),
        ] as [(Int, Int64, Int)])
    func aPartOfACountIsRoundedHalfUp(count: Int, percent: Int64, part: Int) {
        #expect(Capacity(percent: Thousandths(percent), isRising: false).part(of: count) == part)
    }

    @Test func onTheWayUpTheInitialCountIsTheLeast() {
        var settings = AutoscalingSettings()
        (settings.minReplicas, settings.initialReplicas, settings.maxReplicas) = (2, 10, 20)
        let up = Capacity(percent: Thousandths(50_000), isRising: true).part(of: settings)
        #expect((up.minReplicas, up.initialReplicas, up.maxReplicas) == (5, 5, 10))
        let down = Capacity(percent: Thousandths(50_000), isRising: false).part(of: settings)
        #expect((down.minReplicas, down.initialReplicas, down.maxReplicas) == (1, 5, 10))
    }

    @Test(
        arguments: [
            (nil, 50, true, false), (nil, 50, false, true), (20, 50, true, true), (50, 20, true, false),
            (50, 20, false, true),
        ] as [(Int64?, Int64, Bool, Bool)])
    func theDirectionIsRemembered(before: Int64?, after: Int64, same: Bool, isRising: Bool) {
        let known = before.map { Capacity(percent: Thousandths($0 * 1000), isRising: true) }
        let next = Capacity.next(Thousandths(after * 1000), after: known, sameApplications: same)
        #expect(next == Capacity(percent: Thousandths(after * 1000), isRising: isRising))
    }

    @Test(arguments: [true, false])
    func theSameAgainKeepsItsDirection(isRising: Bool) {
        let known = Capacity(percent: Thousandths(30_000), isRising: isRising)
        #expect(Capacity.next(Thousandths(30_000), after: known, sameApplications: true) == known)
        #expect(Capacity.next(nil, after: known, sameApplications: true) == nil)
    }
}
