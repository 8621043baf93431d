import Model
import Supervision
import Wire

// Between the words of the wire and those of the pure room, which knows no wire.

extension StandingOrder {
    init(_ order: ReplicaOrder) {
        self.init(
            id: order.id, settings: order.settings, stopGrace: order.stopGrace, gpus: order.gpus,
            adjustment: order.adjustment ?? 0)
    }
}

extension ReplicaExit {
    init(_ end: ReplicaEnd) {
        self =
            switch end {
            case .code(let code): .code(code)
            case .signal(let signal): .signal(signal)
            case .unknown: .unknown
            case .outOfMemory: .outOfMemory
            case .notStarted(let reason): .notStarted(reason)
            case .startDeadline(let answer): .startDeadline(answer)
            case .unwell(let answer): .unwell(answer)
            }
    }
}

extension ReplicaEnd {
    init(_ exit: ReplicaExit) {
        self =
            switch exit {
            case .code(let code): .code(code)
            case .signal(let signal): .signal(signal)
            case .unknown: .unknown
            case .outOfMemory: .outOfMemory
            case .notStarted(let reason): .notStarted(reason)
            case .startDeadline(let answer): .startDeadline(answer)
            case .unwell(let answer): .unwell(answer)
            }
    }
}

extension ReplicaReport {
    /// `startedAgo` is left open: it changes all the time and is filled in when the report is sent.
    init(_ account: Account) {
        let phase: ReplicaReport.Phase =
            switch account.phase {
            case .starting: .starting
            case .ready: .ready
            case .stopping: .stopping
            case .stopped: .stopped
            case .failed: .failed
            }
        self.init(id: account.order.id, phase: phase, port: account.port, pid: account.pid)
        applied = account.applied
        unwell = account.unwell
        exit = account.final?.end.map(ReplicaExit.init)
        if phase == .failed { lastLines = account.final?.lastLines ?? [] }
    }
}
