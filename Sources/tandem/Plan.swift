import ArgumentParser
import Foundation
import WhatIf

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Put a described world to the real planner: what goes where, and what is bought. Nothing is done.",
        discussion: """
            The world is JSON:
              node_types  name, resources, labels, min_workers, max_workers, and offerings: zone, capacity_type,
                          price_per_hour, available (true, false or a count)
              nodes       id, type, zone, resources, used, used_gpus_milli, labels
              requests    id, count, resources, labels, label_selector, fallback_strategy, spread (topology zone or node,
                          max_skew, selector), affinity and anti_affinity (topology, selector), each with "soft": true or
                          without; max_per_node, gang, bundles with strategy, priority
              limits      max_workers, price_per_hour
            With "online": true requests are placed one at a time in their order on the nodes there are, and nothing is
            bought. "policy" is default, random (with "seed"), best-fit, fgd, pack or spread. With "expects": "past" a
            policy knows of the demand to come what has come; else it is told the requests.

            Amounts are in units with at most three decimals, memory is in bytes. Of GPU a request takes a part of one
            device or whole devices. The same world gives the same answer, to the byte.

            Example: tandem plan --input Config/worlds/shared-gpus.json
            """)

    @Option(help: "The world; - for standard input.") var input: String
    @Flag(help: "Print counts instead of lists.") var summary = false
    @Flag(help: "Also print how long the plan took, reading and printing left out.") var timing = false

    func run() throws {
        let handle: FileHandle
        if input == "-" {
            handle = .standardInput
        } else {
            guard let file = FileHandle(forReadingAtPath: input) else {
                throw ValidationError("\(input): there is no such file that can be read")
            }
            handle = file
        }
        let bytes = try handle.readToEnd() ?? Data()
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw ValidationError("\(input): it is not UTF-8")
        }
        let world: World
        do { world = try World(json: text) } catch { throw ValidationError("\(input): \(error)") }
        let prepared = PreparedWorld(world)
        let clock = ContinuousClock()
        let began = clock.now
        let plan = prepared.plan()
        let took = (clock.now - began).components
        let micros = took.seconds * 1_000_000 + took.attoseconds / 1_000_000_000_000
        print(try plan.json(of: world, isSummary: summary, planningMicros: timing ? micros : nil))
    }
}
