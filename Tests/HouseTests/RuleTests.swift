import Testing

/// A rule that finds nothing anywhere guards nothing: each is shown what it must find, and what it must not.
@Suite("Rules of the house")
struct RuleTests {
    private func file(_ text: String, _ path: String = "Sources/Scaling/Sample.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test func whatIsNotCodeIsBlank() {
        let text = #"""
            let a = "x // y" // z
            /* one /* two */ still */ let b = #"\(c) " d"#
            let e = "\(f("g)")) h" + i
            """#
        let expected = #"""
            let a = "      "
                                      let b = #"        "#
            let e = "            " + i
            """#
        let blank = blanked(text).split(separator: "\n").map { String($0).trimmed }
        let wanted = expected.split(separator: "\n").map { String($0).trimmed }
        #expect(blank == wanted)
    }

    @Test(arguments: [
        ("import Model", 0), ("import Synchronization", 0), ("import Store", 1), ("import Foundation", 1),
        ("package import Store", 1), ("@preconcurrency import Store", 1), ("import struct Store.Row", 1),
        ("// import Store", 0),
    ])
    func wallsAreSeen(text: String, count: Int) {
        #expect(Rule.walls(file(text), rooms: ["Model"], outside: []).count == count)
    }

    @Test func aShellMayUseTheToolchain() {
        let shell = file("import Foundation\nimport GRDB", "Sources/Store/Sample.swift")
        #expect(Rule.walls(shell, rooms: [], outside: []).map(\.line) == [2])
    }

    @Test(arguments: [
        ("let t = ContinuousClock.now", 1), ("let t: ContinuousClock", 1), ("let d = Date()", 1),
        ("func f() async {}", 1),
        ("let x: Double = 1", 1), ("let e = list.randomElement()", 1),
        ("let e = list.randomElement(using: &dice)", 0), ("Int.random(in: 0..<9)", 1),
        ("Int.random(in: 0..<(9 - 1), using: &dice)", 0), ("/// awaits a Date", 0), ("let updated = 1", 0),
    ])
    func impurityIsSeen(text: String, count: Int) { #expect(Rule.purity(file(text)).count == count) }

    @Test(arguments: [
        ("struct NodeManager {}", 1), ("enum HelperKind {}", 1), ("final class StringUtils {}", 1),
        ("actor Common {}", 1), ("struct Commonality {}", 0), ("struct Management {}", 0),
        ("// struct Helper", 0),
    ])
    func emptyNamesAreSeen(text: String, count: Int) { #expect(Rule.names(file(text)).count == count) }

    @Test(arguments: [
        ("// TO" + "DO: later", 1), ("let a = try! f()", 1), ("fatal" + "Error(\"no\")", 1),
        ("spawn([\"/bin/" + "sh\", \"-c\"])", 1), ("Task.detached {}", 1), ("let s = \"try! it\"", 0),
        ("precondition(a > 0)", 0),
    ])
    func whatIsBannedIsSeen(text: String, count: Int) { #expect(Rule.banned(file(text)).count == count) }

    @Test func aShellMayDetach() {
        #expect(Rule.banned(file("Task.detached {}", "Sources/Agent/Sample.swift")).isEmpty)
    }

    @Test(arguments: [
        ("package struct A {}", 1), ("/// An A.\npackage struct A {}", 0),
        ("/// An A.\n@frozen\npublic enum A {}", 0), ("struct A {}", 0), ("// An A.\npublic actor A {}", 1),
        ("    package final class A {}", 1), ("package func a() {}", 0),
    ])
    func missingDocumentationIsSeen(text: String, count: Int) {
        #expect(Rule.documentation(file(text)).count == count)
    }

    @Test(arguments: [(399, 0), (400, 0), (401, 1)])
    func longFilesAreSeen(lines: Int, count: Int) {
        let text = Array(repeating: "let a = 1", count: lines).joined(separator: "\n")
        #expect(Rule.fileLength(file(text)).count == count)
    }

    @Test(arguments: [(60, 0), (61, 1)])
    func longFunctionsAreSeen(lines: Int, count: Int) {
        let body = Array(repeating: "    a()", count: lines - 2).joined(separator: "\n")
        for head in ["func f() {", "package init(a: Int) {", "private static func f<A>() throws -> A {"] {
            #expect(Rule.functionLength(file("\(head)\n\(body)\n}")).count == count)
        }
    }

    @Test func aRequirementHasNoBody() {
        let inside = Array(repeating: "    var a: Int { get }", count: 70).joined(separator: "\n")
        #expect(Rule.functionLength(file("protocol P {\n    func f()\n\(inside)\n}")).isEmpty)
    }

    @Test func theManifestIsRead() throws {
        let manifest = try Manifest(
            """
            let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
            room("Store", ["Model", "Schema"], outside: [grdb]),
            .executableTarget(
                name: "tandem",
                dependencies: ["Store", grdb]),
            """)
        #expect(manifest.targets["Store"]?.rooms == ["Model", "Schema"])
        #expect(manifest.targets["Store"]?.outside == ["GRDB"])
        #expect(manifest.targets["tandem"]?.rooms == ["Store"])
    }
}
