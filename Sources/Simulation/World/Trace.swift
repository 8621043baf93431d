import Model

/// What has happened, as a number that any difference changes, and the last of it in words.
struct Trace {
    /// Lines kept for the report.
    static let linesMax = 50

    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var lines: [String] = []
    private var place = 0
    private(set) var count = 0
    /// Called with each line as it comes; for a replay that is watched.
    var watcher: ((String) -> Void)?

    /// Something of which there are many: it counts, and is not told.
    mutating func mix(_ value: Int64) {
        hash = (hash ^ UInt64(bitPattern: value)) &* 0x0000_0100_0000_01b3
        hash ^= hash >> 29
    }

    mutating func add(_ at: Int64, _ words: String) {
        mix(at)
        for byte in words.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        count += 1
        let line = "\(Self.clock(at)) \(words)"
        if let watcher { watcher(line) }
        if lines.count < Self.linesMax { lines.append(line) } else { lines[place] = line }
        place = (place + 1) % Self.linesMax
    }

    /// Oldest first.
    var last: [String] {
        lines.count < Self.linesMax ? lines : Array(lines[place...] + lines[..<place])
    }

    /// `1:02:03.456` from microseconds.
    static func clock(_ micros: Int64) -> String {
        let ms = micros / 1000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let part = "\(1000 + ms % 1000)".dropFirst()
        return "\(ms / 3_600_000):\(two(ms / 60_000 % 60)):\(two(ms / 1000 % 60)).\(part)"
    }
}
