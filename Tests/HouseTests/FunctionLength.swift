extension Rule {
    /// Functions and initialisers, from the line of their name to that of their closing brace. Counted by braces
    /// alone, in code without comments and strings.
    static func functionLength(_ file: SourceFile) -> [Finding] {
        let declared = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:[\w()]+\s+)*(?:func\s+([^\s(<]+)|(init)[?(<])/#
        return file.code.indices.compactMap { start in
            guard let match = file.code[start].firstMatch(of: declared),
                let end = lastLine(of: start, in: file.code), end - start + 1 > functionLinesMax
            else { return nil }
            let name = match.output.1 ?? match.output.2 ?? ""
            return Finding(
                path: file.path, line: start + 1,
                what: """
                    \(name) has \(end - start + 1) lines, more than \(functionLinesMax): give a part of it a name \
                    of its own
                    """)
        }
    }

    /// Index of the line with the brace that closes the body of what is declared at `start`; nil without a body.
    private static func lastLine(of start: Int, in code: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            // A requirement of a protocol has no body: the next line begins something else.
            let goesOn = #/^\s*(?:->|throws|async|where|\{|\))/#
            if index > start, braces == 0, parentheses == 0, code[index].prefixMatch(of: goesOn) == nil {
                return nil
            }
            for character in code[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{": braces += 1
                case "}":
                    braces -= 1
                    // A closure among the default arguments closes inside the parentheses.
                    if braces == 0, parentheses == 0 { return index }
                    if braces < 0 { return nil }
                default: break
                }
            }
        }
        return nil
    }
}
