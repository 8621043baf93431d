import Foundation
import Testing

/// The table of failure modes names nothing but tests and scenarios that are there.
@Suite("Failure modes")
struct FailureTableTests {
    private static let page = "Sources/Model/Documentation.docc/FailureModes.md"

    /// By mode, the last cell of its row.
    private func rows() throws -> [String: String] {
        var rows: [String: String] = [:]
        for line in try Repository.text(Self.page).split(separator: "\n") where line.hasPrefix("| F") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 4, "\(Self.page): four cells: \(line)")
            #expect(rows.updateValue(cells[3], forKey: cells[0]) == nil, "\(cells[0]) has two rows")
        }
        return rows
    }

    @Test func everyModeOfNodesHasItsRow() throws {
        let modes = Array(1...29) + [59] + Array(61...65)
        let names = modes.map { ($0 < 10 ? "F0" : "F") + "\($0)" }
        #expect(try rows().keys.sorted() == names)
    }

    @Test func whatARowNamesIsThere() throws {
        let tests = try Repository.files("Tests")
        let scenarios = Set(try Repository.names(in: "Config/scenarios"))
        for (mode, cell) in try rows().sorted(by: { $0.key < $1.key }) {
            let named = cell.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(!named.isEmpty, "\(mode) names nothing")
            for name in named {
                if name.hasPrefix("`") {
                    let file = name.trimmingCharacters(in: CharacterSet(charactersIn: "`")) + ".yaml"
                    #expect(scenarios.contains(file), "\(mode): Config/scenarios/\(file) is not there")
                } else {
                    #expect(isThere(name, in: tests), "\(mode): no test \(name)")
                }
            }
        }
    }

    /// `Target/Suite.test`, or `Target/Suite` for all of a suite; where one suite has several files, the file's name.
    private func isThere(_ name: String, in tests: [SourceFile]) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let suite = parts[1].split(separator: ".").first else { return false }
        let test = parts[1].split(separator: ".").dropFirst().first
        return tests.contains { file in
            file.path.hasPrefix("Tests/\(parts[0])/")
                && (file.path.hasSuffix("/\(suite).swift")
                    || file.code.contains { $0.contains("struct \(suite)") })
                && (test.map { test in file.code.contains { $0.contains("func \(test)(") } } ?? true)
        }
    }

    @Test(arguments: [
        ("HouseTests/FailureTableTests.whatARowNamesIsThere", true), ("HouseTests/FailureTableTests", true),
        ("HouseTests/FailureTableTests.whatNobodyWrote", false), ("Nowhere/FailureTableTests", false),
        ("HouseTests", false),
    ])
    func aNameIsFoundOrNot(name: String, isThere: Bool) throws {
        #expect(try self.isThere(name, in: Repository.files("Tests")) == isThere)
    }
}
