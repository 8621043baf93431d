import Foundation
import Model
import Wire

/// Status for people: one table for each kind of thing, columns as wide as they need to be.
enum StatusTable {
    static func text(_ document: StatusDocument) -> String {
        if !document.safeMode.isEmpty { return safeMode(document) }
        var parts: [String] = []
        if document.applications.isEmpty {
            parts.append("no applications: tandem deploy FILE brings some\n")
        } else {
            parts.append(
                table(
                    ["APPLICATION", "ROUTE", "STATUS", "MESSAGE"],
                    document.applications.map {
                        [$0.name, $0.routePrefix ?? "-", $0.status, firstLine($0.message)]
                    }))
            parts.append(
                table(
                    ["DEPLOYMENT", "STATUS", "TARGET", "READY", "ONGOING", "QUEUED"],
                    document.deployments.map {
                        [$0.id, $0.status, "\($0.target)", "\($0.ready)", "\($0.ongoing)", "\($0.queued)"]
                    }))
        }
        if !document.replicas.isEmpty {
            parts.append(
                table(
                    ["REPLICA", "WANTED", "IS", "NODE", "PID", "WHY"],
                    document.replicas.map {
                        [
                            $0.id, $0.phase, $0.placement, $0.node ?? "-", $0.pid.map { "\($0)" } ?? "-",
                            firstLine($0.why),
                        ]
                    }))
        }
        parts.append(
            document.nodes.isEmpty
                ? "no nodes\n"
                : nodes(document.nodes))
        for warning in document.warnings { parts.append("warning: \(Printable.text(warning))\n") }
        return parts.joined(separator: "\n")
    }

    /// With columns for what some node has: GPUs, a zone.
    private static func nodes(_ nodes: [StatusDocument.Node]) -> String {
        let hasGPUs = nodes.contains { $0.gpusMilli > 0 }
        let hasZones = nodes.contains { $0.zone != nil }
        let heads =
            ["NODE", "TYPE"] + (hasZones ? ["ZONE"] : []) + ["PHASE", "CPU"] + (hasGPUs ? ["GPU"] : [])
            + ["REPLICAS", "USD/H", "WHY"]
        return table(
            heads,
            nodes.map { node in
                // On demand is what nobody wonders about.
                let place = [node.zone, node.capacityType.flatMap { $0 == "on_demand" ? nil : $0 }]
                return [node.id, node.type]
                    + (hasZones ? [place.compactMap(\.self).joined(separator: " ")] : [])
                    + [node.phase, "\(cores(node.cpusUsedMilli))/\(cores(node.cpusMilli))"]
                    + (hasGPUs ? ["\(cores(node.gpusUsedMilli))/\(cores(node.gpusMilli))"] : [])
                    + [
                        "\(node.replicas)",
                        node.microusdPerHour > 0 ? Money.text(Int64(node.microusdPerHour)) : "-",
                        firstLine(node.why),
                    ]
            })
    }

    /// In place of everything that the database would say.
    private static func safeMode(_ document: StatusDocument) -> String {
        var lines = document.safeMode.map { "SAFE MODE: tier \($0.role): \($0.reason)" }
        lines += ["replicas run and requests are answered; nothing is started, stopped or bought", ""]
        var ways: [String] = []
        for tier in document.safeMode where !ways.contains(tier.wayOut) { ways.append(tier.wayOut) }
        lines += ways.map { "way out: \($0)" }
        lines += document.warnings.map { "warning: \($0)" }
        return lines.map { Printable.text($0) + "\n" }.joined()
    }

    private static func cores(_ milli: Int) -> String {
        milli % 1000 == 0 ? "\(milli / 1000)" : String(format: "%.1f", Double(milli) / 1000)
    }

    /// Long words of others are cut: the whole is in the database.
    private static let cellMax = 70

    private static func firstLine(_ text: String) -> String {
        let line = text.prefix { $0 != "\n" }
        return line.count > cellMax ? line.prefix(cellMax - 1) + "…" : String(line)
    }

    static func table(_ heads: [String], _ rows: [[String]]) -> String {
        let rows = ([heads] + rows).map { $0.map { Printable.text($0) } }
        var widths = heads.map(\.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

/// Shows status once a second: in place on a terminal, otherwise a line whenever something changed.
struct StatusView: Sendable {
    let paths: StatePaths
    let plain: Bool
    let json: Bool

    static let every = Duration.seconds(1)

    func show() async throws {
        let screen = Screen(plain: plain || json)
        var last = ""
        while true {
            if let document = try? StatusDocument.read(paths) {
                if screen.inPlace {
                    screen.draw(StatusTable.text(document) + "\nCtrl-C stops the cluster\n")
                } else {
                    let line = try json ? Self.jsonLine(document) : summary(document)
                    if line != last { emit(line) }
                    last = line
                }
            }
            try await Task.sleep(for: Self.every)
        }
    }

    private static func jsonLine(_ document: StatusDocument) throws -> String {
        String(decoding: try WireCoding.encode(document), as: UTF8.self)
    }

    private func summary(_ document: StatusDocument) -> String {
        if let tier = document.safeMode.first {
            let tiers = document.safeMode.map(\.role).joined(separator: " and ")
            return Printable.text("SAFE MODE of \(tiers): \(tier.reason) | way out: \(tier.wayOut)")
        }
        let deployments = document.deployments.map { "\($0.id) \($0.ready)/\($0.target) \($0.status)" }
        let nodes = Dictionary(grouping: document.nodes, by: \.phase).sorted { $0.key < $1.key }
            .map { "\($0.value.count) \($0.key)" }
        return Printable.text(
            (deployments + ["nodes: " + (nodes.isEmpty ? "none" : nodes.joined(separator: ", "))]).joined(
                separator: " | "))
    }
}

/// A part of the terminal that is drawn over.
final class Screen: @unchecked Sendable {
    let inPlace: Bool
    private var height = 0

    init(plain: Bool) {
        inPlace =
            !plain && isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    func draw(_ text: String) {
        let up = height > 0 ? "\u{1b}[\(height)A" : ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let drawn = up + lines.map { "\u{1b}[2K\($0)\n" }.joined() + "\u{1b}[J"
        FileHandle.standardOutput.write(Data(drawn.utf8))
        height = lines.count
    }
}
