import Cloud
import Model
import NodeTier
import ServeTier
import Store

extension TwoTiers {
    /// What both tiers can read now; with both dead nothing can be said.
    package func state() throws -> ClusterState {
        try serve?.store.state() ?? nodes?.store.state() ?? ClusterState()
    }

    /// What must hold at every instant.
    func check() throws {
        let state = try state()
        var taken: [NodeID: Resources] = [:]
        for placement in state.placements.values where placement.phase.holdsRoom {
            if let node = placement.node { taken[node] = (taken[node] ?? Resources()) + placement.resources }
        }
        for (node, resources) in taken {
            if let row = state.nodes[node], !row.resources.covers(resources) {
                say("\(node) is overdrawn: \(resources) of \(row.resources)")
            }
        }
        checkGangs(state)
        let machines = machines
        for (token, twins) in Dictionary(grouping: cloud.machines, by: \.instance.token) where twins.count > 1
        {
            say("token \(token) has \(twins.count) machines")
        }
        if machines.count > settings.maxWorkers { say("\(machines.count) machines, more than max_workers") }
        for type in settings.nodeTypes {
            let count = machines.count { $0.instance.offering.nodeType == type.name }
            if count > type.maxWorkers { say("\(count) machines of \(type.name), more than max_workers") }
        }
        var homes: [ReplicaID: String] = [:]
        for agent in agents.values {
            for id in agent.running where homes.updateValue(agent.instance, forKey: id) != nil {
                say("\(id) runs twice")
            }
        }
    }

    /// Of those that are wanted of a gang all have a place, or nobody.
    private func checkGangs(_ state: ClusterState) {
        struct Name: Hashable {
            var deployment: DeploymentID
            var first: Int64
        }
        var placed: [Name: (with: Int, without: Int)] = [:]
        for replica in state.replicas.values where replica.phase == .wanted {
            guard let gang = replica.gang else { continue }
            let name = Name(deployment: replica.deployment, first: gang)
            if state.placements[replica.id]?.phase ?? .pending == .pending {
                placed[name, default: (0, 0)].without += 1
            } else {
                placed[name, default: (0, 0)].with += 1
            }
        }
        for (name, counts) in placed where counts.with > 0 && counts.without > 0 {
            say(
                "gang \(name.first) of \(name.deployment): \(counts.with) have a place, \(counts.without) not"
            )
        }
    }

    func say(_ words: String) {
        let line = "\(words) (at \((now - start).rawValue) ms)"
        if violations.count < 20, !violations.contains(where: { $0.hasPrefix(words) }) {
            violations.append(line)
        }
    }

    /// Routes name nothing but replicas that are wanted and ready.
    func checkRoutes(_ routes: [DeploymentID: Route], in state: ClusterState) {
        for route in routes.values {
            for replica in route.replicas {
                let isWell =
                    state.replicas[replica.id]?.phase == .wanted
                    && state.placements[replica.id]?.phase == .ready
                if !isWell { say("the route of \(route.deployment) names \(replica.id), which is not ready") }
            }
        }
    }

    /// A replica is stopped while a proxy that listens may still send to it.
    func checkStop(_ replica: ReplicaID) {
        guard let row = try? state().replicas[replica], row.drainDeadline.map({ $0 > now }) ?? true else {
            return
        }
        for proxy in proxies.values where !proxy.silent {
            let routed = proxy.routes[replica.deployment]?.replicas.contains { $0.id == replica } ?? false
            if routed || proxy.busyUntil[replica] != nil {
                say("\(replica) is stopped while \(proxy.id) uses it")
            }
        }
    }

    // MARK: - Questions

    package func deployment(_ id: DeploymentID) throws -> DeploymentRow? { try state().deployments[id] }

    /// Replicas that are wanted and ready, sorted.
    package func ready(_ id: DeploymentID) throws -> [ReplicaID] {
        let state = try state()
        return state.replicas.values
            .filter {
                $0.deployment == id && $0.phase == .wanted && state.placements[$0.id]?.phase == .ready
            }.map(\.id).sorted()
    }

    package func replicas(_ id: DeploymentID) throws -> [ReplicaRow] {
        try state().replicas.values.filter { $0.deployment == id }.sorted { $0.id < $1.id }
    }

    /// What a proxy sends to, sorted.
    package func routed(_ id: DeploymentID, by proxy: String = "p1") -> [ReplicaID] {
        proxies[proxy]?.routes[id]?.replicas.map(\.id) ?? []
    }

    /// Nodes that are not gone, by phase.
    package func nodes(in phases: NodePhase...) throws -> [NodeRow] {
        try state().nodes.values.filter { phases.contains($0.phase) }.sorted { $0.createdAt < $1.createdAt }
    }

    package func creates() -> [CreateRequest] {
        calls.compactMap { call in
            guard case .create(let request) = call else { return nil }
            return request
        }
    }
}

// MARK: - Settings

extension ClusterSettings {
    /// A cluster with a provider.
    package static func cloud(
        _ types: [NodeType], maxWorkers: Int = 8, idleTimeout: Millis = .seconds(30)
    ) -> ClusterSettings {
        var settings = ClusterSettings()
        settings.provider = .native(endpoint: "http://cloud", tokenFile: "/token")
        settings.nodeTypes = types.sorted { $0.name < $1.name }
        settings.maxWorkers = maxWorkers
        settings.idleTimeout = idleTimeout
        return settings
    }
}

extension NodeType {
    package static func cpus(_ name: String, _ cpus: Int64, min: Int = 0, max: Int = 8) -> NodeType {
        var type = NodeType(name: name, resources: Resources(["CPU": cpus * 1000]), maxWorkers: max)
        type.minWorkers = min
        return type
    }
}

extension DeploymentSettings {
    /// `app#name`, one CPU for each replica unless said otherwise.
    package static func named(
        _ name: String, of application: String = "shop", _ count: ReplicaCount, command: String = "serve",
        milliCPU: Int64 = 1000
    ) -> DeploymentSettings {
        var replica = ReplicaSettings(command: [command])
        replica.resources = Resources(["CPU": milliCPU])
        var settings = DeploymentSettings(
            id: DeploymentID(application: application, deployment: name), replica: replica)
        settings.count = count
        return settings
    }
}

extension ReplicaCount {
    /// Quick delays, so that tests are about the rule and not about waiting.
    package static func between(
        _ low: Int, _ high: Int, target: Int64 = 2, up: Millis = .seconds(2), down: Millis = .seconds(10)
    ) -> ReplicaCount {
        var settings = AutoscalingSettings()
        settings.minReplicas = low
        settings.maxReplicas = high
        settings.targetOngoing = Thousandths(target * 1000)
        settings.metricsInterval = .seconds(1)
        settings.lookBack = .seconds(5)
        settings.upscaleDelay = up
        settings.downscaleDelay = down
        return .auto(settings)
    }
}

extension ApplicationSettings {
    package static func of(_ deployments: DeploymentSettings..., name: String = "shop") -> ApplicationSettings
    {
        ApplicationSettings(name: name, routePrefix: "/\(name)", deployments: deployments)
    }
}
