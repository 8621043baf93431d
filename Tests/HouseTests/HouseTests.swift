import Foundation
import Testing

/// The house inspects itself: it reads its own source and says, with file and line, what breaks its rules.
@Suite("House")
struct HouseTests {
    private func inspect(_ folders: [String] = ["Sources"], for rule: (SourceFile) -> [Finding]) throws {
        let files = try folders.flatMap(Repository.files)
        try #require(files.count > 20, "the source tree is not where it was built: \(Repository.root.path())")
        for finding in files.flatMap(rule) { Issue.record("\(finding)") }
    }

    @Test func aRoomImportsOnlyWhatItMayKnow() throws {
        let manifest = try Manifest(Repository.text("Package.swift"))
        try inspect { file in
            let target = manifest.targets[file.room] ?? Manifest.Target()
            return Rule.walls(file, rooms: target.rooms, outside: target.outside)
        }
    }

    @Test func thePackageDrawsNoArrowThatIsNotInThePlan() throws {
        let manifest = try Manifest(Repository.text("Package.swift"))
        let rooms = try Repository.names(in: "Sources").filter { !$0.contains(".") }
        for room in rooms where room != "PythonReplica" {
            guard let target = manifest.targets[room] else {
                Issue.record("Package.swift: no target for Sources/\(room): make one, or remove the folder")
                continue
            }
            let outside = target.outside.filter { HousePlan.outside[$0]?.contains(room) != true }
            if !outside.isEmpty {
                Issue.record("Package.swift: \(room) may not use \(outside.sorted()): see HousePlan.outside")
            }
            guard room != "tandem" else { continue }
            guard let allowed = HousePlan.arrows[room] else {
                Issue.record("HousePlan.arrows: no line for \(room): say what the new room may know")
                continue
            }
            let drawn = target.rooms.intersection(HousePlan.arrows.keys.map(\.self) + ["tandem"])
            let others = drawn.subtracting(allowed)
            if !others.isEmpty {
                Issue.record("Package.swift: \(room) → \(others.sorted()) is not in HousePlan.arrows")
            }
        }
    }

    @Test func pureRoomsDecideOnValuesAlone() throws {
        try inspect { HousePlan.pureRooms.contains($0.room) ? Rule.purity($0) : [] }
    }

    @Test func typesAreNamedAfterThings() throws { try inspect(["Sources", "Tests"], for: Rule.names) }

    @Test func filesAreShort() throws { try inspect(["Sources", "Tests"], for: Rule.fileLength) }

    @Test func functionsAreShort() throws { try inspect(["Sources", "Tests"], for: Rule.functionLength) }

    @Test func nothingIsUnfinishedOrEndsTheProcess() throws { try inspect(for: Rule.banned) }

    @Test func typesOfOtherRoomsAreExplained() throws { try inspect(for: Rule.documentation) }

    @Test func testsImportNothingAsTestable() throws {
        try inspect(["Tests"]) { file in
            file.code.enumerated().filter { $0.element.contains("@testable") }.map {
                Finding(
                    path: file.path, line: $0.offset + 1,
                    what: "@testable needs a build of its own: make what is tested `package`")
            }
        }
    }

    @Test(arguments: ["scripts/run", "scripts/test"])
    func theReadmeNames(command: String) throws {
        #expect(try Repository.text("README.md").contains(command), "README.md: says nothing of \(command)")
    }

    @Test func theSchemaCanBeRead() throws {
        let text = try Repository.text("State/schema.sql")
        #expect(text.contains("CREATE TABLE"), "State/schema.sql: type scripts/schema")
    }

    @Test(arguments: [
        "scripts/run", "scripts/test", "scripts/bench", "scripts/check", "scripts/mutants",
        "scripts/compare-ray", ".ci/run",
    ])
    func scriptsCanBeCalled(path: String) {
        #expect(
            FileManager.default.isExecutableFile(atPath: Repository.root.appending(path: path).path()),
            "\(path): type chmod +x \(path)")
    }
}
