import Foundation

/// One Swift file, as text and as code: the same lines with comments and the insides of strings left blank, so
/// that a rule about code is not misled by words.
struct SourceFile: Sendable {
    /// From the root of the repository, e.g. `Sources/Model/Units.swift`.
    var path: String
    var lines: [String]
    var code: [String]

    /// `Model` of `Sources/Model/Units.swift`.
    var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = Self.split(blanked(text))
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// Something that a rule of the house does not allow, said so that one knows what to do.
struct Finding: CustomStringConvertible, Equatable {
    var path: String
    /// From 1; 0 speaks of the whole file.
    var line: Int
    var what: String

    var description: String { line > 0 ? "\(path):\(line): \(what)" : "\(path): \(what)" }
}

/// The repository that this test was built from.
enum Repository {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All Swift files below `Sources` or `Tests`, sorted by path. Read once.
    static func files(_ folder: String) throws -> [SourceFile] {
        try (folder == "Sources" ? sources : tests).get()
    }

    private static let sources = Result { try read("Sources") }
    private static let tests = Result { try read("Tests") }

    private static func read(_ folder: String) throws -> [SourceFile] {
        let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path())
        let paths = (names?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }.sorted()
        return try paths.map { try SourceFile(path: "\(folder)/\($0)", text: text("\(folder)/\($0)")) }
    }

    /// The text of a file, named from the root.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Names in a folder at the root, sorted.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path()).sorted()
    }
}

/// `text` with comments and the insides of string literals replaced by spaces; lines stay where they are. It knows
/// line comments, nested block comments, `"…"`, `"""…"""` and any number of `#` around them, and blanks what is
/// interpolated too.
func blanked(_ text: String) -> String {
    var scan = Blanking(rest: Array(text.utf8)[...])
    while !scan.rest.isEmpty { scan.step() }
    return String(decoding: scan.result, as: UTF8.self)
}

private struct Blanking {
    var rest: ArraySlice<UInt8>
    var result: [UInt8] = []

    private static let newline = UInt8(ascii: "\n")

    mutating func step() {
        if rest.starts(with: "//".utf8) {
            blank { $0.rest.first != Self.newline }
        } else if rest.starts(with: "/*".utf8) {
            blankBlock()
        } else if let fence = stringOpening() {
            keep(fence.opening.count)
            while !rest.isEmpty, !rest.starts(with: fence.closing) { blankInString(fence) }
            keep(min(fence.closing.count, rest.count))
        } else {
            keep(1)
        }
    }

    private struct Fence {
        var opening: [UInt8]
        var closing: [UInt8]
        var escape: [UInt8]
    }

    /// The string literal that begins here, if one does.
    private func stringOpening() -> Fence? {
        let hashes = rest.prefix { $0 == UInt8(ascii: "#") }
        let after = rest.dropFirst(hashes.count)
        let quotes: [UInt8] = Array((after.starts(with: "\"\"\"".utf8) ? "\"\"\"" : "\"").utf8)
        guard after.starts(with: quotes) else { return nil }
        return Fence(
            opening: hashes + quotes, closing: quotes + hashes, escape: [UInt8(ascii: "\\")] + hashes)
    }

    private mutating func blankInString(_ fence: Fence) {
        guard rest.starts(with: fence.escape) else { return blankOne() }
        for _ in 0..<fence.escape.count { blankOne() }
        guard rest.first == UInt8(ascii: "(") else { return blankOne() }
        // An interpolation may hold strings of its own: it ends where its parentheses do.
        var depth = 0
        repeat {
            if let inner = stringOpening() {
                for _ in inner.opening { blankOne() }
                while !rest.isEmpty, !rest.starts(with: inner.closing) { blankInString(inner) }
                for _ in 0..<min(inner.closing.count, rest.count) { blankOne() }
                continue
            }
            if rest.first == UInt8(ascii: "(") { depth += 1 }
            if rest.first == UInt8(ascii: ")") { depth -= 1 }
            blankOne()
        } while depth > 0 && !rest.isEmpty
    }

    private mutating func blankBlock() {
        var depth = 0
        repeat {
            if rest.starts(with: "/*".utf8) {
                depth += 1
                blankOne()
            } else if rest.starts(with: "*/".utf8) {
                depth -= 1
                blankOne()
            }
            blankOne()
        } while depth > 0 && !rest.isEmpty
    }

    private mutating func blank(while goesOn: (Self) -> Bool) {
        while !rest.isEmpty, goesOn(self) { blankOne() }
    }

    private mutating func blankOne() {
        guard let byte = rest.popFirst() else { return }
        result.append(byte == Self.newline ? byte : UInt8(ascii: " "))
    }

    private mutating func keep(_ count: Int) {
        result += rest.prefix(count)
        rest = rest.dropFirst(count)
    }
}
