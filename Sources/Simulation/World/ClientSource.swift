import Cloud
import Foundation
import Model

/// Somebody who sends requests, as the plan says.
final class ClientSource {
    let path: String
    private let plan: ClientPlan
    private let number: Int
    private var dice: SeededDice
    private var step = 0
    private var nextArrival = 0
    /// Users that are there and have not been told to leave; of open load: requests a second in thousandths.
    private(set) var amount: Int64 = 0
    /// Users that exist, leaving ones too.
    private var users = 0
    /// Changes of the rate so far: an arrival drawn under an earlier one is not made.
    private var epoch = 0

    /// First pause before another try; doubled with each.
    private static let retryAfter: Int64 = 1_000_000

    init(_ plan: ClientPlan, number: Int, seed: UInt64) {
        self.plan = plan
        self.number = number
        path = plan.path
        dice = SeededDice(seed: seed, text: "client-\(number)")
    }

    /// Shown in the timeline.
    var shownUsers: Int {
        if case .closed = plan.load { users } else { 0 }
    }

    func begin(_ world: World) {
        switch plan.load {
        case .open(let steps), .closed(let steps, _):
            for step in steps {
                world.at(world.loadBegan + step.at.micros) { self.turn(to: step.amount, $0) }
            }
        case .trace: nextOfTrace(world)
        }
    }

    private func turn(to amount: Int64, _ world: World) {
        self.amount = amount
        epoch += 1
        switch plan.load {
        case .open: nextOpen(world)
        case .closed:
            world.say("client \(number): \(amount) users")
            while users < amount {
                users += 1
                ask(user: users, world)
            }
        case .trace: break
        }
    }

    private func nextOpen(_ world: World) {
        guard amount > 0 else { return }
        // Exponential pauses: the arrivals of many independent clients.
        let even = Double(dice.next() >> 11) / Double(1 << 53)
        let pause = -log(1 - even) * 1e9 / Double(amount)
        let epoch = epoch
        world.after(max(1, Int64(min(pause, 1e15)))) { world in
            guard self.epoch == epoch else { return }
            self.ask(user: 0, world)
            self.nextOpen(world)
        }
    }

    private func nextOfTrace(_ world: World) {
        guard case .trace(let arrivals) = plan.load, nextArrival < arrivals.count else { return }
        let arrival = arrivals[nextArrival]
        nextArrival += 1
        world.at(world.loadBegan + arrival.at) { world in
            self.ask(user: 0, service: arrival.service, world)
            self.nextOfTrace(world)
        }
    }

    private func ask(user: Int, service: Int64? = nil, retriesLeft: Int? = nil, _ world: World) {
        let request = Request(
            number: world.report.requests + 1, client: self, user: user, service: service,
            retriesLeft: retriesLeft ?? plan.retries, arrivedAt: world.now)
        world.arrive(request)
    }

    /// Its request has ended.
    func ended(_ request: Request, failed: Bool, _ world: World) {
        if failed, request.retriesLeft > 0 {
            let wait = Self.retryAfter << Int64(min(plan.retries - request.retriesLeft, 10))
            world.after(wait) { world in
                self.ask(
                    user: request.user, service: request.service, retriesLeft: request.retriesLeft - 1, world)
            }
            return
        }
        guard case .closed(_, let think) = plan.load else { return }
        guard users <= amount else {
            users -= 1
            return
        }
        // One who was refused at once does not ask again at once: no client is that hasty, and time must pass.
        let pause = max(think.micros, failed ? 100_000 : 0)
        world.after(pause) { world in
            if self.users > self.amount { self.users -= 1 } else { self.ask(user: request.user, world) }
        }
    }
}
