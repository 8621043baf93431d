import Model
import Synchronization

/// One replica as this proxy sees it: how many requests it has of us, and how many it may have. Shared by the
/// event loops.
///
/// Count and limit are one atomic word, so that a request can never be let in past a limit that was just
/// lowered: a replica that left its route has the limit 0, and nothing is added from that very instant.
package final class ReplicaSlot: Sendable {
    package let address: ReplicaAddress
    /// Limit in the upper half, count in the lower.
    private let word: Atomic<UInt64>

    /// A higher limit is taken as this one.
    package static let limitMax = 1 << 30

    package init(_ address: ReplicaAddress, limit: Int) {
        self.address = address
        word = Atomic(Self.upper(limit))
    }

    package var ongoing: Int { Self.count(word.load(ordering: .sequentiallyConsistent)) }
    package var hasRoom: Bool {
        let now = word.load(ordering: .sequentiallyConsistent)
        return Self.count(now) < Self.limit(now)
    }
    /// Off its route.
    package var isClosed: Bool { Self.limit(word.load(ordering: .sequentiallyConsistent)) == 0 }

    /// Adds one request, unless it has as many as it may.
    package func take() -> Bool {
        var seen = word.load(ordering: .sequentiallyConsistent)
        while Self.count(seen) < Self.limit(seen) {
            let (exchanged, original) = word.weakCompareExchange(
                expected: seen, desired: seen + 1, ordering: .sequentiallyConsistent)
            if exchanged { return true }
            seen = original
        }
        return false
    }

    /// What taking back a request came to.
    package enum Release: Hashable, Sendable {
        case done
        /// That was the last one of a replica off its route.
        case lastOfClosed
        /// It had none, which cannot be: it is left as it is, since one less would lift the limit.
        case impossible
    }

    /// Takes back one request.
    package func release() -> Release {
        var seen = word.load(ordering: .sequentiallyConsistent)
        while Self.count(seen) > 0 {
            let (exchanged, original) = word.weakCompareExchange(
                expected: seen, desired: seen - 1, ordering: .sequentiallyConsistent)
            if exchanged { return seen == 1 ? .lastOfClosed : .done }
            seen = original
        }
        return .impossible
    }

    /// 0 closes it; requests it has stay counted.
    package func setLimit(_ limit: Int) {
        var seen = word.load(ordering: .sequentiallyConsistent)
        while true {
            let desired = Self.upper(limit) | UInt64(Self.count(seen))
            let (exchanged, original) = word.weakCompareExchange(
                expected: seen, desired: desired, ordering: .sequentiallyConsistent)
            if exchanged { return }
            seen = original
        }
    }

    private static func upper(_ limit: Int) -> UInt64 { UInt64(max(0, min(limit, limitMax))) << 32 }
    private static func limit(_ word: UInt64) -> Int { Int(word >> 32) }
    private static func count(_ word: UInt64) -> Int { Int(word & 0xffff_ffff) }
}

/// The replicas on one route, and the choice among them.
package struct ReplicaSlots: Sendable {
    package let slots: [ReplicaSlot]

    package init(_ slots: [ReplicaSlot] = []) { self.slots = slots }

    /// Takes a place at one of two random replicas, at that with fewer requests; when both are full, at the
    /// least loaded of all that have room. Nil: all are full.
    package func take(
        using dice: inout some RandomNumberGenerator, except avoided: ReplicaID? = nil
    ) -> ReplicaSlot? {
        guard slots.count > 1 else {
            guard let only = slots.first, only.address.id != avoided, only.take() else { return nil }
            return only
        }
        let first = Int.random(in: 0..<slots.count, using: &dice)
        var second = Int.random(in: 0..<(slots.count - 1), using: &dice)
        if second >= first { second += 1 }
        let pair =
            slots[first].ongoing <= slots[second].ongoing
            ? (slots[first], slots[second]) : (slots[second], slots[first])
        if pair.0.address.id != avoided, pair.0.take() { return pair.0 }
        if pair.1.address.id != avoided, pair.1.take() { return pair.1 }
        return scan(except: avoided)
    }

    /// Another loop may take the place between the look and the step: then the look is repeated, at most once
    /// for each replica.
    private func scan(except avoided: ReplicaID?) -> ReplicaSlot? {
        for _ in slots.indices {
            var best: (slot: ReplicaSlot, ongoing: Int)?
            for slot in slots where slot.hasRoom && slot.address.id != avoided {
                let ongoing = slot.ongoing
                if ongoing < best?.ongoing ?? .max { best = (slot, ongoing) }
            }
            guard let best else { return nil }
            if best.slot.take() { return best.slot }
        }
        return nil
    }
}
