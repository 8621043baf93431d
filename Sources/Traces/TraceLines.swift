import Foundation

/// The lines of a file, one after another, unpacked on the way when they are packed. Memory is bounded by the
/// longest line that is allowed.
final class TraceLines {
    let file: String
    /// Of the line that was given last, from 1.
    private(set) var number = 0
    private let source: ByteSource
    private var buffer: [UInt8] = []
    private var next = 0
    private var atEnd = false

    /// - Throws: no such file, no permission, no regular file, empty, or packed by no gzip.
    init(path: String) throws(TraceProblem) {
        file = path
        source = try ByteSource(path: path)
    }

    /// The next line without its end; nil after the last. Empty lines at the end of the file are not given.
    func line() throws(TraceProblem) -> ArraySlice<UInt8>? {
        guard let first = try anyLine() else { return nil }
        guard Cells.trimmed(first).isEmpty else { return first }
        let empty = number
        while let line = try anyLine() {
            guard Cells.trimmed(line).isEmpty else {
                throw TraceProblem(
                    file: file, line: empty, what: "an empty line", value: "nothing",
                    right: "a row, or nothing more to the end of the file")
            }
        }
        return nil
    }

    func problem(_ fault: TraceProblem.Fault) -> TraceProblem {
        TraceProblem(file: file, line: number, fault)
    }

    private func anyLine() throws(TraceProblem) -> ArraySlice<UInt8>? {
        var searched = next
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = buffer[next..<end]
                next = end + 1
                return try counted(line)
            }
            if atEnd {
                guard next < buffer.count else { return nil }
                let line = buffer[next...]
                next = buffer.count
                return try counted(line)
            }
            guard buffer.count - next <= TraceBounds.lineBytesMax else { throw tooLong() }
            buffer.removeSubrange(..<next)
            next = 0
            searched = buffer.count
            atEnd = try !source.append(to: &buffer)
        }
    }

    private func counted(_ line: ArraySlice<UInt8>) throws(TraceProblem) -> ArraySlice<UInt8> {
        number += 1
        guard line.count <= TraceBounds.lineBytesMax else {
            number -= 1
            throw tooLong()
        }
        guard number <= TraceBounds.rowsMax else {
            throw TraceProblem(
                file: file, line: number, what: "more lines than a trace may have", value: "\(number)",
                right: "at most \(TraceBounds.rowsMax): cut the file, or give --until")
        }
        var line = line
        if line.last == 0x0D { line.removeLast() }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        return line
    }

    private func tooLong() -> TraceProblem {
        TraceProblem(
            file: file, line: number + 1, what: "a line is too long",
            value: "over \(TraceBounds.lineBytesMax) bytes",
            right: "a text file with a row in each line")
    }
}
