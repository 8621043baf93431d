import Cloud
import Model
import NodeTier
import ServeTier
import Store

extension TwoTiers {
    /// Rounds at one instant; more is a loop.
    static let roundsMax = 200
    /// Wakes in a row at one instant that change nothing.
    static let spinsMax = 3

    /// Lets time pass.
    package func run(_ span: Millis) async throws {
        let end = now + span
        try await settle()
        while now < end {
            let next = max(min(due, end), now + Millis(1))
            let pause = next - now
            time.advance(by: pause)
            cloud.advance(by: pause)
            try await settle()
        }
    }

    /// Lets time pass until `isDone`.
    /// - Returns: whether it came to that within `limit`.
    package func run(until isDone: () throws -> Bool, within limit: Millis) async throws -> Bool {
        let end = now + limit
        try await settle()
        while try !isDone() {
            guard now < end else { return false }
            let pause = max(min(due, end), now + Millis(1)) - now
            time.advance(by: pause)
            cloud.advance(by: pause)
            try await settle()
        }
        return true
    }

    private var due: Moment {
        var times: [Moment] = []
        if serve != nil { times += [serveLoop.wake, serveLoop.stepped + Millis(1_000)].compactMap { $0 } }
        if nodes != nil { times += [nodesLoop.wake, nodesLoop.stepped + Millis(1_000)].compactMap { $0 } }
        times += agents.values.map(\.due) + proxies.values.map(\.due) + answers.map(\.due) + births.map(\.due)
        for machine in machines {
            let fates = [machine.stopsAt, machine.preemptedAt, machine.bootsAt].compactMap { $0 }
            times += fates.filter { $0 > cloud.now }.map { now + ($0 - cloud.now) }
        }
        return times.filter { $0 > now }.min() ?? now + Millis(1)
    }

    /// All that is due at this instant.
    func settle() async throws {
        for _ in 0..<Self.roundsMax {
            var moved = passFates()
            moved = passAnswers() || moved
            moved = passAgents() || moved
            moved = passProxies() || moved
            moved = try stepServe() || moved
            moved = try await stepNodes() || moved
            if !moved {
                try check()
                return
            }
        }
        violations.append("no rest at \(now - start)")
    }

    private func passFates() -> Bool {
        let fates = box.take()
        for fate in fates {
            switch fate {
            case .booted(let machine): births.append((now + helloAfter, machine))
            case .ended(let machine):
                births.removeAll { $0.machine.instance.id == machine.instance.id }
                agents[machine.instance.id] = nil
            }
        }
        let born = births.filter { $0.due <= now }
        births.removeAll { $0.due <= now }
        for (_, machine) in born {
            let type = settings.nodeTypes.first { $0.name == machine.instance.offering.nodeType }
            agents[machine.instance.id] = ScriptedAgent(
                node: machine.instance.node, instance: machine.instance.id,
                resources: type?.resources ?? Resources(), ports: machine.join.ports, now: now)
        }
        return !fates.isEmpty || !born.isEmpty
    }

    private func passAnswers() -> Bool {
        let arrived = answers.filter { $0.due <= now }
        answers.removeAll { $0.due <= now }
        for (_, answer, life) in arrived {
            guard let nodes, life == self.life else { continue }
            nodes.hear(answer)
            nodesLoop.mail = true
        }
        return !arrived.isEmpty
    }

    private func passAgents() -> Bool {
        var moved = false
        for id in agents.keys.sorted() {
            guard var agent = agents[id] else { continue }
            var news = agent.advance(to: now)
            if let inbox = agent.inbox, inbox.due <= now, !agent.silent {
                agent.inbox = nil
                if inbox.orders.retire {
                    // It stops all and ends; the machine stays until the provider takes it.
                    agents[id] = nil
                    moved = true
                    continue
                }
                let stopped = agent.obey(inbox.orders, fence: inbox.fence, now: now) { [conduct] settings in
                    conduct[settings.command.first ?? ""] ?? Conduct()
                }
                for replica in stopped { checkStop(replica) }
                _ = agent.advance(to: now)
                news = true
            }
            if !agent.silent, news || agent.nextSync <= now {
                agent.nextSync = now + Millis(2_000)
                if let nodes {
                    nodes.hear(agent.report(at: now, telling: nodes.asksForSettings))
                    nodesLoop.mail = true
                }
                news = true
            }
            agents[id] = agent
            moved = moved || news
        }
        return moved
    }

    private func passProxies() -> Bool {
        var moved = false
        for id in proxies.keys.sorted() {
            guard var proxy = proxies[id] else { continue }
            var news = proxy.advance(to: now)
            if let inbox = proxy.inbox, inbox.due <= now, !proxy.silent {
                proxy.inbox = nil
                let refused = proxy.apply(inbox.routes, removed: inbox.removed, tier: inbox.epoch, now: now)
                for deployment in refused {
                    violations.append("\(id) was given an older route of \(deployment)")
                }
                news = true
            }
            if !proxy.silent, news || proxy.nextSync <= now {
                proxy.nextSync = now + Millis(2_000)
                if let serve {
                    serve.hear(proxy.report(at: now))
                    serveLoop.mail = true
                }
                news = true
            }
            proxies[id] = proxy
            moved = moved || news
        }
        return moved
    }

    // MARK: - Steps

    private func stepServe() throws -> Bool {
        guard let serve, try isDue(serveLoop, serve.store) else { return false }
        let before = try serve.store.state()
        let wake = try serve.step()
        let after = try serve.store.state()
        steps.serve += 1
        let changed = before.changeSequence != after.changeSequence
        if note(&serveLoop, wake: wake, changed: changed, "serve") { idleSteps.serve += 1 }
        for (id, row) in after.deployments where row.target != before.deployments[id]?.target {
            targets[id, default: []].append((now - start, row.target))
        }
        try publish(serve)
        return true
    }

    private func publish(_ serve: ServeTier) throws {
        if serve.isReadopting { return }
        let routes = try serve.routes()
        checkRoutes(routes, in: try serve.store.state())
        let epoch = Fence(
            clusterGeneration: serve.store.clusterGeneration, epoch: serve.store.epoch, generation: 0)
        for id in proxies.keys.sorted() {
            guard var proxy = proxies[id], !proxy.silent else { continue }
            let held = proxy.held
            let told = try serve.news(for: id, applied: [:], reported: held).acknowledged
            proxy.acknowledge(Dictionary(uniqueKeysWithValues: told.map { ($0.deployment, $0.sequence) }))
            let differing = routes.values.filter { route in
                proxy.fences[route.deployment]
                    != Fence(
                        clusterGeneration: epoch.clusterGeneration, epoch: epoch.epoch,
                        generation: route.generation)
                    || proxy.routes[route.deployment] == nil
            }.sorted { $0.deployment < $1.deployment }
            let removed = proxy.routes.keys.filter { routes[$0] == nil }.sorted()
            if !differing.isEmpty || !removed.isEmpty {
                proxy.inbox = (proxy.inbox?.due ?? now + network, differing, removed, epoch)
            }
            proxies[id] = proxy
        }
    }

    private func stepNodes() async throws -> Bool {
        guard let nodes, try isDue(nodesLoop, nodes.store) else { return false }
        let before = try nodes.store.state().changeSequence
        let (wake, due) = try nodes.step()
        steps.nodes += 1
        let changed = try nodes.store.state().changeSequence != before || !due.isEmpty
        if note(&nodesLoop, wake: wake, changed: changed, "nodes") { idleSteps.nodes += 1 }
        for call in due {
            calls.append(call)
            answers.append((now + callTime, await perform(call), life))
        }
        for id in agents.keys.sorted() {
            guard var agent = agents[id], !agent.silent, let orders = try nodes.orders(for: agent.node) else {
                continue
            }
            let fence = Fence(
                clusterGeneration: nodes.store.clusterGeneration, epoch: nodes.store.epoch,
                generation: orders.generation)
            if fence != agent.fence || orders.retire {
                agent.inbox = (agent.inbox?.due ?? now + network, fence, orders)
                agents[id] = agent
            }
        }
        return true
    }

    private func perform(_ call: ProviderCall) async -> ProviderAnswer {
        switch call {
        case .offerings:
            do { return .offerings(.success(try await cloud.offerings())) } catch {
                return .offerings(.failure(error))
            }
        case .list:
            do {
                return .list(.success(try await cloud.list(cluster: nodes?.store.clusterUUID ?? "")))
            } catch {
                return .list(.failure(error))
            }
        case .create(let request):
            do {
                return .create(request.node, .success(try await cloud.create(request)))
            } catch {
                return .create(request.node, .failure(error))
            }
        case .terminate(let node, let instance):
            do {
                try await cloud.terminate(instance: instance)
                return .terminate(node, nil)
            } catch {
                return .terminate(node, error)
            }
        }
    }

    private func isDue(_ loop: Loop, _ store: Store) throws -> Bool {
        if loop.mail || loop.stepped + Millis(1_000) <= now { return true }
        if let wake = loop.wake, wake <= now { return true }
        return try store.hasNews()
    }

    /// - Returns: whether the step was taken for a wake alone, and for nothing.
    private func note(_ loop: inout Loop, wake: Moment?, changed: Bool, _ name: String) -> Bool {
        let forWake = !loop.mail && loop.stepped + Millis(1_000) > now && loop.wake.map { $0 <= now } ?? false
        loop.mail = false
        loop.spins = loop.stepped == now && !changed && wake.map { $0 <= now } ?? false ? loop.spins + 1 : 0
        loop.stepped = now
        loop.wake = wake
        if loop.spins > Self.spinsMax {
            violations.append("\(name) wants to step for ever at \(now - start)")
            loop.wake = nil
        }
        return forWake && !changed
    }
}
