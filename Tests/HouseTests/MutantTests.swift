import Foundation
import Testing

/// Slips built into our own code on purpose: each has its sites, and no shipped program has any.
@Suite("Mutants")
struct MutantTests {
    private static let source = "Sources/Model/Mutant.swift"

    private func names() throws -> Set<String> {
        let text = try Repository.text(Self.source)
        return Set(text.matches(of: #/(?m)^ +case (\w+)$/#).map { String($0.output.1) })
    }

    /// Mutants by the lines that ask for them, below Sources, and the lines that ask outside of `#if MUTANTS`.
    private func sites() throws -> (asked: [String: [String]], bare: [Finding]) {
        var asked: [String: [String]] = [:]
        var bare: [Finding] = []
        for file in try Repository.files("Sources") where file.path != Self.source {
            for (index, line) in file.code.enumerated() {
                for match in line.matches(of: #/\bMutant\.(\w+)/#.wordBoundaryKind(.simple)) {
                    asked[String(match.output.1), default: []].append("\(file.path):\(index + 1)")
                    if !MutantBlocks(file).contains(index) {
                        bare.append(
                            Finding(path: file.path, line: index + 1, what: "a mutant outside of #if MUTANTS")
                        )
                    }
                }
            }
        }
        return (asked, bare)
    }

    @Test func eachHasASite() throws {
        let (names, asked) = (try names(), try sites().asked)
        #expect(names.count >= 22)
        #expect(names.subtracting(asked.keys).sorted() == [], "mutants without a site")
        #expect(Set(asked.keys).subtracting(names).sorted() == [], "sites of no mutant")
    }

    @Test func eachStandsWhereNoShippedProgramHasIt() throws {
        for finding in try sites().bare { Issue.record("\(finding)") }
        let own = try SourceFile(path: Self.source, text: Repository.text(Self.source))
        let blocks = MutantBlocks(own)
        let outside = own.code.indices.filter { !blocks.contains($0) && own.code[$0].contains { $0 != " " } }
        #expect(
            outside.map { own.code[$0] } == ["#if MUTANTS", "#endif"],
            "\(Self.source): all of it stands in one block")
    }

    @Test func eachBlockHasItsMutant() throws {
        for file in try Repository.files("Sources") {
            for block in MutantBlocks(file).ranges
            where !file.code[block].contains(where: { $0.contains("Mutant") }) {
                Issue.record(
                    "\(Finding(path: file.path, line: block.lowerBound, what: "#if MUTANTS without one"))")
            }
        }
    }

    /// Only where the program has been built: the end-to-end tests see to that.
    @Test func theShippedProgramHasNone() throws {
        let program = Repository.root.appending(path: ".build/release/tandem")
        guard let bytes = try? Data(contentsOf: program, options: .alwaysMapped) else { return }
        // Cases of an enumeration stand in a program as texts, each with a zero at its end.
        for name in try names() {
            #expect(
                bytes.range(of: Data("\0\(name)\0".utf8)) == nil, "\(program.path()) has the mutant \(name)")
        }
        #expect(bytes.range(of: Data("TANDEM_MUTANT".utf8)) == nil, "\(program.path()) asks for mutants")
    }

    @Test(arguments: [
        ("a\n#if MUTANTS\nb\n#endif\nc", [2]), ("#if MUTANTS\n#if X\na\n#endif\nb\n#endif\nc", [1, 2, 3, 4]),
        ("#if MUTANTS\na\n#else\nb\n#endif", [1]), ("#if X\na\n#endif", []),
    ])
    func blocksAreFound(text: String, inside: [Int]) {
        let blocks = MutantBlocks(SourceFile(path: "Sources/X/Sample.swift", text: text))
        #expect((0..<10).filter(blocks.contains) == inside)
    }
}

/// The lines of a file that are compiled with the mutants alone.
struct MutantBlocks {
    private(set) var ranges: [Range<Int>] = []

    init(_ file: SourceFile) {
        // Of each condition that is open: the first line within, for those of mutants.
        var open: [Int?] = []
        for (index, line) in file.code.enumerated() {
            let words = line.trimmed.split(separator: " ")
            switch words.first {
            case "#if": open.append(words.dropFirst() == ["MUTANTS"] ? index + 1 : nil)
            case "#else", "#elseif":
                if let start = open.popLast() {
                    if let start { ranges.append(start..<index) }
                    open.append(nil)
                }
            case "#endif": if let start = open.popLast() ?? nil { ranges.append(start..<index) }
            default: break
            }
        }
    }

    func contains(_ line: Int) -> Bool { ranges.contains { $0.contains(line) } }
}
