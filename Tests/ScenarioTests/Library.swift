import Foundation
import Scenarios
import Settings

/// The scenarios that come with the project, and their transcripts.
struct Library {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Config/scenarios/").path()

    /// Without `.yaml`, sorted.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func scenario(_ name: String) throws -> Scenario {
        let file = "\(directory)\(name).yaml"
        return try Scenario.read(text: try Settings.read(path: file), file: file)
    }

    static func transcriptFile(_ name: String) -> String { "\(directory)transcripts/\(name).txt" }

    /// Empty when there is none.
    static func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

    /// Hashes that CHANGES.md gives a reason for, by scenario. Its lines: `- NAME HASH: why`.
    static func reasons() -> [String: Set<String>] {
        var reasons: [String: Set<String>] = [:]
        for line in text("\(directory)transcripts/CHANGES.md").split(separator: "\n")
        where line.hasPrefix("- ") {
            let halves = line.dropFirst(2).split(separator: ":", maxSplits: 1)
            let words = halves.first?.split(separator: " ").map(String.init) ?? []
            let hasReason = halves.count == 2 && halves[1].contains { $0.isLetter }
            guard words.count == 2, hasReason else { continue }
            reasons[words[0], default: []].insert(words[1])
        }
        return reasons
    }

    /// Failure modes F01 to F70 in the table of README.md, by the first cell of their row.
    static func tableRows() -> [String: String] {
        var rows: [String: String] = [:]
        for line in text("\(directory)README.md").split(separator: "\n") where line.hasPrefix("| F") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.count >= 3 { rows[cells[0]] = cells[2] }
        }
        return rows
    }
}
