/// The rules of the house that one file can break by itself.
///
/// Patterns that use `\b` need simple word boundaries: by those of Unicode, `Task.now` is one word.
enum Rule {
    static let fileLinesMax = 400
    static let functionLinesMax = 60

    /// The modules that a file imports, with the line of each.
    static func imports(_ file: SourceFile) -> [(line: Int, module: String)] {
        let pattern =
            #/^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/#
        return file.code.enumerated().compactMap { index, line in
            line.firstMatch(of: pattern).map { (index + 1, String($0.output.1)) }
        }
    }

    /// Walls: a file imports only what its room may know.
    static func walls(_ file: SourceFile, rooms: Set<String>, outside: Set<String>) -> [Finding] {
        let isPure = HousePlan.pureRooms.contains(file.room)
        let toolchain = isPure ? ["Synchronization"] : HousePlan.toolchain
        return imports(file).filter { !rooms.union(outside).union(toolchain).contains($0.module) }.map {
            let known = rooms.union(outside).sorted().joined(separator: ", ")
            return Finding(
                path: file.path, line: $0.line,
                what: """
                    \(file.room) imports \($0.module), and may know only \(known.isEmpty ? "nothing" : known): put \
                    this where both are known, or hand the value in
                    """)
        }
    }

    /// Pure rooms get time, chance and the world as arguments.
    static func purity(_ file: SourceFile) -> [Finding] {
        let banned: [(Regex<Substring>, String)] = [
            (#/\b(?:ContinuousClock|SuspendingClock|DispatchTime|Date)\b/#, "reads a clock: take a Moment"),
            (#/\bclock_gettime\b/#, "reads a clock: take a Moment"),
            (
                #/\bSystemRandomNumberGenerator\b/#,
                "throws its own dice: take `using: inout some RandomNumberGenerator`"
            ),
            (
                #/\.(?:randomElement|shuffled|shuffle)\(\)|\.random\((?!.*using:)/#,
                "throws its own dice: take `using: inout some RandomNumberGenerator`"
            ),
            (#/\b(?:async|await|Task|actor)\b/#, "is not synchronous: decide here, await in a shell"),
            (#/\b(?:Double|Float)\b/#, "counts in floating point: use whole thousandths"),
            (#/\b(?:print|debugPrint|readLine)\(/#, "does I/O: return what is to be said"),
        ]
        return banned.flatMap { pattern, what in
            each(file.code, pattern, file.path, "\(file.room) is pure, and this \(what)")
        }
    }

    static func names(_ file: SourceFile) -> [Finding] {
        let declared = #/\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)/#.wordBoundaryKind(.simple)
        let other = #/(?:Manager|Helper|Utils|Util|Common|Misc)(?=[A-Z0-9_]|s?$)/#
        return file.code.enumerated().flatMap { index, line in
            line.matches(of: declared).filter { $0.output.1.contains(other) }.map {
                Finding(
                    path: file.path, line: index + 1,
                    what: "\($0.output.1) is a name that says \"other\": name the thing, or split it in two")
            }
        }
    }

    static func fileLength(_ file: SourceFile) -> [Finding] {
        guard file.lines.count > fileLinesMax else { return [] }
        return [
            Finding(
                path: file.path, line: 0,
                what: "\(file.lines.count) lines, more than \(fileLinesMax): split it by phase or by rule")
        ]
    }

    /// What must not stand in Sources, each with the way out.
    static func banned(_ file: SourceFile) -> [Finding] {
        var findings = each(
            file.lines, #/\b(?:TODO|FIXME)\b/#, file.path,
            "unfinished: finish it, or open an issue and say nothing here")
        findings += each(
            file.code, #/\btry!/#, file.path, "`try!` ends the process: throw, or catch and say what to do")
        findings += each(file.code, #/\bfatalError\(/#, file.path, "ends the process: throw a typed error")
        findings += each(
            file.lines, #/"(?:\/usr)?\/bin\/(?:ba|da|z)?sh"/#, file.path,
            "starts a shell: pass an argument vector to the program itself")
        if !HousePlan.shells.contains(file.room) {
            findings += each(
                file.code, #/\bTask\.detached\b/#, file.path,
                "a task without a parent outside the shells: use a task group")
        }
        return findings
    }

    /// A type that another room can see says what it is.
    static func documentation(_ file: SourceFile) -> [Finding] {
        let declared =
            #/^\s*(?:package|public|open)\s+(?:(?:final|indirect)\s+)*(?:struct|class|enum|actor|protocol)\s+(\w+)/#
        return file.code.indices.compactMap { index in
            guard let match = file.code[index].firstMatch(of: declared) else { return nil }
            let above = file.lines[..<index].last { !$0.trimmed.hasPrefix("@") }
            guard above?.trimmed.hasPrefix("///") != true else { return nil }
            return Finding(
                path: file.path, line: index + 1,
                what:
                    "\(match.output.1) has no doc comment: say in one line what it means, and its unit if it has one"
            )
        }
    }

    private static func each(
        _ lines: [String], _ pattern: Regex<Substring>, _ path: String, _ what: String
    ) -> [Finding] {
        let pattern = pattern.wordBoundaryKind(.simple)
        return lines.enumerated().filter { $0.element.contains(pattern) }.map {
            Finding(path: path, line: $0.offset + 1, what: what)
        }
    }
}

extension String {
    /// Without the white space around it.
    var trimmed: Substring {
        let head = drop(while: \.isWhitespace)
        return head.lastIndex { !$0.isWhitespace }.map { head[...$0] } ?? ""
    }
}
