import Model

/// What an agent saw. `attempt` is that of the start it belongs to: news of an earlier one is dropped.
package struct Event: Hashable, Sendable {
    /// What happened.
    package enum Kind: Hashable, Sendable {
        /// The program runs.
        case started(pid: Int32)
        /// The command could not be started: the reason in words.
        case notStarted(String)
        /// Somebody else had its port before it was started.
        case portTaken
        /// Its process has ended. `portTaken`: there are signs that it could not bind its port.
        case exited(ReplicaEnd, lastLines: [String], portTaken: Bool)
        /// A check passed.
        case well
        /// A check did not, with its answer in words.
        case ill(String)
        /// It has taken its configuration.
        case configured
        /// It has not, with its answer in words.
        case notConfigured(String)
    }

    package var replica: ReplicaID
    package var attempt: Int
    package var kind: Kind

    package init(_ replica: ReplicaID, attempt: Int, _ kind: Kind) {
        self.replica = replica
        self.attempt = attempt
        self.kind = kind
    }
}

/// What an agent shall do now. Each is handed out once; what comes of it returns as an `Event`.
package enum Action: Hashable, Sendable {
    case start(Start)
    case probe(Probe)
    case configure(Configuration)
    /// Ask the replica's process group to end (SIGTERM).
    case terminate(ReplicaID, pid: Int32)
    /// End the replica's process group (SIGKILL).
    case kill(ReplicaID, pid: Int32)
    /// Drop what is kept of it on disk; its story is over.
    case forget(ReplicaID)
}

/// A process to be started: whose, which attempt it is, and the port it is given.
package struct Start: Hashable, Sendable {
    package var order: StandingOrder
    package var attempt: Int
    package var port: Int

    package init(order: StandingOrder, attempt: Int, port: Int) {
        self.order = order
        self.attempt = attempt
        self.port = port
    }
}

/// A check to be made: of readiness while the replica starts, of health afterwards.
package struct Probe: Hashable, Sendable {
    package var replica: ReplicaID
    package var attempt: Int
    package var port: Int
    /// Nil: an accepted connection is enough.
    package var path: String?
    package var timeout: Millis
}

/// A configuration to be handed to a replica that answers.
package struct Configuration: Hashable, Sendable {
    package var replica: ReplicaID
    package var attempt: Int
    package var port: Int
    package var path: String
    /// JSON.
    package var body: String
    package var timeout: Millis
}

/// One replica as the agent reports it.
package struct Account: Hashable, Sendable {
    /// The life of a process on its node; in the phases *stopped* and *failed* nothing runs.
    package enum Phase: Hashable, Sendable { case starting, ready, stopping, stopped, failed }

    package var order: StandingOrder
    package var phase: Phase
    package var attempt: Int
    package var port: Int?
    package var pid: Int32?
    /// Start of the process that runs, or ran last.
    package var startedAt: Moment?
    /// The adjustment that is in force in its process; nil: none yet.
    package var applied: Int?
    /// Ready, and fails its check: the last answer. Nil: it is well.
    package var unwell: String?
    package var final: FinalReport?
}
