/// How far each kind of text reaches, by the rules of libyaml's `yaml_parser_scan_*_scalar`.
extension Scan {
    /// Past a text in quotes, over line ends too. False where libyaml reports an error.
    mutating func skipQuoted(_ quote: Unicode.Scalar) -> Bool {
        skip()
        while let scalar = peek() {
            if isDocumentMark { return false }
            if isBreak() {
                skipBreak()
            } else if scalar == quote {
                guard quote == "'", peek(1) == "'" else {
                    skip()
                    return true
                }
                skip(2)
            } else if quote == "\"", scalar == "\\" {
                skip()
                if isBreak() { skipBreak() } else { skip() }
            } else {
                skip()
            }
        }
        return false
    }

    /// Past a text without quotes, which may go on over more deeply indented lines.
    /// Returns true when it ended by leaving its line.
    mutating func skipPlain() -> Bool {
        let deeper = indent + 1
        var leftLine = false
        while true {
            if isDocumentMark || peek() == "#" { return leftLine }
            while let scalar = peek(), !isGap() {
                if scalar == ":", isGap(1) { break }
                if isInFlow, isBracketOrComma(scalar) { break }
                leftLine = false
                skip()
            }
            guard isBlank() || isBreak() else { return leftLine }
            while isBlank() || isBreak() {
                if isBreak() {
                    skipBreak()
                    leftLine = true
                } else {
                    skip()
                }
            }
            if !isInFlow, column < deeper { return leftLine }
        }
    }

    /// Past a `|` or `>` text. False where libyaml reports an error.
    mutating func skipBlockScalar() -> Bool {
        skip()
        var increment = 0
        for _ in 0..<2 {
            guard let scalar = peek() else { break }
            if scalar == "+" || scalar == "-" {
                skip()
            } else if increment == 0, ("0"..."9").contains(scalar) {
                increment = Int(scalar.value) - 48
                guard increment > 0 else { return false }
                skip()
            }
        }
        while isBlank() { skip() }
        if peek() == "#" { while peek() != nil, !isBreak() { skip() } }
        guard peek() == nil || isBreak() else { return false }
        if isBreak() { skipBreak() }
        var width = increment == 0 ? 0 : max(indent, 0) + increment
        guard skipIndentation(&width) else { return false }
        while peek() != nil, column == width {
            while peek() != nil, !isBreak() { skip() }
            if isBreak() { skipBreak() }
            guard skipIndentation(&width) else { return false }
        }
        return true
    }

    /// Past empty lines and the indentation of the next full one; finds `width` when it is 0.
    private mutating func skipIndentation(_ width: inout Int) -> Bool {
        var widest = 0
        while true {
            while width == 0 || column < width, peek() == " " { skip() }
            widest = max(widest, column)
            if width == 0 || column < width, peek() == "\t" { return false }
            guard isBreak() else { break }
            skipBreak()
        }
        if width == 0 { width = max(widest, indent + 1, 1) }
        return true
    }
}
