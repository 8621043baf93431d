import Model
import Synchronization

/// Where the requests of one deployment come in: the first look at the replicas without a lock, a locked
/// queue when all are full or none exists, and the ledger of both. Shared by the event loops.
///
/// Every request let in is in the ledger exactly once, as queued or as ongoing, from `admit` to `leave`.
package final class Gate<Waiter: Sendable>: Sendable {
    /// What becomes of a request that asks to be let in.
    package enum Entry: Sendable {
        /// A place is taken at this replica: give it back with `release`.
        case place(ReplicaSlot)
        /// Waits; the waiter is handed out later, by whoever frees a place. `waiting` counts this one too.
        case queued(ticket: Int64, waiting: Int, replicas: Int)
        /// Not let in and not in the ledger.
        case refused(RefusalReason)
    }

    /// A waiter whose turn has come, with the place taken for it.
    package struct Grant: Sendable {
        package var waiter: Waiter
        package var slot: ReplicaSlot
    }

    private struct State: Sendable {
        var slots = ReplicaSlots()
        var queuedMax = Route.queuedMax
        var backpressure = Backpressure()
        var queue = WaitQueue<Waiter>()
        var isClosed = false
    }

    package let deployment: DeploymentID
    package let ledger: Ledger
    private let state = Mutex(State())
    /// Those in the queue, and those about to join it: who frees a place looks here after freeing it, who
    /// joins writes here before a last look at the places; so one of them sees the other.
    private let waiting = Atomic(0)

    package init(deployment: DeploymentID, now: MicroTime) {
        self.deployment = deployment
        ledger = Ledger(opened: now)
    }

    /// How a request is refused for which there is no room in the queue.
    package var backpressure: Backpressure { state.withLock { $0.backpressure } }

    /// Lets a request in, to a replica or to the queue.
    package func admit(
        _ waiter: @autoclosure () -> Waiter, at now: MicroTime, slots: ReplicaSlots,
        using dice: inout some RandomNumberGenerator
    ) -> Entry {
        if waiting.load(ordering: .sequentiallyConsistent) == 0, let slot = slots.take(using: &dice) {
            ledger.enter(.ongoing, at: now)
            return .place(slot)
        }
        return state.withLock { state in
            guard !state.isClosed else { return .refused(.noReplica) }
            waiting.add(1, ordering: .sequentiallyConsistent)
            if state.queue.isEmpty, let slot = state.slots.take(using: &dice) {
                waiting.subtract(1, ordering: .sequentiallyConsistent)
                ledger.enter(.ongoing, at: now)
                return .place(slot)
            }
            guard state.queue.count < state.queuedMax else {
                waiting.subtract(1, ordering: .sequentiallyConsistent)
                return .refused(.queueFull)
            }
            ledger.enter(.queued, at: now)
            let ticket = state.queue.append(waiter())
            return .queued(
                ticket: ticket, waiting: state.queue.count, replicas: state.slots.slots.count)
        }
    }

    /// For a request that is in the ledger as ongoing, whose replica turned it away and whose place there is
    /// given back: a place elsewhere, or the head of the queue.
    /// - Parameter avoided: nil: any replica will do.
    /// - Returns: `.refused(.upstream)` when there is no other replica; it stays in the ledger as ongoing.
    package func readmit(
        _ waiter: @autoclosure () -> Waiter, except avoided: ReplicaID?,
        using dice: inout some RandomNumberGenerator
    ) -> Entry {
        state.withLock { state in
            guard state.slots.slots.contains(where: { $0.address.id != avoided }) else {
                return .refused(.upstream)
            }
            waiting.add(1, ordering: .sequentiallyConsistent)
            if let slot = state.slots.take(using: &dice, except: avoided) {
                waiting.subtract(1, ordering: .sequentiallyConsistent)
                return .place(slot)
            }
            ledger.move(to: .queued)
            let ticket = state.queue.prepend(waiter())
            return .queued(
                ticket: ticket, waiting: state.queue.count, replicas: state.slots.slots.count)
        }
    }

    /// Gives back a place and hands free places to those who wait longest.
    /// - Returns: who is to be told, and what became of the place.
    package func release(
        _ slot: ReplicaSlot, using dice: inout some RandomNumberGenerator
    ) -> (grants: [Grant], release: ReplicaSlot.Release) {
        let release = slot.release()
        guard waiting.load(ordering: .sequentiallyConsistent) > 0 else { return ([], release) }
        #if MUTANTS
            if Mutant.releasesTwice.isOn { _ = slot.release() }
        #endif
        return (state.withLock { pump(&$0, using: &dice) }, release)
    }

    /// Takes one who waits out of the queue: gave up, or waited too long.
    /// - Returns: nil when its turn has come meanwhile; else how many replicas there are.
    package func withdraw(_ ticket: Int64) -> Int? {
        state.withLock { state in
            guard state.queue.remove(ticket) else { return nil }
            waiting.subtract(1, ordering: .sequentiallyConsistent)
            return state.slots.slots.count
        }
    }

    /// The end of a request that was let in.
    /// - Returns: false when the ledger has none there, which cannot be.
    @discardableResult
    package func leave(_ place: Ledger.Place, at now: MicroTime) -> Bool { ledger.leave(place, at: now) }

    /// The places of the route now in force.
    package var slots: ReplicaSlots { state.withLock { $0.slots } }

    /// Puts a route in force. Who waits is handed the new places.
    package func update(
        _ slots: ReplicaSlots, queuedMax: Int, backpressure: Backpressure = Backpressure(),
        using dice: inout some RandomNumberGenerator
    ) -> [Grant] {
        state.withLock { state in
            state.slots = slots
            state.queuedMax = queuedMax
            state.backpressure = backpressure
            #if MUTANTS
                if Mutant.wakesNobody.isOn { return [] }
            #endif
            return pump(&state, using: &dice)
        }
    }

    /// The deployment is no more.
    /// - Returns: those who waited; as with a grant, they are in the ledger as ongoing until they leave.
    package func close() -> [Waiter] {
        state.withLock { state in
            state.isClosed = true
            state.slots = ReplicaSlots()
            var left: [Waiter] = []
            while let waiter = state.queue.popFirst() {
                ledger.move(to: .ongoing)
                left.append(waiter)
            }
            waiting.subtract(left.count, ordering: .sequentiallyConsistent)
            return left
        }
    }

    private func pump(_ state: inout State, using dice: inout some RandomNumberGenerator) -> [Grant] {
        var grants: [Grant] = []
        while !state.queue.isEmpty, let slot = state.slots.take(using: &dice) {
            guard let waiter = state.queue.popFirst() else { break }
            waiting.subtract(1, ordering: .sequentiallyConsistent)
            ledger.move(to: .ongoing)
            grants.append(Grant(waiter: waiter, slot: slot))
        }
        return grants
    }
}
