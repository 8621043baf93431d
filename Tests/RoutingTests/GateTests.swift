import Dispatch
import Model
import Routing
import Synchronization
import Testing

@Suite struct GateTests {
    static func slots(_ count: Int, limit: Int) -> ReplicaSlots {
        ReplicaSlots((0..<count).map { ReplicaSlot(address("app#main", Int64($0)), limit: limit) })
    }

    static func gate(_ slots: ReplicaSlots, queuedMax: Int = 10) -> Gate<Int> {
        var dice = Dice(0)
        let gate = Gate<Int>(deployment: DeploymentID("app#main"), now: MicroTime(0))
        _ = gate.update(slots, queuedMax: queuedMax, using: &dice)
        return gate
    }

    @Test func threadsNeverExceedTheLimit() {
        let slot = ReplicaSlot(address("app#main", 1), limit: 3)
        let inside = Atomic(0)
        let most = Atomic(0)
        let taken = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<20_000 where slot.take() {
                let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
                most.max(now, ordering: .sequentiallyConsistent)
                taken.add(1, ordering: .relaxed)
                inside.subtract(1, ordering: .sequentiallyConsistent)
                _ = slot.release()
            }
        }
        #expect(most.load(ordering: .relaxed) <= 3)
        #expect(taken.load(ordering: .relaxed) > 0)
        #expect(slot.ongoing == 0)
    }

    @Test func theLessLoadedOfTwoIsChosenAndAFullPairFallsBackToAScan() throws {
        var dice = Dice(7)
        let two = Self.slots(2, limit: 10)
        for _ in 0..<5 { #expect(two.slots[0].take()) }
        for _ in 0..<5 { #expect(two.take(using: &dice)?.address.id.serial == 1) }
        let many = Self.slots(50, limit: 1)
        for slot in many.slots.dropLast() { #expect(slot.take()) }
        #expect(many.take(using: &dice)?.address.id.serial == 49)
        #expect(many.take(using: &dice) == nil)
        #expect(ReplicaSlots().take(using: &dice) == nil)
    }

    @Test func twoChoicesKeepTheLoadEven() {
        var dice = Dice(3)
        let slots = Self.slots(10, limit: 1_000)
        for _ in 0..<1_000 { #expect(slots.take(using: &dice) != nil) }
        let counts = slots.slots.map(\.ongoing)
        #expect(counts.reduce(0, +) == 1_000)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 10, "\(counts)")
    }

    @Test func whoWaitsIsServedInOrder() throws {
        var dice = Dice(1)
        let gate = Self.gate(ReplicaSlots(), queuedMax: 4)
        var tickets: [Int64] = []
        for waiter in 0..<4 {
            guard
                case .queued(let ticket, let waiting, 0) = gate.admit(
                    waiter, at: MicroTime(0), slots: ReplicaSlots(), using: &dice)
            else {
                Issue.record("\(waiter) was not queued")
                return
            }
            #expect(waiting == waiter + 1)
            tickets.append(ticket)
        }
        guard case .refused(.queueFull) = gate.admit(9, at: MicroTime(0), slots: ReplicaSlots(), using: &dice)
        else {
            Issue.record("the bound did not hold")
            return
        }
        #expect(gate.withdraw(tickets[1]) == 0)
        #expect(gate.withdraw(tickets[1]) == nil, "it has left already")
        #expect(gate.leave(.queued, at: MicroTime(0)))
        let slots = Self.slots(1, limit: 2)
        let first = gate.update(slots, queuedMax: 4, using: &dice)
        #expect(first.map(\.waiter) == [0, 2])
        let next = gate.release(slots.slots[0], using: &dice)
        #expect(next.grants.map(\.waiter) == [3])
        #expect(gate.ledger.read(at: MicroTime(0)) == .init(ongoing: 3, queued: 0, area: 0))
    }

    @Test func nobodyOvertakesTheQueue() {
        var dice = Dice(1)
        let slots = Self.slots(1, limit: 1)
        let gate = Self.gate(slots)
        guard case .place(let slot) = gate.admit(0, at: MicroTime(0), slots: slots, using: &dice),
            case .queued = gate.admit(1, at: MicroTime(0), slots: slots, using: &dice)
        else {
            Issue.record("unexpected entry")
            return
        }
        #expect(gate.release(slot, using: &dice).grants.map(\.waiter) == [1])
        guard case .queued = gate.admit(2, at: MicroTime(0), slots: slots, using: &dice) else {
            Issue.record("the place belonged to 1")
            return
        }
    }

    @Test func whoWasTurnedAwayGoesElsewhereOrToTheFront() {
        var dice = Dice(1)
        let slots = Self.slots(2, limit: 1)
        let gate = Self.gate(slots)
        for waiter in 0..<2 { _ = gate.admit(waiter, at: MicroTime(0), slots: slots, using: &dice) }
        _ = gate.admit(2, at: MicroTime(0), slots: slots, using: &dice)
        let first = slots.slots[0]
        #expect(gate.release(first, using: &dice).grants.map(\.waiter) == [2], "the place is passed on")
        guard case .queued = gate.readmit(0, except: first.address.id, using: &dice) else {
            Issue.record("the other is full")
            return
        }
        _ = gate.admit(3, at: MicroTime(0), slots: slots, using: &dice)
        #expect(gate.release(slots.slots[1], using: &dice).grants.map(\.waiter) == [0])
        #expect(gate.ledger.read(at: MicroTime(0)).ongoing == 3)

        let alone = Self.gate(Self.slots(1, limit: 1))
        guard case .refused(.upstream) = alone.readmit(0, except: first.address.id, using: &dice) else {
            Issue.record("there is no other replica")
            return
        }
    }

    @Test func closingHandsOutEveryWaiterAndAdmitsNobody() {
        var dice = Dice(1)
        let gate = Self.gate(ReplicaSlots())
        for waiter in 0..<3 {
            _ = gate.admit(waiter, at: MicroTime(0), slots: ReplicaSlots(), using: &dice)
        }
        #expect(gate.close() == [0, 1, 2])
        guard case .refused(.noReplica) = gate.admit(3, at: MicroTime(0), slots: ReplicaSlots(), using: &dice)
        else {
            Issue.record("admitted to a closed gate")
            return
        }
    }

    /// Threads admit, release and give up at random. Nobody may be lost: at the end everyone who came was
    /// served, refused or withdrawn, and the cap was never exceeded.
    @Test(arguments: [1, 2, 3]) func noWaiterIsLostUnderContention(seed: UInt64) {
        let slots = Self.slots(3, limit: 2)
        let gate = Self.gate(slots, queuedMax: 1_000_000)
        let inside = Atomic(0)
        let most = Atomic(0)
        let served = Atomic(0)
        let left = Atomic(0)
        let threads = 6
        let each = 5_000
        @Sendable func serve(_ first: ReplicaSlot, _ dice: inout Dice) {
            var todo = [first]
            while let slot = todo.popLast() {
                let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
                most.max(now, ordering: .sequentiallyConsistent)
                served.add(1, ordering: .relaxed)
                inside.subtract(1, ordering: .sequentiallyConsistent)
                #expect(gate.leave(.ongoing, at: MicroTime(0)))
                todo += gate.release(slot, using: &dice).grants.map(\.slot)
            }
        }
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            var dice = Dice(seed &* 1_000 &+ UInt64(thread))
            for _ in 0..<each {
                switch gate.admit(thread, at: MicroTime(0), slots: slots, using: &dice) {
                case .place(let slot): serve(slot, &dice)
                case .refused: Issue.record("refused")
                case .queued(let ticket, _, _):
                    if dice.next() % 4 == 0, gate.withdraw(ticket) != nil {
                        #expect(gate.leave(.queued, at: MicroTime(0)))
                        left.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(most.load(ordering: .relaxed) <= 6)
        #expect(served.load(ordering: .relaxed) + left.load(ordering: .relaxed) == threads * each)
        let reading = gate.ledger.read(at: MicroTime(0))
        #expect(reading.ongoing == 0 && reading.queued == 0 && reading.area == 0)
        #expect(slots.slots.allSatisfy { $0.ongoing == 0 })
    }
}

@Suite struct WaitQueueTests {
    /// Against an array.
    @Test(arguments: 0..<20) func behavesAsAnArrayWould(seed: UInt64) {
        var dice = Dice(seed)
        var queue = WaitQueue<Int>()
        var model: [(ticket: Int64, waiter: Int)] = []
        var known: [Int64] = []
        for step in 0..<2_000 {
            switch dice.next() % 8 {
            case 0...2:
                let ticket = queue.append(step)
                model.append((ticket, step))
                known.append(ticket)
            case 3:
                let ticket = queue.prepend(step)
                model.insert((ticket, step), at: 0)
                known.append(ticket)
            case 4...5:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst().waiter))
            default:
                guard let ticket = known.randomElement(using: &dice) else { continue }
                let place = model.firstIndex { $0.ticket == ticket }
                #expect(queue.remove(ticket) == (place != nil))
                if let place { model.remove(at: place) }
            }
            #expect(queue.count == model.count)
        }
    }
}
