/// How a recorded load is written down. All but Mooncake's own JSON lines are CSV with a first line that
/// names the columns; all may be packed with gzip.
package enum TraceFormat: String, CaseIterable, Sendable {
    /// `arrival_s[,service_ms]`, one row a request, seconds from the start. The first line may be missing.
    case arrivals
    /// One row a second, how many requests came in it; the first line names the column as it likes.
    case rps
    /// `TIMESTAMP,ContextTokens,GeneratedTokens`, one row a request (Azure, 2023 and 2024).
    case azureLLM = "azure-llm"
    /// `timestamp_ms,input_tokens,output_tokens`, or Mooncake's JSON lines; one row a request (FAST'25).
    case mooncake
    /// `window_start_s,NAME_rps…`, one row a window; or `client,window_start_s,rate_rps,cv`, one row a client
    /// and window (ServeGen).
    case servegen
    /// `at_s,users`: from then on so many users, each of whom sends the next request when it has its answer.
    case users

    /// The columns for a message.
    var columns: String {
        switch self {
        case .arrivals: "arrival_s[,service_ms]"
        case .rps: "one column of counts, its name in the first line"
        case .azureLLM: "TIMESTAMP,ContextTokens,GeneratedTokens"
        case .mooncake: "timestamp_ms,input_tokens,output_tokens[,n_hash_blocks], or JSON lines"
        case .servegen: "window_start_s,NAME_rps[,…] or client,window_start_s,rate_rps,cv[,…]"
        case .users: "at_s,users"
        }
    }

    /// The format whose first line this could be; nil: none known.
    static func fitting(_ line: ArraySlice<UInt8>) -> TraceFormat? {
        if line.first == UInt8(ascii: "{") { return .mooncake }
        let names = Cells.split(line).map { Cells.text($0).lowercased() }
        guard let first = names.first, !first.isEmpty else { return nil }
        switch first {
        case "arrival_s": return .arrivals
        case "timestamp": return .azureLLM
        case "timestamp_ms": return .mooncake
        case "at_s": return .users
        case "window_start_s", "client": return .servegen
        default: return names.count == 1 && Double(first) == nil ? .rps : nil
        }
    }
}

/// What is read of a trace, and how.
package struct TraceReading: Sendable {
    package var format: TraceFormat
    /// Microseconds of the trace that are skipped; what comes after counts from there.
    package var from: Int64 = 0
    /// Microseconds of the trace after which nothing is read; nil: to its end.
    package var until: Int64?
    /// Of the dice that place requests within their second. What a second holds depends on the seed and that
    /// second alone: a cut of a trace has the same requests as the whole.
    package var seed: UInt64 = 1
    /// `servegen` with several rates: which one; nil: the first.
    package var column: String?
    package var tokens = TokenTimes()

    package init(format: TraceFormat) { self.format = format }
}

/// The time a request to a language model takes: so much for each token read, so much for each token written.
///
/// The usual values are round ones near the medians that Patel et al., "Splitwise", ISCA 2024, give for Llama
/// 2 70B on one machine with eight H100, one request at a time: about 80 ms to the first token for prompts of
/// about 1,000 tokens, and about 30 ms between tokens. Batching makes the true time depend on the neighbours;
/// that is left to whoever sets these.
package struct TokenTimes: Hashable, Sendable {
    /// Microseconds.
    package var perInput: Int64 = 80
    /// Microseconds.
    package var perOutput: Int64 = 30_000

    package init() {}

    /// Microseconds, at most a day.
    func service(input: Int64, output: Int64) -> Int64 {
        let sum = Int128(input) * Int128(perInput) + Int128(output) * Int128(perOutput)
        return Int64(min(max(sum, 0), Int128(Cells.dayMicros)))
    }
}
