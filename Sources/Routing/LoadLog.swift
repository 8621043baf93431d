import Model

/// Load of one deployment over one interval.
package struct LoadSpan: Hashable, Sendable {
    /// Grows by one from bucket to bucket.
    package var sequence: Int64
    package var ended: MicroTime
    package var span: Millis
    /// Request-microseconds.
    package var area: Int64
    /// Values at the end.
    package var ongoing: Int
    package var queued: Int
}

/// The buckets of one deployment that nobody has acknowledged yet. Bucket ends stand on whole milliseconds
/// since `opened`, so that spans lose nothing by rounding.
package struct LoadLog: Sendable {
    /// Oldest first.
    package private(set) var spans: [LoadSpan] = []
    /// Buckets dropped because nobody acknowledged them in time.
    package private(set) var dropped: Int64 = 0
    private let opened: MicroTime
    private var endedMs: Int64 = 0
    /// Area handed out so far.
    private var area: Int64 = 0
    private var nextSequence: Int64 = 1
    private let spansMax: Int

    /// - Parameter spansMax: beyond it the oldest bucket is dropped and counted.
    package init(opened: MicroTime, spansMax: Int) {
        self.opened = opened
        self.spansMax = spansMax
    }

    /// When the bucket that is open now is to be closed.
    package func due(_ interval: Millis) -> MicroTime {
        MicroTime(opened.rawValue + (endedMs + max(1, interval.rawValue)) * 1000)
    }

    /// The end of a bucket closed now: the last whole millisecond.
    package func edge(_ now: MicroTime) -> MicroTime {
        MicroTime(opened.rawValue + max(endedMs, (now - opened) / 1000) * 1000)
    }

    /// Closes the open bucket.
    /// - Parameter reading: the ledger as of `edge(now)`.
    package mutating func close(_ reading: Ledger.Reading, edge: MicroTime) {
        let ms = (edge - opened) / 1000
        guard ms > endedMs else { return }
        // A departure that another loop entered late can make the sum a little smaller than what is already
        // handed out; no bucket is negative, the next ones make up for it.
        let gained = max(0, reading.area - area)
        area += gained
        spans.append(
            LoadSpan(
                sequence: nextSequence, ended: edge, span: Millis(ms - endedMs), area: gained,
                ongoing: reading.ongoing, queued: reading.queued))
        nextSequence += 1
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
