import ArgumentParser
import Foundation
import Model
import Simulation
import Traces
import Wire

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the whole system in virtual time under a recorded load.",
        discussion: """
            The real tiers, routing and supervision on a database in memory, with simulated machines and clients.
            Beside it stands an oracle that knows the load ahead: the fewest replicas that keep the objective.

            Formats of traces, all CSV, packed with gzip or not:
              arrivals   arrival_s[,service_ms], a row a request
              rps        how many requests came, a row a second; the first line names the column
              azure-llm  TIMESTAMP,ContextTokens,GeneratedTokens
              mooncake   timestamp_ms,input_tokens,output_tokens, or its JSON lines
              servegen   window_start_s and a rate, or client,window_start_s,rate_rps,cv
              users      at_s,users: users who ask again when they are answered

            Example: tandem simulate --serve Config/quickstart/serve.yaml \\
                       --cluster Config/quickstart/cluster.yaml --users 1,4,10,0 --plot run.svg
                     tandem simulate --serve serve.yaml --cluster cluster.yaml --trace rps.csv.gz \\
                       --trace-format rps --until 3600 --slo-ms 500 --json
            """)

    @Option(help: "Serve file.") var serve: String
    @Option(help: "Cluster file; its fake provider says how long machines boot and what they cost.")
    var cluster: String
    @OptionGroup var load: SimulatedLoad
    @OptionGroup var work: SimulatedWork
    @Option(help: "A request is late beyond this, from arrival to answer.") var sloMs: Int64 = 1000
    @Option(help: "The scaling policy: ongoing_requests.") var policy = Self.policy
    @Option(help: "Seed of all dice.") var seed: UInt64 = 1
    @Option(help: "Milliseconds until a machine has booted; default: the cluster file's.") var bootMs: Int64?
    @Option(help: "Path that is asked for; default: the route of the only application.") var route: String?
    @Flag(help: "Print JSON.") var json = false
    @Option(help: ArgumentHelp("Write state against time as CSV.", valueName: "file")) var timeline: String?
    @Option(help: ArgumentHelp("Draw it.", valueName: "file.svg")) var plot: String?

    static let policy = "ongoing_requests"

    func validate() throws {
        guard policy == Self.policy else {
            throw ValidationError(
                "--policy \"\(policy)\": there is one policy, \(Self.policy), set by autoscaling_config"
            )
        }
        guard (1...86_400_000).contains(sloMs) else {
            throw ValidationError("--slo-ms \(sloMs): from 1 to 86400000")
        }
        guard (0...86_400_000).contains(bootMs ?? 0) else {
            throw ValidationError("--boot-ms \(bootMs ?? 0): from 0 to 86400000")
        }
    }

    func run() async throws {
        let question = try SimulationQuestion(self)
        for note in question.notes { say(note) }
        let clock = ContinuousClock()
        let begin = clock.now
        var progress = SimulationProgress(horizon: question.world.horizon, begin: begin)
        let report = try World(question.world).run { progress.heard($0) }
        let wall = clock.now - begin
        let oracle = foresee(question.oracle)
        let summary = RunSummary(report, oracle, wallMicros: Int64(wall / .microseconds(1)))
        let story = SimulationStory(question: question, report: report, oracle: oracle)
        if let timeline { try Self.write(story.csv(), to: timeline) }
        if let plot { try Self.write(story.svg(), to: plot) }
        if json { try printJSON(summary) } else { print(story.text(summary), terminator: "") }
        if !report.violations.isEmpty { throw ExitCode(1) }
    }

    private static func write(_ text: String, to path: String) throws(Problem) {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw Problem(code: "file", message: "cannot write \(path): \(error.localizedDescription)")
        }
    }
}

/// Who asks, and when.
struct SimulatedLoad: ParsableArguments {
    @Option(help: "File with a recorded load.") var trace: String?
    @Option(help: ArgumentHelp("Its format.", valueName: "format")) var traceFormat: TraceFormat?
    @Option(help: ArgumentHelp("The rate of servegen that is taken; default: the first.", valueName: "name"))
    var traceColumn: String?
    @Option(help: "Users in steps, in place of a trace; each asks again when it is answered.") var users:
        String?
    @Option(help: "Seconds of each step.") var stepS = 20.0
    @Option(help: "Seconds of the trace that are skipped.") var from = 0.0
    @Option(help: "Second of the trace at which it ends; default: its end.") var until: Double?

    func validate() throws {
        guard (trace == nil) != (users == nil) else {
            throw ValidationError("give either --trace FILE with --trace-format, or --users 1,4,10,0")
        }
        guard trace == nil || traceFormat != nil else {
            let formats = TraceFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--trace needs --trace-format, one of \(formats)")
        }
        for (name, value) in [("--from", from), ("--until", until ?? 1), ("--step-s", stepS)] {
            guard value.isFinite, value >= 0, value <= 34_560_000, value > 0 || name == "--from" else {
                throw ValidationError("\(name) \(value): seconds above 0, at most 400 days")
            }
        }
        guard from < until ?? .infinity else {
            throw ValidationError("--from \(from) is not before --until \(until ?? 0)")
        }
        guard users == nil || (from == 0 && traceFormat == nil) else {
            throw ValidationError("--users takes neither --from nor --trace-format")
        }
    }
}

/// How long replicas take for what.
struct SimulatedWork: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Work of a request in ms, or lognormal:MEDIAN,SIGMA; default: as the trace says, else 200.",
            valueName: "ms"))
    var serviceMs: String?
    @Option(help: "Microseconds of work for each token that is read.") var inputTokenUs = TokenTimes()
        .perInput
    @Option(help: "Microseconds of work for each token that is written.") var outputTokenUs = TokenTimes()
        .perOutput
    @Option(help: "Requests a replica works on at once; default: its max_ongoing_requests.") var slots: Int?
    @Option(help: "Milliseconds from a replica's start until it is ready; default 200.") var startMs: Int64?

    func validate() throws {
        _ = try service()
        guard (0...1_000_000_000).contains(inputTokenUs), (0...1_000_000_000).contains(outputTokenUs) else {
            throw ValidationError("--input-token-us and --output-token-us: from 0 to 1000000000")
        }
        guard (1...1_000_000).contains(slots ?? 1) else {
            throw ValidationError("--slots \(slots ?? 0): from 1 to 1000000")
        }
        guard (0...86_400_000).contains(startMs ?? 0) else {
            throw ValidationError("--start-ms \(startMs ?? 0): from 0 to 86400000")
        }
    }

    /// Nil: as the trace says.
    func service() throws -> ServiceTime? {
        guard let text = serviceMs else { return nil }
        let wrong = ValidationError(
            "--service-ms \"\(text)\": whole milliseconds from 1 to 86400000, or a median and a sigma up to 3: "
                + "lognormal:200,0.5")
        if let ms = Int64(text) {
            guard (1...86_400_000).contains(ms) else { throw wrong }
            return .fixed(Millis(ms))
        }
        let parts = text.split(separator: ":")
        guard parts.count == 2, parts[0] == "lognormal" else { throw wrong }
        let numbers = parts[1].split(separator: ",")
        guard numbers.count == 2, let median = Int64(numbers[0]), let sigma = Double(numbers[1]),
            (1...86_400_000).contains(median), (0...3).contains(sigma)
        else { throw wrong }
        return .lognormal(median: Millis(median), sigmaMilli: Int64((sigma * 1000).rounded()))
    }
}

extension TraceFormat: ExpressibleByArgument {}
