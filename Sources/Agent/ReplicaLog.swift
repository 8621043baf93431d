import Foundation
import Model
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// The output of replicas in files. A child writes to its own descriptor, in append mode, so that the file
/// can be cut beneath it; nothing is copied through the agent.
enum ReplicaLog {
    /// How far back the last lines are looked for.
    static let tailBytesMax: Int64 = 16 << 10
    /// A longer last line is cut.
    static let lineCharactersMax = 500

    /// - Returns: a descriptor that appends, and the size now: what follows belongs to the coming process.
    static func open(_ path: String) throws(Problem) -> (descriptor: Int32, size: Int64) {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Problem(
                code: "state", message: "cannot open the log \(path): \(String(cString: strerror(errno)))")
        }
        return (file, Int64(lseek(file, 0, SEEK_END)))
    }

    /// The last lines after `start`, oldest first; none when there is no file.
    static func lastLines(_ path: String, from start: Int64) -> [String] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard let size = try? Int64(file.seekToEnd()) else { return [] }
        let begin = start <= size ? start : 0  // it was cut since
        let from = max(begin, size - tailBytesMax)
        guard (try? file.seek(toOffset: UInt64(from))) != nil,
            let data = try? file.read(upToCount: Int(size - from))
        else { return [] }
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        if from > begin, lines.count > 1 { lines.removeFirst() }  // begins in its middle
        return lines.suffix(ReplicaReport.lastLinesMax).map { line in
            let text = String(decoding: line, as: UTF8.self)
            return String(text.prefix(lineCharactersMax)).trimmingCharacters(in: .newlines)
        }
    }

    /// Cuts a log that is longer than `bytesMax` to the newer half of that: the tail is copied to the front,
    /// then the file is cut behind it, so that what is written next stands behind it too. Only what is
    /// written between the last look and the cut is lost; the writer notices nothing.
    /// - Returns: true when it was cut.
    @discardableResult
    static func trim(_ path: String, to bytesMax: Int64) -> Bool {
        let file = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > bytesMax else { return false }
        let keep = Int(bytesMax / 2)
        let tail = read(file, from: size - keep, count: keep).drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        var kept = Array("(earlier output was cut: the log is held to \(bytesMax) bytes)\n".utf8) + tail
        guard pwrite(file, kept, kept.count, 0) == kept.count else { return false }
        let grown = Int(lseek(file, 0, SEEK_END))
        let late = read(file, from: size, count: min(grown - size, keep))
        guard pwrite(file, late, late.count, off_t(kept.count)) == late.count else { return false }
        kept += late
        return ftruncate(file, off_t(kept.count)) == 0
    }

    private static func read(_ file: Int32, from start: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        let got = pread(file, &bytes, bytes.count, off_t(start))
        return Array(bytes.prefix(max(0, got)))
    }

    /// Removes the oldest logs of replicas that are no more, beyond `endedMax`.
    static func prune(_ directory: String, living: Set<ReplicaID>, endedMax: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let ended = names.filter {
            $0.hasSuffix(".log") && !living.contains(ReplicaID(String($0.dropLast(4))))
        }
        guard ended.count > endedMax else { return }
        let aged = ended.map { name -> (name: String, written: Date) in
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
            return (name, facts?[.modificationDate] as? Date ?? .distantPast)
        }
        for (name, _) in aged.sorted(by: { ($0.written, $0.name) < ($1.written, $1.name) }).dropLast(endedMax)
        {
            unlink("\(directory)/\(name)")
        }
    }
}
