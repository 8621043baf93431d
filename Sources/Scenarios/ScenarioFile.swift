import Cloud
import Model
import Settings
import Simulation

/// The top of a scenario's file.
struct ScenarioFile {
    let top: Section

    private static let known = [
        "name", "mode", "what", "thread", "seed", "cluster", "cloud", "applications", "proxies", "conduct",
        "clients", "script", "rates", "torment", "heal", "for", "must",
    ]

    /// With defaults where something was wrong: the problems are in the findings.
    func read(name: String) -> Scenario {
        top.check(only: Self.known)
        var cluster = top["cluster"]?.cluster() ?? Self.usualCluster
        // A story is over before a node is old enough to be given up for less, unless it is about that: without this it would
        // never count as settled.
        if top["cluster"]?.section?["consolidation"] == nil { cluster.consolidation.isOn = false }
        let applications = top["applications"]?.applications() ?? Self.usualApplications
        let horizon = top.required("for", "`for:` with the length of the run: 2m")?.span() ?? .zero
        var plan = WorldPlan(
            seed: UInt64(top["seed"]?.whole(in: 0...Int.max) ?? 1), cluster: cluster,
            applications: applications,
            horizon: horizon)
        plan.cloud = CloudPlan(cluster)
        top["cloud"]?.section.map { readCloud($0, &plan.cloud) }
        plan.proxies = top["proxies"]?.whole(in: 0...8) ?? 1
        let conduct = top["conduct"]?.conducts() ?? [:]
        plan.usualConduct = conduct["usual"] ?? plan.usualConduct
        plan.conduct = conduct
        plan.clients = (top["clients"]?.list("a list of clients") ?? []).compactMap { $0.client() }
        let deeds = (top["script"]?.list("a list of deeds") ?? []).compactMap { field in
            DeedReading(types: cluster.nodeTypes.map(\.name), horizon: horizon).read(field)
        }
        plan.script = deeds.map { Deed(at: $0.at, $0.kind) }
        plan.faults = rates()
        plan.torment = top["torment"]?.torment() ?? .none
        var scenario = Scenario(name: name, modes: modes(), what: what(), plan: plan, musts: [])
        scenario.name = top.required("name", "`name:` as the file's")?.name() ?? name
        scenario.thread = top["thread"]?.text("where it was reported") ?? ""
        scenario.deeds = deeds.map { ($0.at, $0.words) }
        readMusts(&scenario, troubleEnds: deeds.map(\.end).max() ?? .zero)
        return scenario
    }

    private func what() -> String {
        top.required("what", "`what:` with one sentence: what happened to whom")?.text("a sentence") ?? ""
    }

    private func modes() -> [String] {
        let right = "F01 …, or a list of them"
        guard let field = top.required("mode", "`mode:` with \(right)") else { return [] }
        let fields = field.word == nil ? field.list(right) ?? [] : [field]
        return fields.compactMap { field in
            let word = field.word ?? ""
            let digits = word.dropFirst()
            guard word.hasPrefix("F"), (2...3).contains(digits.count), let number = Int(digits), number > 0
            else {
                field.refuse("is no failure mode", right)
                return nil
            }
            return word
        }
    }

    private func rates() -> FaultMix {
        guard let section = top["rates"]?.section else { return FaultMix() }
        section.check(only: FaultClass.allCases.map(\.rawValue))
        var rates: [FaultClass: Int] = [:]
        for entry in section.entries {
            guard let fault = FaultClass(rawValue: entry.name) else { continue }
            rates[fault] = entry.field.whole(in: 0...1_000_000)
        }
        return FaultMix(rates)
    }

    private func readCloud(_ section: Section, _ cloud: inout CloudPlan) {
        section.check(only: ["boot", "list_lag", "stop", "remembers", "call"])
        if let span = section["boot"]?.span() { cloud.bootDelay = span }
        if let span = section["list_lag"]?.span() { cloud.listLag = span }
        if let span = section["stop"]?.span() { cloud.stopDelay = span }
        if let span = section["remembers"]?.span() { cloud.remembersTerminated = span }
        if let span = section["call"]?.span() { cloud.callTime = span }
    }

    private func readMusts(_ scenario: inout Scenario, troubleEnds: Millis) {
        let right = "`must:` with a list of what must hold"
        guard let list = top.required("must", right)?.list("a list of what must hold") else { return }
        let deployments = scenario.plan.allDeployments
        scenario.musts = list.compactMap { field in
            MustReading(horizon: scenario.plan.horizon, deployments: deployments).read(field)
        }
        let heal = top["heal"]?.span()
        for must in scenario.musts {
            guard case .settled(let moment) = must.demand else { continue }
            let calm = heal ?? troubleEnds
            if heal == nil, !scenario.plan.faults.isEmpty {
                top.findings.refuse(
                    top.keyPlace("rates"), "rates go on while the world is to settle", must.text,
                    "`heal:` with the time at which they end")
            } else if moment <= calm {
                top.findings.refuse(
                    top.keyPlace("must"), "the world cannot settle before its trouble ends", must.text,
                    "a time after \(Span.words(calm))")
            }
            scenario.plan.settleWithin = moment - (heal ?? .zero)
        }
        // Unless the file says so nothing is mended: what the script began ends as the script says.
        scenario.plan.healAt = heal
        if let heal { scenario.deeds.append((heal, "all trouble ends")) }
        scenario.deeds.sort { $0.at < $1.at }
    }
}

extension WorldPlan {
    /// Of the applications at the start and of those that the script applies.
    var allDeployments: Set<DeploymentID> {
        let scripted = script.flatMap { deed -> [ApplicationSettings] in
            if case .apply(let applications) = deed.kind { applications } else { [] }
        }
        return Set((applications + scripted).flatMap(\.deployments).map(\.id))
    }
}

extension CloudPlan {
    /// As the fake provider of a cluster file: its boot delay, stock and prices.
    init(_ cluster: ClusterSettings) {
        self.init(offerings: cluster.nodeTypes.map(Offering.usual))
        guard case .fake(let fake)? = cluster.provider else { return }
        switch fake.bootDelay {
        case .fixed(let delay), .lognormal(let delay, _): bootDelay = delay
        case .uniform(let from, let to): bootDelay = Millis((from.rawValue + to.rawValue) / 2)
        }
        for entry in fake.capacity { capacity[entry.type] = entry.count }
        offerings = offerings.flatMap { usual -> [Offering] in
            let ways = (fake.offerings ?? []).filter { $0.nodeType == usual.nodeType }
            return ways.isEmpty ? [usual] : ways
        }
        for index in offerings.indices {
            let price = fake.prices.first { $0.type == offerings[index].nodeType }
            if let price { offerings[index].microdollarsPerHour = price.microdollarsPerHour }
        }
    }
}
