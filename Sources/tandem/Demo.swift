import ArgumentParser
import Foundation
import Load
import Model
import Pictures
import Wire

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the quickstart cluster, send it load, and draw what happened.",
        discussion: """
            Users come and go in steps; replicas follow them, and nodes the replicas.

            Example: tandem demo --keep
            """)

    @Option(help: "Cluster file.") var cluster = "Config/quickstart/cluster.yaml"
    @Option(help: "Serve file.") var apps = "Config/quickstart/serve.yaml"
    @Option(help: "Users, stage by stage.") var users = "1,4,10,20,10,1"
    @Option(help: "Seconds of each stage.") var seconds = 12.0
    @Option(help: "Seconds to watch after the last user has left.") var after = 15.0
    @Option(help: "The picture; default: demo.svg in the state directory.") var picture: String?
    @Flag(help: "Leave the cluster up.") var keep = false
    @Flag(help: "Plain lines instead of a table that updates in place.") var plain = false
    @OptionGroup var place: StateOption
    @OptionGroup var ports: PortOptions

    func run() async throws {
        let paths = StatePaths(place.state)
        let settings = try ClusterFile.load(cluster)
        try ServeFile.check(apps)
        let stages = try LoadCommand.numbers(users, "--users").map {
            UserStage(users: Int($0), seconds: seconds)
        }
        let hold = try UpLock.take(paths)
        let local = LocalCluster(
            paths: paths, settings: settings, clusterFile: StatePaths(cluster).root,
            ports: ports.over(settings.ports),
            note: { say($0) })
        let (apps, after, plain) = (apps, after, plain)
        let file = picture ?? paths.root + "/demo.svg"
        say("starting the cluster: serve tier, node tier, ingress, fake cloud")
        let finished = Finished()
        do {
            try await untilSignal {
                try await local.run {
                    try await ServeFile.deploy(apps, paths: paths)
                    try await ServeFile.awaitRoutes(paths)
                    let addresses = try Addresses(paths)
                    say("ready: \(addresses.sentence)")
                    let story = Story()
                    try await DemoRun(
                        url: addresses.ingress + "/", stages: stages, after: after, paths: paths,
                        plain: plain, story: story
                    ).run()
                    try story.draw().write(toFile: file, atomically: true, encoding: .utf8)
                    finished.mark()
                    throw CancellationError()
                }
            }
        } catch {
            await LocalCluster.stop(paths, note: { say($0) })
            hold.release()
            throw error
        }
        try await finish(paths, hold, file, finished: finished.isMarked)
    }

    private func finish(_ paths: StatePaths, _ hold: UpLock, _ file: String, finished: Bool) async throws {
        if finished { print("the picture: \(file)") }
        if keep && finished {
            print("the cluster is left up: tandem status, tandem sql \"select * from timeline\", tandem down")
        } else {
            say("stopping")
            await LocalCluster.stop(paths, note: { say($0) })
        }
        hold.release()
        if !finished { throw ExitCode(130) }
    }
}

/// Whether the demonstration came to its end.
final class Finished: @unchecked Sendable {
    private let lock = NSLock()
    private var marked = false
    var isMarked: Bool { lock.withLock { marked } }
    func mark() { lock.withLock { marked = true } }
}

/// What was seen, second by second.
final class Story: @unchecked Sendable {
    struct Second {
        var at: Double
        var users: Int
        var ready: Int
        var target: Int
        var nodes: Int
        var queued: Int
        var rate: Double
        var p50: Double?
    }

    private let lock = NSLock()
    private var seconds: [Second] = []

    func add(_ second: Second) { lock.withLock { seconds.append(second) } }

    /// The document's three pictures, and the nodes.
    func draw() -> String {
        let seconds = lock.withLock { self.seconds }
        func line(_ name: String, step: Bool = true, _ value: (Second) -> Double?) -> Series {
            let points = seconds.compactMap { second in value(second).map { Point(second.at, $0) } }
            return Series(name: name, points: points, step: step)
        }
        return svg(
            title: "Traffic scales replicas, replicas scale nodes",
            charts: [
                Chart(
                    title: "Users and replicas",
                    series: [line("users") { Double($0.users) }, line("replicas ready") { Double($0.ready) }]),
                Chart(title: "Requests a second", series: [line("requests/s", step: false) { $0.rate }]),
                Chart(title: "Latency, P50", unit: "ms", series: [line("P50", step: false) { $0.p50 }]),
                Chart(title: "Nodes", series: [line("nodes ready") { Double($0.nodes) }]),
            ])
    }
}

/// The load and the watching of the demonstration.
struct DemoRun: Sendable {
    let url: String
    let stages: [UserStage]
    let after: Double
    let paths: StatePaths
    let plain: Bool
    let story: Story

    func run() async throws {
        let screen = Screen(plain: plain)
        if !screen.inPlace { emit(Self.heads) }
        let idle = stages + [UserStage(users: 0, seconds: after)]
        let run = LoadRun(plan: LoadPlan(url: url, shape: .closed(idle)))
        let report = try await withTaskCancellationHandler {
            try await run.run { tick in show(tick, on: screen) }
        } onCancel: {
            run.stop()
        }
        try Task.checkCancellation()
        print(LoadCommand.text(report), terminator: "")
        if report.failed > 0 { say("\(report.failed) requests failed") }
    }

    private static let heads = " time   users  replicas  target  nodes  requests/s      P50  queued"

    private func show(_ tick: LoadTick, on screen: Screen) {
        let status = try? StatusDocument.read(paths)
        let second = Story.Second(
            at: Double(tick.elapsedMs) / 1000, users: tick.users,
            ready: status?.deployments.reduce(0) { $0 + $1.ready } ?? 0,
            target: status?.deployments.reduce(0) { $0 + $1.target } ?? 0,
            nodes: status?.nodes.count { $0.phase == "ready" } ?? 0,
            queued: status?.deployments.reduce(0) { $0 + $1.queued } ?? 0, rate: tick.requestsPerSecond,
            p50: tick.p50Us.map { Double($0) / 1000 })
        story.add(second)
        let line = String(
            format: "%4.0f s  %5d  %8d  %6d  %5d  %10.1f  %7@  %6d", second.at, second.users, second.ready,
            second.target, second.nodes, second.rate,
            (second.p50.map { String(format: "%.0f ms", $0) } ?? "-") as NSString, second.queued)
        if screen.inPlace {
            screen.draw(Self.heads + "\n" + line + "\n\n" + (status.map(StatusTable.text) ?? "") + "\n")
        } else {
            emit(line)
        }
    }
}
