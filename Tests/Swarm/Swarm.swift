import Foundation
import Model
import Simulation

@main struct Swarm {
    static func main() throws {
        let first = UInt64(CommandLine.arguments.dropFirst().first ?? "1") ?? 1
        let count = UInt64(CommandLine.arguments.dropFirst(2).first ?? "1") ?? 1
        let verbose = CommandLine.arguments.contains("-v")
        for seed in first..<(first + count) {
            let begun = Date()
            let plan = DrawnPlan.make(seed: seed)
            let report = try World(plan).run(watch: verbose ? { print($0) } : nil)
            let wall = Date().timeIntervalSince(begun)
            print(seed, "wall", Int(wall * 1000), "ms events", report.events, "commits", report.commits, "requests", report.requests,
                "failed", report.failed, report.failures.sorted { $0.key < $1.key }.map { "\($0.key.rawValue)=\($0.value)" },
                "made", report.machinesMade, "peak", report.machinesPeak, "crashes", report.crashes, "classes", plan.faults.classes.count,
                "hash", String(report.traceHash, radix: 16))
            for v in report.violations { print("  ", v.rule, v.at.rawValue, v.words); for l in report.lastEvents.suffix(12) { print("      ", l) } }
        }
    }
}
