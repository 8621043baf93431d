import Synchronization

/// An instant in microseconds on a clock of this process that only grows; its zero means nothing.
package struct MicroTime: Hashable, Comparable, Sendable {
    package var rawValue: Int64

    package init(_ rawValue: Int64) { self.rawValue = rawValue }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    /// Microseconds from `b` to `a`.
    package static func - (a: Self, b: Self) -> Int64 { a.rawValue - b.rawValue }
}

/// The load of one deployment: how many requests it has, waiting and running, and the exact area under their
/// sum against time.
///
/// The area up to `t` is (requests there are) × t − (sum of arrivals − sum of departures); so an event costs
/// two additions, and a reading is exact whenever it is taken. Areas of successive readings add up to the sum
/// of the requests' lives, to the microsecond.
package final class Ledger: Sendable {
    /// What a request is doing.
    package enum Place: Sendable { case queued, ongoing }

    /// The ledger as of one instant.
    package struct Reading: Hashable, Sendable {
        package var ongoing: Int
        package var queued: Int
        /// Request-microseconds since the ledger was opened.
        package var area: Int64
        /// Requests that replicas are done with, since then.
        package var completed: Int64

        package init(ongoing: Int, queued: Int, area: Int64, completed: Int64 = 0) {
            self.ongoing = ongoing
            self.queued = queued
            self.area = area
            self.completed = completed
        }
    }

    private struct Sums {
        var ongoing = 0
        var queued = 0
        var completed: Int64 = 0
        /// Arrivals minus departures, in microseconds since `opened`.
        var shift: Int64 = 0

        func count(_ place: Place) -> Int { place == .queued ? queued : ongoing }

        mutating func add(_ change: Int, to place: Place) {
            switch place {
            case .queued: queued += change
            case .ongoing: ongoing += change
            }
        }
    }

    /// Where its time begins.
    package let opened: MicroTime
    private let sums = Mutex(Sums())

    package init(opened: MicroTime) { self.opened = opened }

    /// One request more.
    package func enter(_ place: Place, at now: MicroTime) {
        sums.withLock {
            $0.add(1, to: place)
            $0.shift += now - opened
        }
    }

    /// One request less.
    /// - Returns: false when there is none, which cannot be; nothing is changed then, since a count below zero would
    ///   hide the load of others.
    package func leave(_ place: Place, at now: MicroTime) -> Bool {
        sums.withLock {
            guard $0.count(place) > 0 else { return false }
            $0.add(-1, to: place)
            $0.shift -= now - opened
            if place == .ongoing { $0.completed += 1 }
            return true
        }
    }

    /// From the queue to a replica, or back to the queue: the area does not notice. Where none is, which cannot be,
    /// none is moved: it shows when that request leaves.
    package func move(to place: Place) {
        sums.withLock {
            let from: Place = place == .queued ? .ongoing : .queued
            guard $0.count(from) > 0 else { return }
            $0.add(1, to: place)
            $0.add(-1, to: from)
        }
    }

    /// `now` may be a little before events already entered: the next reading makes up for it.
    package func read(at now: MicroTime) -> Reading {
        sums.withLock {
            let present = Int64($0.ongoing + $0.queued)
            return Reading(
                ongoing: $0.ongoing, queued: $0.queued, area: present * (now - opened) - $0.shift,
                completed: $0.completed)
        }
    }
}
