import Foundation
import Testing
import Traces

@Suite("Faults of traces")
struct FaultTests {
    /// Format, text, and how the refusal begins and ends.
    static let faults: [(TraceFormat, String, String, String)] = [
        (.arrivals, "", "trace.csv: the file is empty", "arrival_s[,service_ms]"),
        (.arrivals, "arrival_s\n", "trace.csv: no row after the first line", "arrival_s[,service_ms]"),
        (.arrivals, "arrival_s\n1\nabc\n", "trace.csv:3: arrival_s is not a number: \"abc\"", "such as 12.5"),
        (.arrivals, "arrival_s\nnan\n", "trace.csv:2: arrival_s is not a number: \"nan\"", "such as 12.5"),
        (.arrivals, "arrival_s\ninf\n", "trace.csv:2: arrival_s is not a number: \"inf\"", "such as 12.5"),
        (.arrivals, "arrival_s\n1.2.3\n", "trace.csv:2: arrival_s is not a number", "such as 12.5"),
        (.arrivals, "arrival_s\n.\n", "trace.csv:2: arrival_s is not a number", "such as 12.5"),
        (.arrivals, "arrival_s\n-1\n", "trace.csv:2: arrival_s is negative: \"-1\"", "such as 12.5"),
        (.arrivals, "arrival_s\n1700000000\n", "trace.csv:2: arrival_s is beyond 34560000", "such as 12.5"),
        (.arrivals, "arrival_s\n1e99\n", "trace.csv:2: arrival_s is beyond 34560000", "such as 12.5"),
        (
            .arrivals, "arrival_s\n99999999999999999999999\n", "trace.csv:2: arrival_s is beyond",
            "such as 12.5"
        ),
        (
            .arrivals, "arrival_s,service_ms\n1,\n", "trace.csv:2: service_ms is missing: nothing",
            "such as 200"
        ),
        (
            .arrivals, "arrival_s,service_ms\n1\n", "trace.csv:2: the row has 1 cell: \"1\"",
            "arrival_s,service_ms"
        ),
        (.arrivals, "arrival_s\n1,2\n", "trace.csv:2: the row has 2 cells", "1: arrival_s"),
        (.arrivals, "1,2,3\n", "trace.csv:1: the row has 3 cells", "arrival_s[,service_ms]"),
        (.arrivals, "arrival_s,colour\n1,2\n", "trace.csv:1: an unknown column: \"colour\"", "service_ms]"),
        (.arrivals, "arrival_s,arrival_s\n1,2\n", "trace.csv:1: a column stands there twice", "once"),
        (.arrivals, "arrival_s\n1\n\n2\n", "trace.csv:3: an empty line", "to the end of the file"),
        (
            .arrivals, "rps\n1\n", "trace.csv:1: this is not --trace-format arrivals",
            "--trace-format rps, by its first line"
        ),
        (
            .rps, "arrival_s\n1\n", "trace.csv:1: this is not --trace-format rps",
            "--trace-format arrivals, by its first line"
        ),
        (.rps, "52\n55\n", "trace.csv:1: the first line is a number: \"52\"", "requests_per_second"),
        (.rps, "a,b\n1,2\n", "trace.csv:1: the first line names 2 columns", "in the first line"),
        (.rps, "rps\n1\n-2\n", "trace.csv:3: rps is negative", "such as 52"),
        (.rps, "rps\n1\nNaN\n", "trace.csv:3: rps is not a number", "such as 52"),
        (.rps, "rps\n10000001\n", "trace.csv:2: rps is beyond 10000000", "such as 52"),
        (
            .azureLLM, "timestamp_ms,input_tokens,output_tokens\n1,2,3\n",
            "trace.csv:1: this is not --trace-format azure-llm",
            "--trace-format mooncake, by its first line"
        ),
        (
            .azureLLM, "TIMESTAMP,ContextTokens\n1,2\n",
            "trace.csv:1: the first line names no column GeneratedTokens", "azure-llm"
        ),
        (
            .azureLLM, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16,1,1\n",
            "trace.csv:2: TIMESTAMP is not a time",
            "18:15:46.6805900"
        ),
        (
            .azureLLM, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-16 18:15:46,1,1\n",
            "trace.csv:2: TIMESTAMP is not a time", "18:15:46.6805900"
        ),
        (
            .azureLLM, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.x,1,1\n",
            "trace.csv:2: TIMESTAMP is not a time", "18:15:46.6805900"
        ),
        (
            .azureLLM, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1.5,1\n",
            "trace.csv:2: ContextTokens is not a whole number: \"1.5\"", "tokens"
        ),
        (
            .azureLLM,
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2020-11-16 18:15:46,1,1\n2023-11-16 18:15:46,1,1\n",
            "trace.csv:3: TIMESTAMP is over 400 days from the first", "stretch of time"
        ),
        (
            .mooncake, "{\"timestamp\": 1}\n", "trace.csv:1: no JSON object of this format",
            "\"output_length\": 52}"
        ),
        (
            .mooncake, "{\"timestamp\": -1, \"input_length\": 1, \"output_length\": 1}\n",
            "trace.csv:1: a number is negative or too large", "from 0"
        ),
        (
            .mooncake, "window_start_s,a_rps\n0,1\n", "trace.csv:1: this is not --trace-format mooncake",
            "servegen, by its first line"
        ),
        (
            .servegen, "at_s,users\n0,1\n", "trace.csv:1: this is not --trace-format servegen",
            "users, by its first line"
        ),
        (
            .servegen, "window_start_s\n0\n", "trace.csv:1: the first line names no window_start_s and rate",
            "cv[,…]"
        ),
        (
            .servegen, "window_start_s,a_rps\n600,1\n0,1\n", "trace.csv:3: window_start_s goes back in time",
            "order of time"
        ),
        (
            .servegen, "client,window_start_s,rate_rps\n0,0,1\n",
            "trace.csv:1: the first line names no column cv", "servegen"
        ),
        (.users, "at_s,users\n0,1\n0,2\n", "trace.csv:3: at_s goes back in time: \"0\"", "order of time"),
        (
            .users, "at_s,users\n0,1.5\n", "trace.csv:2: users is not a whole number: \"1.5\"",
            "number of users"
        ),
        (
            .users, "TIMESTAMP,ContextTokens,GeneratedTokens\n",
            "trace.csv:1: this is not --trace-format users", "azure-llm, by its first line"
        ),
    ]

    @Test(arguments: faults.indices)
    func aFaultIsNamedWithItsPlaceAndTheWayOut(index: Int) throws {
        let (format, text, start, end) = Self.faults[index]
        let said = try #require(try refusal(format, text))
        #expect(said.hasPrefix(start), "\(said)")
        #expect(said.hasSuffix(end), "\(said)")
    }

    @Test func aRateThatIsNotThereIsRefusedWithThoseThatAre() throws {
        let said = try refusal(.servegen, "window_start_s,a_rps,b_rps\n0,1,2\n") { $0.column = "c" }
        #expect(said == "trace.csv:1: no column of this name: \"c\": a_rps or b_rps")
    }

    @Test func controlCharactersDoNotReachTheTerminal() throws {
        let said = try #require(try refusal(.arrivals, "arrival_s\n\u{1b}[2J\n"))
        #expect(said.contains("\\u{1b}[2J") && !said.contains("\u{1b}"))
    }

    @Test func aLongLineIsRefused() throws {
        let text = "arrival_s\n1\n" + String(repeating: "1", count: TraceBounds.lineBytesMax + 1) + "\n"
        let said = try #require(try refusal(.arrivals, text))
        #expect(said.hasPrefix("trace.csv:3: a line is too long: over 65536 bytes"))
        let fits = "arrival_s\n1\n" + String(repeating: "0", count: TraceBounds.lineBytesMax) + "\n"
        #expect(try refusal(.arrivals, fits) == nil)
    }

    @Test func whatIsNoFileIsNamed() throws {
        for (path, word) in [("/nowhere/trace.csv", "No such file"), ("/dev", "not a regular file")] {
            #expect {
                try RecordedLoad.read(path: path, TraceReading(format: .rps))
            } throws: {
                "\($0)".hasPrefix("\(path): ") && "\($0)".contains(word)
            }
        }
    }
}
