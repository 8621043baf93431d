import Cloud
import Model
import Store

/// What goes wrong at the database's seam: it is busy, full or broken, and tiers die before and after a commit.
final class DiskFaults: StoreFaults, @unchecked Sendable {
    private weak var world: World?
    /// Every write fails until then, in microseconds.
    var fullUntil: Int64 = 0
    /// So many writes fail with an I/O error.
    var brokenTimes = 0

    func attach(to memory: SharedMemory, of world: World) {
        self.world = world
        memory.faults = self
    }

    func beforeTransaction(_ role: StoreRole) throws(StoreError) {
        guard let world else { return }
        if world.boundaries.strikes(.transaction, world) { throw .diskFull }
        if fullUntil > world.now { throw .diskFull }
        if brokenTimes > 0 {
            brokenTimes -= 1
            throw .broken("simulated I/O error")
        }
        guard !world.isHealed, !world.plan.faults.isEmpty else { return }
        if world.fateDice.strikes(perMillion: world.plan.faults[.diskBusy]) {
            world.count(.diskBusy)
            throw .busy("another connection")
        }
        if world.fateDice.strikes(perMillion: world.plan.faults[.diskBroken]) {
            world.count(.diskBroken)
            throw .broken("simulated I/O error")
        }
    }

    func beforeCommit(_ role: StoreRole) throws(StoreError) { try mayDie(role) }

    func afterCommit(_ role: StoreRole) throws(StoreError) {
        world?.report.commits += 1
        if let world { world.checks.committed(role, world) }
        try mayDie(role)
    }

    func beforeRead(_ role: StoreRole) throws(StoreError) {}

    private func mayDie(_ role: StoreRole) throws(StoreError) {
        guard let world, let head = world.stepping(role) else { return }
        var dies = world.boundaries.strikes(.tier, world)
        if !world.isHealed, world.fateDice.strikes(perMillion: world.plan.faults[.tierCrash]) {
            world.count(.tierCrash)
            dies = true
        }
        if dies {
            world.doom(head)
            throw .failed("the process dies here")
        }
    }
}

extension SeededDice {
    mutating func strikes(perMillion rate: Int) -> Bool { rate > 0 && Int(next() % 1_000_000) < rate }
}

/// A UUID's text from a seed.
struct SeededUUID {
    private var dice: SeededDice

    init(seed: UInt64) { dice = SeededDice(seed: seed, text: "uuid") }

    mutating func next() -> String {
        let hex = (0..<2).map { _ in
            let text = String(dice.next(), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var parts: [Substring] = []
        var rest = Substring(hex)
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}

extension World {
    /// The tier that holds the pen now: of two with one role, that which is in its step.
    func stepping(_ role: StoreRole) -> TierHead? { inStep ?? heads.first { $0.role == role && $0.isUp } }

    /// It dies as soon as its step returns; whatever it does until then has no effect.
    func doom(_ head: TierHead) { doomed = head }

    func isDoomed(_ head: TierHead) -> Bool { doomed === head }

    func takeDoom(_ head: TierHead) -> Bool {
        guard doomed === head else { return false }
        doomed = nil
        return true
    }
}
