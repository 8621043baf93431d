import Model
import Yams

#if canImport(Glibc)
    import Glibc
    /// Named here, since `Settings.read` hides it.
    private let systemRead = Glibc.read
#elseif canImport(Musl)
    import Musl
    private let systemRead = Musl.read
#elseif canImport(Darwin)
    import Darwin
    private let systemRead = Darwin.read
#endif

/// The serve file, or the body of a deployment: all applications, and what is wanted of each.
package struct ServeSettings: Equatable, Sendable {
    /// In the order of the file. Names, and prefixes other than nil, are unique.
    package var applications: [ApplicationSettings] = []
    /// Things that were read and have no effect, each with what to do instead.
    package var warnings: [SettingsProblem] = []
    /// Ray's `http_options`, if they say anything. They move nothing (the cluster file does): see
    /// `HTTPOptions.difference`.
    package var http: HTTPOptions?
    /// `target_capacity`, in thousandths of a percent; nil: all.
    package var targetCapacity: Thousandths?

    package init() {}
}

/// From texts of the user's to values of `Model`, or to every problem at once. JSON is YAML: the same functions
/// read files and API bodies.
///
/// A text has at most 1 MiB and 64 levels, and neither aliases nor tags: see `Scan`.
package enum Settings {
    /// An amount of memory as a file may say it, `512 MiB`, in bytes; nil: it is none.
    package static func bytes(_ text: String) -> Int64? { Field.bytes(text) }

    /// - Parameter file: how messages name the text.
    /// - Throws: every problem found. Nothing of such a text may be used.
    package static func serve(text: String, file: String) throws(SettingsProblems) -> ServeSettings {
        let findings = Findings(file: file)
        let root = Document.root(text, findings)
        try findings.check()
        guard let root, !root.isNull else {
            findings.refuse(
                .start, "the file is empty", "nothing", "`applications:` with a list, [] for none")
            try findings.check()
            return ServeSettings()
        }
        var settings = ServeFile(findings: findings).read(root)
        try findings.check()
        settings.warnings = findings.warnings
        return settings
    }

    /// An empty text is a cluster of this machine alone.
    /// - Throws: as `serve`.
    package static func cluster(text: String, file: String) throws(SettingsProblems) -> ClusterSettings {
        let findings = Findings(file: file)
        let root = Document.root(text, findings)
        try findings.check()
        guard let root, !root.isNull else { return ClusterSettings() }
        let settings = ClusterFile(findings: findings).read(root)
        try findings.check()
        return settings
    }

    /// The text of a file.
    /// - Throws: one problem, without a line: no regular file, no permission, over 1 MiB, or not UTF-8.
    package static func read(path: String) throws(SettingsProblems) -> String {
        // O_NONBLOCK: opening a pipe or a device must not wait for its other end.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw unreadable(path, String(cString: strerror(errno)), "the path of a file that may be read")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw unreadable(path, "not a regular file", "the path of a text file")
        }
        guard let bytes = readAll(descriptor, atMost: Document.bytesMax + 1) else {
            throw unreadable(path, String(cString: strerror(errno)), "a file that can be read to its end")
        }
        guard bytes.count <= Document.bytesMax else {
            let bound = "\(Document.bytesMax) bytes"
            throw unreadable(path, "more than \(bound)", "at most \(bound)")
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard
            let text = String(validating: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
        else { throw unreadable(path, "not UTF-8", "a text in UTF-8") }
        return text
    }

    /// Nil on an error other than an interruption by a signal.
    private static func readAll(_ descriptor: Int32, atMost limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let got = systemRead(descriptor, &piece, min(piece.count, limit - bytes.count))
            if got == 0 { break }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            bytes += piece[..<got]
        }
        return bytes
    }

    private static func unreadable(_ path: String, _ value: String, _ right: String) -> SettingsProblems {
        SettingsProblems(problems: [
            SettingsProblem(
                file: path, line: 0, column: 0, what: "the file cannot be read", value: value, right: right)
        ])
    }
}
