import Logging
import Routing
import Synchronization

/// A state that cannot be, by the place where it was found.
enum ImpossibleState: String, CaseIterable, Sendable {
    /// A place was given back at a replica that had no request.
    case slotBelowZero = "slot_below_zero"
    /// A request left a ledger that had none there.
    case ledgerBelowZero = "ledger_below_zero"
    /// A replica sent something that nobody had asked for.
    case answerWithoutRequest = "answer_without_request"
    /// A place was granted to a request that does not wait for one.
    case grantWithoutWaiter = "grant_without_waiter"
    /// A request was answered, and then once more.
    case doubleEnd = "double_end"
}

/// What was found although it cannot be. Whatever a connection does, the process goes on: that one connection is
/// closed, the accounts are set right, and it is counted and said here.
final class ImpossibleStates: Sendable {
    private struct Entry {
        var count: Int64 = 0
        var said: MicroTime?
        var unsaid: Int64 = 0
    }

    /// Between two lines about one place (µs).
    private static let sayEvery: Int64 = 10_000_000

    private let log: Logger
    private let entries = Mutex<[ImpossibleState: Entry]>([:])

    init(log: Logger) { self.log = log }

    var counts: [(state: ImpossibleState, count: Int64)] {
        let entries = entries.withLock { $0 }
        return ImpossibleState.allCases.map { ($0, entries[$0]?.count ?? 0) }
    }

    /// - Parameter subject: where to look: the request or the replica.
    func note(_ state: ImpossibleState, _ subject: String) {
        let now = Now.micros
        let unsaid: Int64? = entries.withLock { entries in
            var entry = entries[state] ?? Entry()
            defer { entries[state] = entry }
            entry.count += 1
            if let said = entry.said, now - said < Self.sayEvery {
                entry.unsaid += 1
                return nil
            }
            defer { entry.unsaid = 0 }
            entry.said = now
            return entry.unsaid
        }
        guard let unsaid else { return }
        log.error(
            "impossible state, its connection is closed",
            metadata: ["place": "\(state.rawValue)", "subject": "\(subject)", "unsaid": "\(unsaid)"])
    }
}

/// The accounts of one request: its place at a replica, and its entry in the ledger.
extension Exchange {
    /// Something about this request cannot be: its connection ends with its answer at the latest.
    func doubt(_ state: ImpossibleState) {
        isDoubtful = true
        lane.plane.impossible.note(state, "request \(id)")
    }

    /// Gives back a place.
    func release(_ slot: ReplicaSlot) {
        guard let gate else { return }
        if !lane.release(slot, of: gate) { doubt(.slotBelowZero) }
    }

    /// Out of the ledger.
    func leave(_ place: Ledger.Place) {
        guard let gate else { return }
        if !gate.leave(place, at: Now.micros) { doubt(.ledgerBelowZero) }
    }

    /// The place that it has at a replica; nil: none.
    package var place: ReplicaSlot? {
        switch phase {
        case .connecting(let slot): slot
        case .streaming(let handler): handler.slot
        case .outside, .queued, .over: nil
        }
    }

    /// Where it is accounted for; nil: no deployment is to answer it.
    package var ledger: Ledger? { gate?.ledger }
}
