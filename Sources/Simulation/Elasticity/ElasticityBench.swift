import Foundation
import Model
import NodeTier
import ServeTier
import Store

/// How soon both tiers have decided when much is asked at once: the shapes of two peers, one after the other, each on a
/// new database.
struct ElasticityBench {
    /// Of one act.
    struct Line {
        var shape: String
        var act: String
        var way: ElasticShape.Act.Way
        /// From what was asked to the latest decision about nodes, without waits: what was under way, and the steps.
        var micros: Int64
        var meter: ElasticCluster.Meter
        var nodes: (before: Int, after: Int)
        var replicas: Int
        var use: (cpu: Double, memory: Double?)
        var cost: Double
        var violations: [String]
    }

    /// Nothing more happens after so long without anything: longer than any wait of the shapes.
    static let quietFor = Millis(65_000)
    static let actMax = Millis(1_800_000)

    var names: [String] = []
    var scale = Scale(percent: 100)
    var directory: String

    func run(_ told: (Line) -> Void) throws -> [Line] {
        var lines: [Line] = []
        for (name, make) in ElasticShape.all where names.isEmpty || names.contains(name) {
            lines += try play(make(scale), told)
        }
        return lines
    }

    private func play(_ shape: ElasticShape, _ told: (Line) -> Void) throws -> [Line] {
        let cluster = try ElasticCluster(
            shape.cluster, shape.offerings, directory: directory + "/" + shape.name)
        defer { cluster.close() }
        var lines: [Line] = []
        for act in shape.acts {
            let before = ElasticTruths(try cluster.nodes.store.state())
            cluster.beginMeasure()
            if let settings = act.cluster {
                _ = try cluster.nodes.reload(settings, cause: .asked, isStartFile: true, dryRun: false)
            }
            try cluster.serve.apply(act.applications)
            cluster.asked()
            if let span = act.span {
                try cluster.run(for: span)
            } else {
                try cluster.run(untilQuietFor: Self.quietFor, within: Self.actMax)
            }
            let state = try cluster.nodes.store.state()
            let after = ElasticTruths(state)
            let meter = act.way == .out ? cluster.latestOrder : cluster.latest
            var line = Line(
                shape: shape.name, act: act.name, way: act.way, micros: meter.micros, meter: meter,
                nodes: (before.nodes.count, after.nodes.count),
                replicas: state.placements.values.count { $0.phase.holdsRoom },
                use: (after.use(of: Resources.cpu) ?? 0, after.use(of: Resources.memory)), cost: after.cost,
                violations: [])
            // One that the next act breaks off has not come to its end.
            if act.span == nil || act.nodes != nil {
                line.violations = after.violations(act, undisturbedBefore: before.undisturbed)
            }
            line.violations += cluster.problems
            if cluster.nodes.missedWakes > 0 {
                line.violations.append("slept: \(cluster.nodes.latestMissed)")
            }
            guard !act.isSetUp || !line.violations.isEmpty else { continue }
            lines.append(line)
            told(line)
        }
        return lines
    }

    // MARK: - The figures

    /// - Parameter words: as in the program's help.
    static func main(_ words: Words) throws -> String {
        guard let directory = words["state"] else { throw SwarmProblem("where? --state DIR, an empty one") }
        var bench = ElasticityBench(directory: directory)
        bench.names = words["shapes"]?.split(separator: ",").map(String.init) ?? []
        let known = ElasticShape.all.map(\.name)
        if let odd = bench.names.first(where: { !known.contains($0) }) {
            throw SwarmProblem("--shapes \(odd): there are \(known.joined(separator: ", "))")
        }
        bench.scale.percent = try words.number("percent", atLeast: 1) ?? 100
        let lines = try bench.run { SwarmProgram.tell($0.words) }
        let bytes = try JSONSerialization.data(
            withJSONObject: ["acts": lines.map(\.figures)], options: .sortedKeys)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ElasticityBench.Line {
    fileprivate var words: String {
        "\(shape) \(act): \(micros / 1000) ms, longest step \(meter.longestMicros / 1000) ms, "
            + "\(nodes.before) -> \(nodes.after) nodes" + violations.map { "\n  VIOLATION \($0)" }.joined()
    }

    fileprivate var figures: [String: Any] {
        var figures: [String: Any] = [
            "shape": shape, "act": act, "way": way.rawValue, "ms": micros / 1000,
            "virtual_ms": meter.underWay.rawValue, "waited_ms": meter.waited.rawValue,
            "nodes_wall_ms": meter.nodesMicros / 1000, "serve_wall_ms": meter.serveMicros / 1000,
            "orders_wall_ms": meter.publishMicros / 1000, "longest_step_ms": meter.longestMicros / 1000,
            "steps": meter.steps, "plans": meter.plans, "nodes_before": nodes.before,
            "nodes_after": nodes.after, "replicas": replicas, "cpu_pct": (use.cpu * 10).rounded() / 10,
            "usd_per_hour": (cost * 1000).rounded() / 1000, "violations": violations,
        ]
        if let memory = use.memory { figures["memory_pct"] = (memory * 10).rounded() / 10 }
        return figures
    }
}
