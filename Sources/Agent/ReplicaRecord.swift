import Model
import Supervision
import Wire

/// What is on disk of one replica: written before its process is started, and again at each turn of its life.
struct ReplicaRecord: Codable, Equatable, Sendable {
    var id: ReplicaID
    var settings: ReplicaSettings
    var gpus: [Int]
    var attempt: Int
    /// Absent: none was ever given.
    var port: Int?
    /// Absent: the intent alone; a process may or may not have come of it.
    var process: RecordedProcess?
    /// Of its order; absent: 0, or an older agent's.
    var adjustment: Int?
    /// The adjustment that is in force in its process; absent: none.
    var applied: Int?
    /// What its check last answered, while it fails; absent: it is well, or an older agent's.
    var unwell: String?
    var ready: Bool
    var stopping: Bool
    var final: RecordedEnd?

    init(_ account: Account, process: RecordedProcess?) {
        id = account.order.id
        settings = account.order.settings
        gpus = account.order.gpus
        attempt = account.attempt
        port = account.port
        self.process = process
        adjustment = account.order.adjustment
        applied = account.applied
        unwell = account.unwell
        ready = account.phase == .ready
        stopping = account.phase == .stopping
        final = account.final.map(RecordedEnd.init)
    }

    var order: StandingOrder {
        StandingOrder(id: id, settings: settings, gpus: gpus, adjustment: adjustment ?? 0)
    }
}

/// One process for good: no other ever has all three.
struct RecordedProcess: Codable, Equatable, Sendable {
    var pid: Int32
    var startTicks: Int64
    /// The kernel's id of the boot. (Not `bootID`: the wire's snake case does not find its way back to that.)
    var boot: String
    /// On the boot clock.
    var startedAt: Moment
}

struct RecordedEnd: Codable, Equatable, Sendable {
    var asOrdered: Bool
    var exit: ReplicaExit?
    var lastLines: [String]

    init(_ report: FinalReport) {
        asOrdered = report.asOrdered
        exit = report.end.map(ReplicaExit.init)
        lastLines = report.lastLines
    }

    var report: FinalReport {
        FinalReport(asOrdered: asOrdered, end: exit.map(ReplicaEnd.init), lastLines: lastLines)
    }
}

/// The orders in force, with their fence: on disk before they are obeyed.
struct RecordedOrders: Codable, Equatable, Sendable {
    var fence = Fence.none
    var orders: [ReplicaOrder] = []
}
