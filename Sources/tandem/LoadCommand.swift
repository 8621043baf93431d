import ArgumentParser
import Foundation
import Load
import Store
import Wire

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Send load: users who wait for their answers, or arrivals at a fixed rate.",
        discussion: """
            Closed loop: each user sends one request at a time, the next as soon as it has an answer. Open loop:
            requests arrive at times fixed beforehand; latency counts from there, so a slow server hides nothing.

            Example: tandem load --users 1,4,10,4,1 --seconds 20
                     tandem load http://127.0.0.1:8000/ --rate 50,200 --spacing poisson --json
            """)

    @Argument(help: "URL; default: the only application of the cluster on --state.") var url: String?
    @Option(help: "Users, stage by stage.") var users: String?
    @Option(help: "Requests a second, stage by stage.") var rate: String?
    @Option(help: "Seconds of each stage.") var seconds = 15.0
    @Option(help: "Gaps between arrivals: even or poisson.") var spacing = "poisson"
    @Option(help: "Seconds before a request counts as failed.") var timeout = 60.0
    @Option(help: "HTTP method.") var method = "GET"
    @Option(help: "Body of each request.") var body: String?
    @Option(name: .customLong("header"), help: "A header, \"name: value\"; may be given several times.")
    var headers: [String] = []
    @Option(help: "Seed of the arrivals.") var seed: UInt64 = 1
    @Flag(help: "Read `users N` and `stop` from standard input.") var interactive = false
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON: a line a second, then the report.") var json = false

    func run() async throws {
        let run = LoadRun(plan: try plan())
        if interactive { steer(run) }
        let json = json
        let signals = Signals([SIGINT, SIGTERM])
        let stopper = Task { for await _ in signals.stream { run.stop() } }
        defer { stopper.cancel() }
        let report = try await run.run { tick in
            if json { try? emitJSON(tick) } else { emit(Self.line(tick)) }
        }
        if json { try emitJSON(report) } else { print(Self.text(report), terminator: "") }
        if report.failed > 0 { throw ExitCode(1) }
    }

    private func plan() throws -> LoadPlan {
        let shape = try shape()
        var plan = LoadPlan(url: try url ?? onlyRoute(), shape: shape)
        plan.method = method
        plan.timeout = .seconds(timeout)
        plan.seed = seed
        plan.body = Array((body ?? "").utf8)
        plan.headers = try headers.map { text in
            guard let colon = text.firstIndex(of: ":") else {
                throw ValidationError("--header \"\(text)\": write \"name: value\"")
            }
            return LoadHeader(
                name: String(text[..<colon]),
                value: text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        try plan.check()
        return plan
    }

    /// Where the cluster's only application answers.
    private func onlyRoute() throws -> String {
        let paths = StatePaths(place.state)
        let ingress = try Addresses(paths).ingress
        let reader = try StoreReader(directory: paths.root)
        let found = try reader.query(
            "SELECT route_prefix FROM application WHERE route_prefix IS NOT NULL AND NOT deleting ORDER BY name"
        )
        let routes = found.rows.compactMap { row -> String? in
            if case .text(let route)? = row.first { ingress + route } else { nil }
        }
        guard let route = routes.first else {
            throw ValidationError(
                "no application of this cluster has a route: deploy one (tandem deploy FILE), or name a URL")
        }
        guard routes.count == 1 else {
            throw ValidationError("which application? name its URL: \(routes.joined(separator: ", "))")
        }
        return route
    }

    private func shape() throws -> LoadShape {
        if interactive { return .steered }
        switch (users, rate) {
        case (let users?, nil):
            return .closed(
                try Self.numbers(users, "--users").map { UserStage(users: Int($0), seconds: seconds) })
        case (nil, let rate?):
            guard let spacing = ArrivalSpacing(rawValue: spacing) else {
                throw ValidationError("--spacing \"\(spacing)\": even or poisson")
            }
            return .open(
                try Self.numbers(rate, "--rate").map { RateStage(perSecond: $0, seconds: seconds) }, spacing)
        default: throw ValidationError("give either --users 1,4,10 or --rate 50,200")
        }
    }

    static func numbers(_ text: String, _ option: String) throws -> [Double] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let number = Double(part.trimmingCharacters(in: .whitespaces)), number >= 0, number.isFinite
            else {
                throw ValidationError("\(option) \"\(text)\": \"\(part)\" is no number; write e.g. 1,4,10")
            }
            return number
        }
    }

    /// A thread of its own: reading a line blocks.
    private func steer(_ run: LoadRun) {
        Thread {
            while let line = readLine() {
                let words = line.split(separator: " ")
                if words.first == "users", words.count == 2, let users = Int(words[1]), users >= 0 {
                    run.setUsers(users)
                } else if words.first == "stop" {
                    break
                } else if !words.isEmpty {
                    say("\"\(line)\" is not understood: users N, or stop")
                }
            }
            run.stop()
        }.start()
    }

    static func line(_ tick: LoadTick) -> String {
        let seconds = Double(tick.elapsedMs) / 1000
        return String(
            format: "%6.1f s  users %4d  %8.1f requests/s  p50 %@  p99 %@  failed %d", seconds, tick.users,
            tick.requestsPerSecond, milliseconds(tick.p50Us), milliseconds(tick.p99Us), tick.failed)
    }

    static func milliseconds(_ micros: UInt64?) -> String {
        micros.map { String(format: "%7.1f ms", Double($0) / 1000) } ?? "      -   "
    }

    static func text(_ report: LoadReport) -> String {
        let rows = report.stages.map { stage in
            [
                stage.users.map { "\($0) users" } ?? stage.perSecond.map { "\($0)/s" } ?? "-",
                "\(stage.requests)",
                String(format: "%.1f", stage.qps), milliseconds(stage.p50Us), milliseconds(stage.p99Us),
                milliseconds(stage.maxUs), "\(stage.failed)",
            ]
        }
        var text = StatusTable.table(
            ["STAGE", "REQUESTS", "PER SECOND", "P50", "P99", "MAX", "FAILED"], rows)
        for failure in report.failures {
            text += "failed \(failure.count) times: \(failure.reason) (\(failure.example))\n"
        }
        return text
    }
}
