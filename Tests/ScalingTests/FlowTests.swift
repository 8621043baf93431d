import Model
import Scaling
import Testing

/// What piles up before replicas that are still starting orders no more of them.
@Suite struct FlowTests {
    private func points(_ lasts: [Int], completed: [Int64?]) -> [LoadPoint] {
        lasts.indices.map { index in
            LoadPoint(
                end: Moment(Int64(index + 1) * 1_000), span: Millis(1_000), area: 0, last: lasts[index],
                completed: completed[index])
        }
    }

    @Test func theLatestIntervalOfEveryProxyCounts() {
        let a = LoadSeries(proxy: "a", points: points([5, 20], completed: [9, 25]))
        let b = LoadSeries(proxy: "b", points: points([7, 4], completed: [1, 10]))
        #expect(flow([a, b]) == Flow(completed: 35, growth: 12, present: 24))
        let silent = LoadSeries(proxy: "c", points: points([1, 1], completed: [1, nil]))
        #expect(flow([a, silent]) == nil)
        #expect(flow([LoadSeries(proxy: "d", points: points([3], completed: [3]))]) == nil)
        var gap = points([5, 20], completed: [9, 25])
        gap[1].span = Millis(500)
        #expect(flow([LoadSeries(proxy: "e", points: gap)]) == nil)
        #expect(flow([]) == nil)
    }

    private func wish(
        running: Int, target: Int, _ flow: Flow?, load: Int64, maxOngoing: Int = 5,
        counts: Bool = true
    ) -> Int {
        var settings = AutoscalingSettings()
        settings.maxReplicas = 1_000
        settings.upscaleDelay = .zero
        settings.countsStarting = counts
        return scale(
            ScalingInput(
                deployment: DeploymentID("a#d"), settings: settings, running: running, target: target,
                load: Load(area: load * 1_000_000, span: Millis(1_000)), queuedNow: 0,
                memory: ScalingMemory(), now: Moment(1_000_000), flow: flow, maxOngoing: maxOngoing)
        ).target
    }

    /// 40 requests a second, 0.2 s each: one replica is done with 25, four hold them at two each.
    @Test func aPileThatGrowsWhileReplicasStartOrdersNoMore() {
        let flow = Flow(completed: 25, growth: 15, present: 300)
        #expect(
            wish(running: 1, target: 4, flow, load: 300) == 16, "4, and 12 for a pile of 295 within a second")
        // With the default interval of ten seconds the pile is a small part of what is done in one.
        let slow = Flow(completed: 250, growth: 150, present: 300)
        #expect(wish(running: 1, target: 4, slow, load: 300) == 6)
        #expect(wish(running: 1, target: 8, slow, load: 300) == 8, "never fewer than are ordered")
        #expect(wish(running: 1, target: 4, nil, load: 300) == 150, "unknown")
        #expect(wish(running: 1, target: 4, slow, load: 300, counts: false) == 150, "as Ray")
    }

    @Test func whatIsNoPileOrdersAsEver() {
        // Users who wait for their answers: as many come as are done.
        #expect(wish(running: 1, target: 4, Flow(completed: 250, growth: 20, present: 40), load: 40) == 20)
        // Nothing is starting.
        #expect(
            wish(running: 4, target: 4, Flow(completed: 250, growth: 150, present: 300), load: 300) == 150)
        // Everyone is served.
        #expect(wish(running: 2, target: 4, Flow(completed: 9, growth: 9, present: 10), load: 10) == 5)
        #expect(wish(running: 1, target: 4, Flow(completed: 0, growth: 9, present: 90), load: 90) == 45)
    }

    /// When the ordered ones serve, the pile goes by itself and orders no more either.
    @Test func aPileThatGoesOrdersNoMore() {
        let flow = Flow(completed: 900, growth: -500, present: 200)
        #expect(wish(running: 3, target: 4, flow, load: 450) == 4)
    }
}
