extension RecordedLoad {
    /// Reads a trace.
    ///
    /// Requests that go back in time are sorted, and a note says how many: the order of the rows means
    /// nothing. Rows that describe a stretch of time (`servegen`, `users`) must go forward, since each ends
    /// where the next begins. Time begins at 0 for `arrivals`, `rps` and `users`, and with the first row for
    /// the others, whose clocks are not ours.
    ///
    /// - Throws: the first fault, with file and line. Nothing of such a file may be used.
    package static func read(path: String, _ reading: TraceReading) throws(TraceProblem) -> RecordedLoad {
        let lines = try TraceLines(path: path)
        var reader = TraceReader(lines: lines, reading: reading)
        guard let first = try lines.line() else {
            throw TraceProblem(
                file: path, line: 0, what: "the file is empty", value: "no line",
                right: reading.format.columns)
        }
        do {
            try reader.check(first)
            switch reading.format {
            case .arrivals: try reader.readArrivals(first)
            case .rps: try reader.readCounts(first)
            case .azureLLM: try reader.readAzure(first)
            case .mooncake: try reader.readMooncake(first)
            case .servegen: try reader.readServeGen(first)
            case .users: try reader.readUsers(first)
            }
        } catch let fault as TraceProblem.Fault {
            throw lines.problem(fault)
        } catch let problem as TraceProblem {
            throw problem
        } catch {
            throw lines.problem(.init(what: "cannot be read", value: "\(error)", right: "a trace"))
        }
        return reader.load
    }
}

/// A trace while it is read.
struct TraceReader {
    let lines: TraceLines
    let reading: TraceReading
    var load = RecordedLoad()
    /// Rows after the first line.
    var rows = 0
    /// Requests that came before the one above them, and the line of the first.
    private var disordered: (count: Int, line: Int) = (0, 0)

    init(lines: TraceLines, reading: TraceReading) {
        self.lines = lines
        self.reading = reading
    }

    /// A file of another format is named before its columns are complained of.
    func check(_ first: ArraySlice<UInt8>) throws(TraceProblem.Fault) {
        guard let fitting = TraceFormat.fitting(first), fitting != reading.format else { return }
        // One column with a name of its own fits `rps`; for the others it is a fault of the columns.
        if fitting == .rps, reading.format != .arrivals { return }
        throw Cells.fault(
            first, "this is not --trace-format \(reading.format.rawValue)",
            "--trace-format \(fitting.rawValue), by its first line")
    }

    /// Every further line.
    mutating func eachRow(
        _ body: (inout Self, ArraySlice<UInt8>) throws -> Bool
    ) throws {
        while let line = try lines.line() {
            rows += 1
            guard try body(&self, line) else { break }
        }
        guard rows > 0 else {
            throw TraceProblem(
                file: lines.file, line: 0, what: "no row after the first line", value: "nothing",
                right: "at least one row of \(reading.format.columns)")
        }
    }

    /// - Parameter sortsLater: the rows are not in the order of time, and need not be.
    mutating func add(_ at: Int64, service: Int64?, sortsLater: Bool = false) throws(TraceProblem) {
        if !sortsLater, let last = load.requests.last, at < last.at {
            disordered = (disordered.count + 1, disordered.count == 0 ? lines.number : disordered.line)
        }
        guard load.requests.count < TraceBounds.requestsMax else {
            throw TraceProblem(
                file: lines.file, line: lines.number, what: "more requests than can be held",
                value: "over \(TraceBounds.requestsMax)",
                right: "a shorter stretch: --from and --until, in seconds")
        }
        load.requests.append(Request(at: at, service: service))
    }

    /// Whether anything of [start, end) is asked for.
    func isWanted(_ start: Int64, _ end: Int64) -> Bool {
        end > reading.from && start < reading.until ?? .max
    }

    /// Sorts, lets time begin at `zero` (nil: with the first request), and cuts.
    mutating func finish(zero: Int64?, end: Int64? = nil) {
        if disordered.count > 0 {
            load.requests.sort { $0.at < $1.at }
            load.notes.append(
                "\(disordered.count) requests went back in time, the first at line \(disordered.line): "
                    + "sorted by time."
            )
        }
        let zero = zero ?? load.requests.first?.at ?? 0
        let last = load.requests.last.map { ($0.at - zero) / 1_000_000 * 1_000_000 + 1_000_000 } ?? 0
        let (from, until) = (reading.from, min(reading.until ?? .max, end ?? last))
        let kept = (zero + from)..<max(zero + until, zero + from)
        if let first = load.requests.first, let last = load.requests.last,
            !kept.contains(first.at) || !kept.contains(last.at)
        {
            load.requests.removeAll { !kept.contains($0.at) }
        }
        if kept.lowerBound != 0 {
            for index in load.requests.indices { load.requests[index].at -= kept.lowerBound }
        }
        load.end = max(until - from, 0)
        if load.requests.isEmpty {
            load.notes.append("No request lies in the stretch that is asked for.")
        }
    }

    typealias Request = RecordedLoad.Request
}
