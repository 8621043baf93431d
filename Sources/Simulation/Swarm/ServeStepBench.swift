import Foundation
import Model
import ServeTier
import Store

/// How long a step of the serve tier takes, and what it keeps in memory, with many deployments all of which are under
/// load: real rows in real SQLite, reports each second of virtual time, no sockets.
struct ServeStepBench {
    var deployments = 1_000
    var replicas = 100
    /// Virtual time, in seconds.
    var seconds = 3_600
    /// The load goes up and down by so much of the target in a period, in percent: it moves some counts.
    var swing = 20
    var directory: String

    /// What came of it.
    struct Report {
        /// Of the first seconds, in which all replicas are routed for the first time: the longest step.
        var warmUpMicros: Int64 = 0
        /// Of the steps after them that followed a report of all deployments, in microseconds of the wall clock; sorted.
        var stepMicros: [Int64] = []
        /// The same steps by the processor's clock of this thread: what they take when nobody else is on the core; sorted.
        var stepCPUMicros: [Int64] = []
        /// The longest of them, longest first, with the second they were taken in.
        var slowest: [(second: Int, micros: Int64)] = []
        /// Of all others.
        var restMicros: [Int64] = []
        /// Resident bytes at each tenth of the run.
        var residentBytes: [Int64] = []
        var databaseBytes: Int64 = 0
        var missedWakes = 0

        /// The figures of one second.
        /// - Parameter next: of the step that looks again at what the commit itself has changed.
        mutating func note(_ micros: Int64, cpu: Int64, next: Int64, _ second: Int) {
            guard second >= ServeStepBench.warmUp else {
                warmUpMicros = max(warmUpMicros, micros, next)
                return
            }
            stepMicros.append(micros)
            stepCPUMicros.append(cpu)
            restMicros.append(next)
            let place = slowest.firstIndex { $0.micros < micros } ?? slowest.count
            guard place < ServeStepBench.slowestTold else { return }
            slowest.insert((second, micros), at: place)
            slowest.removeLast(max(slowest.count - ServeStepBench.slowestTold, 0))
        }
    }

    /// A second of the load's swing.
    private static let period = 600
    /// Seconds in which everything is there for the first time.
    private static let warmUp = 10
    /// So many of the longest steps are told with their second.
    private static let slowestTold = 40
    /// As the thread of a tier does.
    private static let upkeepEvery = 10

    func run(_ progress: (String) -> Void) throws -> Report {
        let clock = BenchClock()
        let nodes = try Store.open(.directory(directory), role: .nodes, clock: clock.store)
        let tier = ServeTier(store: try Store.open(.directory(directory), role: .serve, clock: clock.store))
        try tier.apply((0..<deployments).map(application))
        var report = Report()
        progress("placing \(deployments * replicas) replicas")
        while try tier.store.state().replicas.count < deployments * replicas { _ = try tier.step() }
        try place(nodes, clock)
        _ = try tier.step()
        var sequence: Int64 = 0
        for second in 0..<seconds {
            clock.millis += 1_000
            sequence += 1
            // The other tier lives, and makes ready what was ordered.
            try nodes.commit { try $0.renew(address: "") }
            let applied = try tier.routes().mapValues(\.generation)
            tier.hear(load(second, sequence, applied, tier.store.now()))
            // What the proxy is then answered belongs to it.
            let told = applied.mapValues { tier.fence($0) }
            let reported = applied.mapValues { _ in sequence }
            let before = Self.threadMicros()
            let took = try BenchClock.measure {
                _ = try tier.step()
                _ = try tier.news(for: "p1", applied: told, reported: reported)
            }
            let tookCPU = Self.threadMicros() - before
            // What the commit itself has changed is looked at again.
            let next = try BenchClock.measure { _ = try tier.step() }
            report.note(took, cpu: tookCPU, next: next, second)
            try follow(nodes)
            if second % Self.upkeepEvery == 0 {
                for store in [tier.store, nodes] {
                    try store.trimAll()
                    try store.checkpoint()
                }
            }
            if second % max(seconds / 10, 1) == 0 {
                report.residentBytes.append(Self.resident())
                let mib = (report.residentBytes.last ?? 0) >> 20
                progress("\(second) s, \(mib) MiB, latest step \(took) us")
            }
        }
        report.residentBytes.append(Self.resident())
        report.stepMicros.sort()
        report.stepCPUMicros.sort()
        report.restMicros.sort()
        report.missedWakes = tier.missedWakes
        let files = FileManager.default
        let size = (try? files.attributesOfItem(atPath: directory + "/tandem.sqlite"))?[.size] as? NSNumber
        report.databaseBytes = size?.int64Value ?? 0
        return report
    }

    // MARK: - The cluster

    private func application(_ number: Int) -> ApplicationSettings {
        let name = "a\(number)"
        var settings = DeploymentSettings(
            id: DeploymentID(application: name, deployment: "d"), replica: ReplicaSettings(command: ["serve"])
        )
        var scaling = AutoscalingSettings()
        (scaling.minReplicas, scaling.initialReplicas, scaling.maxReplicas) = (1, replicas, replicas * 2)
        (scaling.metricsInterval, scaling.lookBack) = (Millis(1_000), Millis(30_000))
        settings.count = .auto(scaling)
        return ApplicationSettings(name: name, routePrefix: "/\(name)", deployments: [settings])
    }

    private func place(_ nodes: Store, _ clock: BenchClock) throws {
        try nodes.commit { transaction in try transaction.renew(address: "") }
        try follow(nodes)
    }

    /// A node tier that has room for everything at once, and looks at what has changed alone.
    private func follow(_ nodes: Store) throws {
        let state = try nodes.state()
        let touched = nodes.takeTouched()
        let ids =
            touched.isAll
            ? state.replicas.keys.sorted()
            : (touched.keys[ReplicaRow.sql.table] ?? []).map { ReplicaID($0) }.sorted()
        guard !ids.isEmpty else { return }
        let now = nodes.now()
        try nodes.commit { transaction in
            for id in ids {
                let replica = state.replicas[id]
                if replica == nil {
                    if state.placements[id] != nil { try transaction.delete(PlacementRow.self, id) }
                } else if var row = state.placements[id] {
                    guard replica?.phase == .stopping, !row.phase.isFinal else { continue }
                    (row.phase, row.endedAt) = (.stopped, now)
                    try transaction.put(row)
                } else {
                    var row = PlacementRow(
                        replica: id, node: NodeID("n\(id.serial / 64)"), phase: .ready,
                        resources: Resources(),
                        pendingAt: now)
                    (row.host, row.port, row.readyAt) = ("10.0.0.1", Int(id.serial % 60_000) + 1, now)
                    try transaction.put(row)
                }
            }
        }
    }

    private func load(
        _ second: Int, _ sequence: Int64, _ applied: [DeploymentID: Int64], _ now: Moment
    ) -> ProxyReport {
        let loads = (0..<deployments).map { number -> ProxyLoad in
            // A triangle, each deployment at another place of it.
            let at = (second + number) % Self.period
            let height = at < Self.period / 2 ? at : Self.period - at
            let percent = 100 - swing / 2 + swing * height * 2 / Self.period
            let ongoing = 2 * replicas * percent / 100
            let bucket = ReportedBucket(
                sequence: sequence, end: now, span: Millis(1_000), area: Int64(ongoing) * 1_000_000,
                ongoing: ongoing, queued: 0)
            return ProxyLoad(
                deployment: DeploymentID(application: "a\(number)", deployment: "d"), ongoing: ongoing,
                queued: 0,
                buckets: [bucket])
        }
        return ProxyReport(
            proxy: "p1", incarnation: "1", address: "127.0.0.1:8000", applied: applied, load: loads,
            busy: [:],
            arrived: now)
    }

    // MARK: - The figures

    /// - Parameter words: as in the program's help.
    static func main(_ words: Words) throws -> String {
        guard let directory = words["state"] else { throw SwarmProblem("where? --state DIR, an empty one") }
        var bench = ServeStepBench(directory: directory)
        bench.deployments = try words.number("deployments", atLeast: 1) ?? bench.deployments
        bench.replicas = try words.number("replicas", atLeast: 1) ?? bench.replicas
        bench.seconds = try words.number("seconds", atLeast: warmUp + 1) ?? bench.seconds
        bench.swing = try words.number("swing", atLeast: 0) ?? bench.swing
        let report = try bench.run(SwarmProgram.tell)
        let figures: [String: Any] = [
            "deployments": bench.deployments, "replicas": bench.replicas, "sim_seconds": bench.seconds,
            "warm_up_us_max": report.warmUpMicros,
            "step_us_p50": report.stepMicros[report.stepMicros.count / 2],
            "step_us_p99": report.stepMicros[report.stepMicros.count * 99 / 100],
            "step_us_max": report.stepMicros.last ?? 0,
            "step_cpu_us_p50": report.stepCPUMicros[report.stepCPUMicros.count / 2],
            "step_cpu_us_p99": report.stepCPUMicros[report.stepCPUMicros.count * 99 / 100],
            "slowest_s_us": report.slowest.map { [Int64($0.second), $0.micros] },
            "next_step_us_p50": report.restMicros[report.restMicros.count / 2],
            "next_step_us_max": report.restMicros.last ?? 0,
            "resident_mib": report.residentBytes.map { $0 >> 20 }, "db_mib": report.databaseBytes >> 20,
            "missed_wakes": report.missedWakes,
        ]
        let bytes = try JSONSerialization.data(withJSONObject: figures, options: .sortedKeys)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func threadMicros() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    private static func resident() -> Int64 {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
