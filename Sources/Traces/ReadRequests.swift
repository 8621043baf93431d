import Foundation

/// Formats with a row for each request.
extension TraceReader {
    private static let seconds = "seconds from the start, such as 12.5"
    private static let tokens = "a whole number of tokens"

    mutating func readArrivals(_ first: ArraySlice<UInt8>) throws {
        let isRow =
            Cells.split(first).first.map { $0.first.map { (0x30...0x39).contains($0) } ?? false } ?? false
        let width = Cells.split(first).count
        guard !isRow || width <= 2 else {
            throw TraceProblem.Fault(
                what: "the row has \(width) cells", value: "\"\(Cells.text(first))\"",
                right: TraceFormat.arrivals.columns)
        }
        let names = width == 2 ? "arrival_s,service_ms" : "arrival_s"
        let header = Header(isRow ? Array(names.utf8)[...] : first)
        try header.check(.arrivals, required: ["arrival_s"], optional: ["service_ms"])
        let (at, service) = (header.place("arrival_s") ?? 0, header.place("service_ms"))
        func take(_ reader: inout Self, _ line: ArraySlice<UInt8>) throws {
            let cells = try header.cells(line)
            let micros = try Cells.amount(
                cells[at], "arrival_s", parts: 1_000_000, max: TraceBounds.timeMax / 1_000_000,
                right: Self.seconds)
            let work = try service.map { place in
                try Cells.amount(
                    cells[place], "service_ms", parts: 1000, max: Cells.dayMicros / 1000,
                    right: "milliseconds of work, such as 200")
            }
            try reader.add(micros, service: work)
        }
        if isRow {
            rows += 1
            try take(&self, first)
        }
        try eachRow { reader, line in
            try take(&reader, line)
            return true
        }
        finish(zero: 0)
    }

    mutating func readAzure(_ first: ArraySlice<UInt8>) throws {
        let names = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
        let header = Header(first)
        try header.check(.azureLLM, required: names, optional: [])
        let places = names.compactMap(header.place)
        var zero: Int64?
        try eachRow { reader, line in
            let cells = try header.cells(line)
            let at = try Timestamp.micros(cells[places[0]])
            let start = zero ?? at
            zero = start
            guard abs(at - start) <= TraceBounds.timeMax else {
                throw Cells.fault(
                    cells[places[0]], "TIMESTAMP is over 400 days from the first",
                    "a trace of one stretch of time")
            }
            let input = try Cells.whole(
                cells[places[1]], names[1], max: TraceBounds.tokensMax, right: Self.tokens)
            let output = try Cells.whole(
                cells[places[2]], names[2], max: TraceBounds.tokensMax, right: Self.tokens)
            try reader.add(at, service: reader.reading.tokens.service(input: input, output: output))
            return true
        }
        finish(zero: nil)
    }

    mutating func readMooncake(_ first: ArraySlice<UInt8>) throws {
        if first.first == UInt8(ascii: "{") { return try readMooncakeLines(first) }
        let names = ["timestamp_ms", "input_tokens", "output_tokens"]
        let header = Header(first)
        try header.check(.mooncake, required: names, optional: ["n_hash_blocks"])
        let places = names.compactMap(header.place)
        try eachRow { reader, line in
            let cells = try header.cells(line)
            let at = try Cells.amount(
                cells[places[0]], names[0], parts: 1000, max: TraceBounds.timeMax / 1000,
                right: "milliseconds, such as 27482")
            let input = try Cells.whole(
                cells[places[1]], names[1], max: TraceBounds.tokensMax, right: Self.tokens)
            let output = try Cells.whole(
                cells[places[2]], names[2], max: TraceBounds.tokensMax, right: Self.tokens)
            try reader.add(at, service: reader.reading.tokens.service(input: input, output: output))
            return true
        }
        finish(zero: nil)
    }

    /// As Mooncake publishes it.
    private struct MooncakeLine: Decodable {
        var timestamp: Double
        var input_length: Int64
        var output_length: Int64
    }

    private mutating func readMooncakeLines(_ first: ArraySlice<UInt8>) throws {
        let decoder = JSONDecoder()
        func take(_ reader: inout Self, _ line: ArraySlice<UInt8>) throws {
            guard let row = try? decoder.decode(MooncakeLine.self, from: Data(line)) else {
                throw Cells.fault(
                    line, "no JSON object of this format",
                    "{\"timestamp\": 27482, \"input_length\": 6955, \"output_length\": 52}")
            }
            let latest = Double(TraceBounds.timeMax / 1000)
            guard row.timestamp >= 0, row.timestamp <= latest,
                (0...TraceBounds.tokensMax).contains(row.input_length),
                (0...TraceBounds.tokensMax).contains(row.output_length)
            else {
                throw Cells.fault(line, "a number is negative or too large", "milliseconds and tokens from 0")
            }
            let service = reader.reading.tokens.service(input: row.input_length, output: row.output_length)
            try reader.add(Int64((row.timestamp * 1000).rounded()), service: service)
        }
        rows += 1
        try take(&self, first)
        try eachRow { reader, line in
            try take(&reader, line)
            return true
        }
        finish(zero: nil)
    }
}
