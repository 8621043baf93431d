/// Formats with a row for each stretch of time.
extension TraceReader {
    /// `rps`: what a row says comes in its second, evenly thrown; a fraction is one request more by the dice.
    mutating func readCounts(_ first: ArraySlice<UInt8>) throws {
        let names = Cells.split(first)
        guard names.count == 1 else {
            throw Cells.fault(first, "the first line names \(names.count) columns", TraceFormat.rps.columns)
        }
        guard Double(Cells.text(names[0])) == nil else {
            throw Cells.fault(
                first, "the first line is a number",
                "the name of the column first, such as requests_per_second")
        }
        let (second, secondsMax) = (Int64(1_000_000), TraceBounds.timeMax / 1_000_000)
        try eachRow { reader, line in
            let index = Int64(reader.rows - 1)
            guard index < secondsMax else {
                throw Cells.fault(
                    line, "more rows than \(secondsMax) seconds", "at most 400 days, a row a second")
            }
            guard index * second < reader.reading.until ?? .max else {
                reader.rows -= 1
                return false
            }
            let amount = try Cells.amount(
                Cells.trimmed(line), Cells.text(names[0]), parts: second, max: TraceBounds.amountMax,
                right: "how many requests came in this second, such as 52")
            guard reader.isWanted(index * second, (index + 1) * second) else { return true }
            var dice = TraceDice(seed: reader.reading.seed, stream: 0, index: index)
            let count = amount / second + (Int64(dice.below(UInt64(second))) < amount % second ? 1 : 0)
            let places = (0..<count).map { _ in Int64(dice.below(UInt64(second))) }.sorted()
            for place in places { try reader.add(index * second + place, service: nil) }
            return true
        }
        finish(zero: 0, end: Int64(rows) * second)
    }

    mutating func readServeGen(_ first: ArraySlice<UInt8>) throws {
        let header = Header(first)
        if header.place("client") != nil { return try readClients(header) }
        guard header.place("window_start_s") == 0, header.names.count > 1 else {
            throw Cells.fault(
                first, "the first line names no window_start_s and rate", TraceFormat.servegen.columns)
        }
        let place = try rateColumn(header)
        var windows: [(start: Int64, rate: Int64)] = []
        try eachRow { reader, line in
            let cells = try header.cells(line)
            let start = try Self.windowStart(cells[0])
            if let last = windows.last, start <= last.start {
                throw Cells.fault(
                    cells[0], "window_start_s goes back in time", "windows in the order of time")
            }
            windows.append((start, try Self.rate(cells[place], header.names[place])))
            return true
        }
        let zero = windows[0].start
        let length = zip(windows, windows.dropFirst()).map { $1.start - $0.start }.min() ?? 600_000_000
        for window in windows { try throwEvenly(window.start - zero, length, window.rate) }
        finish(zero: 0, end: windows[windows.count - 1].start - zero + length)
    }

    private mutating func rateColumn(_ header: Header) throws(TraceProblem.Fault) -> Int {
        let rates = header.names.dropFirst()
        if let column = reading.column {
            let place = header.place(column) ?? header.place(column + "_rps")
            guard let place, place > 0 else {
                throw .init(
                    what: "no column of this name", value: "\"\(column)\"",
                    right: rates.joined(separator: " or "))
            }
            return place
        }
        if rates.count > 1 {
            load.notes.append(
                "The trace has \(rates.count) rates; this is \(header.names[1]). "
                    + "--trace-column takes another: \(rates.dropFirst().joined(separator: ", ")).")
        }
        return 1
    }

    /// A Poisson process: seconds with dice of their own, each filled by exponential gaps.
    private mutating func throwEvenly(_ start: Int64, _ length: Int64, _ rate: Int64) throws(TraceProblem) {
        guard rate > 0, isWanted(start, start + length) else { return }
        var second = start
        while second < start + length {
            let end = min(second + 1_000_000, start + length)
            defer { second = end }
            guard isWanted(second, end) else { continue }
            var dice = TraceDice(seed: reading.seed, stream: 1, index: second)
            var at = Double(second)
            while true {
                at += dice.exponential() * 1e12 / Double(rate)
                guard at < Double(end) else { break }
                try add(Int64(at), service: nil)
            }
        }
    }

    private mutating func readClients(_ header: Header) throws {
        let names = ["client", "window_start_s", "rate_rps", "cv"]
        try header.check(.servegen, required: names, optional: ["pattern", "param1", "param2"])
        let places = names.compactMap(header.place)
        var windows: [(client: Int64, start: Int64, rate: Int64, cv: Int64)] = []
        var (zero, end) = (Int64.max, Int64(0))
        let right = "as ServeGen writes it, such as 1.1562"
        try eachRow { reader, line in
            let cells = try header.cells(line)
            let client = try Cells.whole(
                cells[places[0]], names[0], max: 1_000_000, right: "the number of a client")
            let start = try Self.windowStart(cells[places[1]])
            let cv = try Cells.amount(cells[places[3]], names[3], parts: 1_000_000, max: 1000, right: right)
            windows.append((client, start, try Self.rate(cells[places[2]], names[2]), cv))
            (zero, end) = (min(zero, start), max(end, start))
            return true
        }
        for window in windows {
            try throwBursts(window.start - zero, window.rate, cv: window.cv, client: window.client)
        }
        load.requests.sort { $0.at < $1.at }
        finish(zero: 0, end: end - zero + Self.clientWindow)
    }

    /// ServeGen measures clients in windows of ten minutes.
    private static let clientWindow: Int64 = 600_000_000

    /// Gaps of a gamma distribution with the measured mean and coefficient of variation.
    private mutating func throwBursts(
        _ start: Int64, _ rate: Int64, cv: Int64, client: Int64
    ) throws(TraceProblem) {
        let end = start + Self.clientWindow
        guard rate > 0, isWanted(start, end) else { return }
        var dice = TraceDice(seed: reading.seed, stream: 2 + UInt64(client), index: start)
        let (mean, spread) = (1e12 / Double(rate), Double(cv) / 1e6)
        // The first gap has begun before the window.
        var at = Double(start) - dice.unit() * dice.gamma(mean: mean, spread: spread)
        while true {
            at += dice.gamma(mean: mean, spread: spread)
            guard at < Double(end) else { break }
            if at >= Double(start), isWanted(Int64(at), Int64(at) + 1) {
                try add(Int64(at), service: nil, sortsLater: true)
            }
        }
    }

    private static func windowStart(_ cell: ArraySlice<UInt8>) throws(TraceProblem.Fault) -> Int64 {
        try Cells.amount(
            cell, "window_start_s", parts: 1_000_000, max: TraceBounds.timeMax / 1_000_000,
            right: "seconds, such as 600")
    }

    /// Millionths of a request a second.
    private static func rate(_ cell: ArraySlice<UInt8>, _ name: String) throws(TraceProblem.Fault) -> Int64 {
        try Cells.amount(
            cell, name, parts: 1_000_000, max: TraceBounds.amountMax,
            right: "requests a second, such as 809.5")
    }

    mutating func readUsers(_ first: ArraySlice<UInt8>) throws {
        let header = Header(first)
        try header.check(.users, required: ["at_s", "users"], optional: [])
        let (time, amount) = (header.place("at_s") ?? 0, header.place("users") ?? 1)
        var steps: [RecordedLoad.Step] = []
        try eachRow { _, line in
            let cells = try header.cells(line)
            let at = try Cells.amount(
                cells[time], "at_s", parts: 1_000_000, max: TraceBounds.timeMax / 1_000_000,
                right: "seconds from the start, such as 20")
            if let last = steps.last, at <= last.at {
                throw Cells.fault(cells[time], "at_s goes back in time", "steps in the order of time")
            }
            let users = try Cells.whole(
                cells[amount], "users", max: TraceBounds.amountMax, right: "a whole number of users")
            steps.append(.init(at: at, users: Int(users)))
            return true
        }
        load.steps = steps
        finishSteps()
    }

    /// The last step lasts as long as the one before it, or 20 s, and no time at all when nobody is left.
    private mutating func finishSteps() {
        let steps = load.steps
        let last = steps[steps.count - 1]
        let gap = steps.count > 1 ? last.at - steps[steps.count - 2].at : 20_000_000
        let until = min(reading.until ?? .max, last.users == 0 ? last.at : last.at + gap)
        let from = reading.from
        load.end = max(until - from, 0)
        load.steps = steps.filter { $0.at > from && $0.at < until || ($0.at == until && $0.users == 0) }
        if let before = steps.last(where: { $0.at <= from }) { load.steps.insert(before, at: 0) }
        for index in load.steps.indices { load.steps[index].at = max(load.steps[index].at - from, 0) }
    }
}
