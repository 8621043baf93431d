import Cloud
import Model
import Routing
import Wire

/// A proxy's conversation with the serve tier: always one call open, each with the whole truth, and load in buckets
/// until they are acknowledged. The same rules as the real proxy's.
final class ProxySync {
    private let number: Int
    private var logs = LoadLogs(spansMax: DeploymentLoad.bucketsMax)
    private var exchange: Exchange<ServeHead.Answer>?
    private var call = 0
    private var began: Int64 = 0
    private var backoff = Backoff(first: LongPoll.pauseFirst, max: LongPoll.pauseMax)
    private var isResting = false
    private var tickAt: Int64?
    private var rung = false

    init(number: Int) { self.number = number }

    func incarnation(_ proxy: ProxyHost) -> String { "\(proxy.id)-\(proxy.life)" }

    func begin(_ proxy: ProxyHost, _ world: World) { send(proxy, world) }

    func end() {
        exchange?.abandon()
    }

    /// Something must be reported at once.
    func ring(_ proxy: ProxyHost, _ world: World) {
        guard !rung else { return }
        rung = true
        let life = proxy.life
        world.after(0) { world in
            guard proxy.life == life else { return }
            proxy.sync.rung = false
            if !proxy.sync.isResting { proxy.sync.send(proxy, world) }
        }
    }

    private func send(_ proxy: ProxyHost, _ world: World) {
        exchange?.abandon()
        call += 1
        _ = closeBuckets(proxy, world)
        let request = report(proxy, world)
        let call = call
        let life = proxy.life
        began = world.now
        let exchange = Exchange<ServeHead.Answer>(
            from: proxy.party, to: .serve, deadline: LongPoll.clientDeadline.micros, in: world
        ) { world, answer in
            guard proxy.life == life else { return }
            proxy.sync.heard(answer, call, proxy, world)
        }
        self.exchange = exchange
        world.carry(from: proxy.party, to: .serve) { world in
            guard let head = world.serveHead else { return exchange.reset(in: world) }
            head.sync(request, exchange, world)
        }
        startTick(proxy, world)
    }

    private func heard(
        _ answer: ServeHead.Answer?, _ call: Int, _ proxy: ProxyHost, _ world: World
    ) {
        guard let answer else { return failed(call, proxy, world) }
        let hasNews = take(answer, proxy, world)
        if world.plan.torment == .everythingTwice { _ = take(answer, proxy, world) }
        guard call == self.call else { return }
        exchange = nil
        backoff.reset()
        let emptyPause = LongPoll.emptyPause.micros
        if world.now - began < emptyPause, !hasNews {
            rest(emptyPause, proxy, world)
        } else {
            send(proxy, world)
        }
    }

    /// - Returns: whether there was anything new in it.
    private func take(_ answer: ServeHead.Answer, _ proxy: ProxyHost, _ world: World) -> Bool {
        var hasNews = false
        for load in answer.acknowledged {
            let forgot = logs.acknowledge(load.deployment, load.sequence)
            if forgot > 0 { world.checks.forgets(load, proxy, incarnation(proxy), world) }
            hasNews = hasNews || forgot > 0
        }
        var changed = false
        let now = MicroTime(world.now)
        for route in answer.routes {
            let outcome = proxy.book.apply(route, at: now, using: &proxy.dice)
            world.checks.routed(route, outcome, at: proxy, world)
            guard case .applied(let change) = outcome else { continue }
            changed = true
            world.say("\(proxy.party) routes \(route.deployment) to \(route.replicas.count)")
            for grant in change.grants { proxy.granted(grant.waiter, grant.slot, world) }
        }
        for gone in answer.removed {
            guard case .applied(let change) = proxy.book.remove(gone.deployment, fence: gone.fence) else {
                continue
            }
            changed = true
            world.say("\(proxy.party) drops \(gone.deployment)")
            for request in change.dismissed { proxy.dismissed(request, world) }
        }
        if changed {
            proxy.table = proxy.book.table
            proxy.file = (proxy.book.routes, proxy.book.removed)
        }
        return hasNews || changed
    }

    private func failed(_ call: Int, _ proxy: ProxyHost, _ world: World) {
        guard call == self.call else { return }
        exchange = nil
        rest(backoff.next(using: &proxy.dice).micros, proxy, world)
    }

    private func rest(_ span: Int64, _ proxy: ProxyHost, _ world: World) {
        isResting = true
        let life = proxy.life
        let call = call
        world.after(span) { world in
            guard proxy.life == life, proxy.sync.call == call else { return }
            proxy.sync.isResting = false
            proxy.sync.send(proxy, world)
        }
    }

    // MARK: - Load

    private func report(_ proxy: ProxyHost, _ world: World) -> ServeHead.Request {
        let now = MicroTime(world.now)
        return ServeHead.Request(
            proxy: proxy.id, incarnation: incarnation(proxy), sent: Millis(world.now / 1000),
            address: "127.0.0.1:\(8000 + number)",
            applied: Dictionary(
                proxy.book.routes.map { ($0.deployment, $0.fence) }, uniquingKeysWith: { $1 }),
            load: proxy.book.gates.map { gate, _ in
                let reading = gate.ledger.read(at: now)
                return ServeHead.Load(
                    deployment: gate.deployment, ongoing: reading.ongoing, queued: reading.queued,
                    buckets: logs.spans(of: gate.deployment).map { span in
                        ServeHead.Bucket(
                            sequence: span.sequence, endedAgo: Millis((now - span.ended) / 1000),
                            span: span.span, area: span.area, ongoing: span.ongoing, queued: span.queued,
                            completed: span.completed)
                    })
            },
            busy: Dictionary(
                proxy.book.busy().map { ($0.replica, $0.ongoing) }, uniquingKeysWith: { $1 }))
    }

    /// Closes every bucket that is due.
    /// - Returns: whether there was one.
    private func closeBuckets(_ proxy: ProxyHost, _ world: World) -> Bool {
        logs.close(proxy.book.gates, now: MicroTime(world.now)).any
    }

    private func startTick(_ proxy: ProxyHost, _ world: World) {
        let next = proxy.book.gates.compactMap { logs.due($0.gate.deployment, $0.interval) }.min()
        guard let next else { return }
        let due = max(world.now + 1_000, next.rawValue)
        if let tickAt, tickAt <= due, tickAt > world.now { return }
        tickAt = due
        let life = proxy.life
        world.at(due) { world in
            guard proxy.life == life, proxy.sync.tickAt == due else { return }
            proxy.sync.tickAt = nil
            let closed = proxy.sync.closeBuckets(proxy, world)
            if closed, !proxy.sync.isResting {
                proxy.sync.send(proxy, world)
            } else {
                proxy.sync.startTick(proxy, world)
            }
        }
    }
}
