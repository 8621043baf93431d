import Cloud
import Model

/// What lies between two processes.
final class Network {
    /// One way, in microseconds, when nothing is wrong.
    static let usual: Int64 = 500
    /// A slow message takes up to this much longer.
    static let slowMax: Int64 = 5_000_000

    /// Cut links: what one says to the other does not arrive until then.
    private var cuts: [Link: Int64] = [:]

    struct Link: Hashable {
        var from: Party
        var to: Party
    }

    func cut(_ from: Party, _ to: Party, until moment: Int64) {
        let link = Link(from: from, to: to)
        cuts[link] = max(cuts[link] ?? 0, moment)
    }

    func mend() { cuts = [:] }

    func isCut(_ from: Party, _ to: Party, at now: Int64) -> Bool {
        if cuts.isEmpty { return false }
        func isCut(_ from: Party, _ to: Party) -> Bool {
            cuts[Link(from: from, to: to)].map { now < $0 } ?? false
        }
        if isCut(from, to) { return true }
        if case .agent = from { return isCut(.agent(0), to) }
        if case .agent = to { return isCut(from, .agent(0)) }
        return false
    }
}

extension World {
    /// Carries one message. What is lost is never heard of.
    func carry(from: Party, to: Party, _ deliver: @escaping (World) -> Void) {
        if network.isCut(from, to, at: now) { return }
        guard !isHealed, !plan.faults.isEmpty else {
            after(Network.usual, deliver)
            return
        }
        if networkDice.strikes(perMille: plan.faults[.messageLost]) {
            count(.messageLost)
            return
        }
        var span = Network.usual
        if networkDice.strikes(perMille: plan.faults[.messageSlow]) {
            count(.messageSlow)
            span += Int64.random(in: 0...Network.slowMax, using: &networkDice)
        }
        after(span, deliver)
        if networkDice.strikes(perMille: plan.faults[.messageTwice]) {
            count(.messageTwice)
            after(span + Int64.random(in: 0...Network.slowMax, using: &networkDice), deliver)
        }
    }
}

/// One call over HTTP and its answer: the caller hears exactly once, an answer or that there is none.
final class Exchange<Answer> {
    private var done: ((World, Answer?) -> Void)?
    let client: Party
    let server: Party

    /// - Parameter deadline: the client gives up after so many microseconds.
    init(
        from client: Party, to server: Party, deadline: Int64, in world: World,
        _ done: @escaping (World, Answer?) -> Void
    ) {
        self.client = client
        self.server = server
        self.done = done
        world.after(deadline) { self.end($0, nil) }
    }

    var isOpen: Bool { done != nil }

    /// The client no longer waits.
    func abandon() { done = nil }

    /// The server's answer sets out.
    func answer(_ answer: Answer, in world: World) {
        guard isOpen else { return }
        if world.boundaries.strikes(.answer, world) { return }
        world.carry(from: server, to: client) { self.end($0, answer) }
        if world.plan.torment == .everythingTwice {
            world.carry(from: server, to: client) { self.end($0, answer) }
        }
    }

    /// The connection breaks: the client hears that at once, unless the link is cut.
    func reset(in world: World) {
        world.carry(from: server, to: client) { self.end($0, nil) }
    }

    /// What a server's long poll came to.
    func end(with result: Result<Answer, any Error>, in world: World) {
        switch result {
        case .success(let answer): self.answer(answer, in: world)
        case .failure: reset(in: world)
        }
    }

    private func end(_ world: World, _ answer: Answer?) {
        guard let done else { return }
        self.done = nil
        done(world, answer)
    }
}
