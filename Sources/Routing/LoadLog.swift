import Model

/// Load of one deployment over one interval.
package struct LoadSpan: Hashable, Sendable {
    /// Grows from bucket to bucket, and is never used again in the life of a proxy.
    package var sequence: Int64
    package var ended: MicroTime
    package var span: Millis
    /// Request-microseconds.
    package var area: Int64
    /// Values at the end.
    package var ongoing: Int
    package var queued: Int
    /// Requests that replicas were done with in the interval.
    package var completed: Int64
}

/// The buckets of one deployment that nobody has acknowledged yet. Bucket ends stand on whole milliseconds
/// since `opened`, so that spans lose nothing by rounding.
package struct LoadLog: Sendable {
    /// Oldest first.
    package private(set) var spans: [LoadSpan] = []
    /// Buckets dropped because nobody acknowledged them in time.
    package private(set) var dropped: Int64 = 0
    fileprivate let opened: MicroTime
    private var endedMs: Int64 = 0
    /// Area handed out so far.
    private var area: Int64 = 0
    private var completed: Int64 = 0
    private let spansMax: Int

    /// - Parameter spansMax: beyond it the oldest bucket is dropped and counted.
    package init(opened: MicroTime, spansMax: Int) {
        self.opened = opened
        self.spansMax = spansMax
    }

    /// When the bucket that is open now is to be closed: on the next multiple of the interval. So those of all
    /// deployments are closed together and go in one message, and whenever a deployment came the same time is summed.
    package func due(_ interval: Millis) -> MicroTime {
        let micros = max(1, interval.rawValue) * 1000
        let multiple = ((opened.rawValue + endedMs * 1000) / micros + 1) * micros
        return MicroTime(opened.rawValue + (multiple - opened.rawValue + 999) / 1000 * 1000)
    }

    /// The end of a bucket closed now: the last whole millisecond.
    package func edge(_ now: MicroTime) -> MicroTime {
        MicroTime(opened.rawValue + max(endedMs, (now - opened) / 1000) * 1000)
    }

    /// Closes the open bucket.
    /// - Parameter reading: the ledger as of `edge(now)`.
    /// - Parameter sequence: higher than that of any bucket before.
    package mutating func close(_ reading: Ledger.Reading, edge: MicroTime, sequence: Int64) {
        let ms = (edge - opened) / 1000
        guard ms > endedMs else { return }
        // A departure that another loop entered late can make the sum a little smaller than what is already
        // handed out; no bucket is negative, the next ones make up for it.
        let gained = max(0, reading.area - area)
        area += gained
        let done = max(0, reading.completed - completed)
        completed += done
        spans.append(
            LoadSpan(
                sequence: sequence, ended: edge, span: Millis(ms - endedMs), area: gained,
                ongoing: reading.ongoing, queued: reading.queued, completed: done))
        endedMs = ms
        if spans.count > spansMax {
            dropped += Int64(spans.count - spansMax)
            spans.removeFirst(spans.count - spansMax)
        }
    }

    /// Forgets the buckets up to and with this one.
    /// - Returns: how many.
    package mutating func acknowledge(_ sequence: Int64) -> Int {
        let before = spans.count
        spans.removeAll { $0.sequence <= sequence }
        return before - spans.count
    }
}

/// The logs of every deployment that a proxy routes.
package struct LoadLogs: Sendable {
    private var logs: [DeploymentID: LoadLog] = [:]
    /// One for all: a deployment that goes and comes back under its name does not begin anew, for what it says then
    /// would be taken for what is known.
    private var sequence: Int64 = 0
    private let spansMax: Int

    /// - Parameter spansMax: of each deployment.
    package init(spansMax: Int) { self.spansMax = spansMax }

    /// Not acknowledged yet, oldest first.
    package func spans(of deployment: DeploymentID) -> [LoadSpan] { logs[deployment]?.spans ?? [] }

    /// When the open bucket of a deployment is to be closed; nil: it has none yet.
    package func due(_ deployment: DeploymentID, _ interval: Millis) -> MicroTime? {
        logs[deployment]?.due(interval)
    }

    /// Forgets buckets of a deployment up to and with this one.
    /// - Returns: how many.
    package mutating func acknowledge(_ deployment: DeploymentID, _ sequence: Int64) -> Int {
        logs[deployment]?.acknowledge(sequence) ?? 0
    }

    /// Closes the buckets that are due, of these deployments and no others. What is not acknowledged of a deployment
    /// that is routed no more is forgotten with it: nobody scales it.
    /// - Returns: whether there was one, and how many older ones were dropped.
    package mutating func close<Waiter>(
        _ gates: [(gate: Gate<Waiter>, interval: Millis)], now: MicroTime
    ) -> (any: Bool, dropped: Int64) {
        let present = Set(gates.map { $0.gate.deployment })
        logs = logs.filter { present.contains($0.key) }
        var outcome = (any: false, dropped: Int64(0))
        for (gate, interval) in gates {
            let opened = gate.ledger.opened
            var log = logs[gate.deployment] ?? LoadLog(opened: opened, spansMax: spansMax)
            // It went and came back between two looks.
            if log.opened != opened { log = LoadLog(opened: opened, spansMax: spansMax) }
            if now >= log.due(interval) {
                let edge = log.edge(now)
                let dropped = log.dropped
                sequence += 1
                log.close(gate.ledger.read(at: edge), edge: edge, sequence: sequence)
                outcome = (true, outcome.dropped + log.dropped - dropped)
            }
            logs[gate.deployment] = log
        }
        return outcome
    }
}
