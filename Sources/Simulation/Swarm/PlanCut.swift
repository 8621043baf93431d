import Model

/// What is left out of a plan: what a shrunk failure can do without. Deeds and clients keep the numbers that
/// they have in the whole plan, so that cuts can be made one after the other and said in words.
package struct PlanCut: Hashable, Sendable {
    /// Their rates are 0; without `operators` nobody acts by the script.
    package var faults: Set<FaultClass> = []
    /// Of the script, counted from 1.
    package var deeds: Set<Int> = []
    /// Applications, by name, with the clients that ask for them.
    package var applications: Set<String> = []
    /// Counted from 1.
    package var clients: Set<Int> = []
    /// At most so many.
    package var proxies: Int?
    /// Of the whole cluster, and so of each node type.
    package var maxWorkers: Int?
    /// Trouble ends then: what the plan does between then and its own end of trouble is left out, and all
    /// that comes after comes so much sooner.
    package var trouble: Millis?
    /// The run ends then at the latest.
    package var horizon: Millis?

    package init() {}

    /// The plan without it.
    package func applied(to whole: WorldPlan) -> WorldPlan {
        var plan = whole
        if faults.contains(.operators), plan.faults[.operators] > 0 { plan.script = [] }
        plan.script = Self.rest(plan.script, without: deeds)
        plan.clients = Self.rest(plan.clients, without: clients)
        for fault in faults { plan.faults.rates[fault] = nil }
        for name in applications.sorted() { Self.drop(name, from: &plan) }
        if let proxies { plan.proxies = min(plan.proxies, proxies) }
        if let maxWorkers { Self.narrow(&plan.cluster, to: maxWorkers) }
        if let trouble { Self.hasten(&plan, to: trouble) }
        if let horizon { plan.horizon = min(plan.horizon, horizon) }
        return plan
    }

    private static func rest<Element>(_ all: [Element], without numbers: Set<Int>) -> [Element] {
        all.enumerated().filter { !numbers.contains($0.offset + 1) }.map(\.element)
    }

    private static func drop(_ name: String, from plan: inout WorldPlan) {
        let path = plan.applications.first { $0.name == name }?.routePrefix
        plan.applications.removeAll { $0.name == name }
        plan.clients.removeAll { $0.path == path }
        plan.script = plan.script.compactMap { deed in
            switch deed.kind {
            case .apply(let applications): Deed(at: deed.at, .apply(applications.filter { $0.name != name }))
            case .delete(name): nil
            default: deed
            }
        }
    }

    private static func narrow(_ cluster: inout ClusterSettings, to most: Int) {
        cluster.maxWorkers = min(cluster.maxWorkers, most)
        var left = cluster.maxWorkers
        for place in cluster.nodeTypes.indices {
            let type = cluster.nodeTypes[place]
            cluster.nodeTypes[place].maxWorkers = min(type.maxWorkers, cluster.maxWorkers)
            cluster.nodeTypes[place].minWorkers = min(type.minWorkers, left)
            left -= cluster.nodeTypes[place].minWorkers
        }
    }

    private static func hasten(_ plan: inout WorldPlan, to end: Millis) {
        guard let heal = plan.healAt, end < heal else { return }
        let sooner = heal - end
        func moved(_ at: Millis) -> Millis? { at >= heal ? at - sooner : at < end ? at : nil }
        plan.healAt = end
        plan.horizon = plan.horizon - sooner
        plan.script = plan.script.compactMap { deed in moved(deed.at).map { Deed(at: $0, deed.kind) } }
        for place in plan.clients.indices {
            func moved(_ steps: [ClientPlan.Step]) -> [ClientPlan.Step] {
                steps.compactMap { step in
                    let at = step.at >= heal ? step.at - sooner : step.at < end ? step.at : nil
                    return at.map { ClientPlan.Step(at: $0, amount: step.amount) }
                }
            }
            switch plan.clients[place].load {
            case .open(let steps): plan.clients[place].load = .open(moved(steps))
            case .closed(let steps, let think): plan.clients[place].load = .closed(moved(steps), think: think)
            case .trace: break
            }
        }
    }
}
