import Foundation
import Traces

/// A file that is there for one test.
final class TraceFile {
    let path: String

    convenience init(_ text: String, name: String = "trace.csv") throws {
        try self.init(Data(text.utf8), name: name)
    }

    init(_ data: Data, name: String = "trace.csv") throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "traces-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: name).path()
        try data.write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

    func read(_ format: TraceFormat, _ change: (inout TraceReading) -> Void = { _ in }) throws -> RecordedLoad
    {
        var reading = TraceReading(format: format)
        change(&reading)
        return try RecordedLoad.read(path: path, reading)
    }
}

/// The sentence a trace is refused with, without the folder; nil when it is accepted.
func refusal(
    _ format: TraceFormat, _ text: String, _ change: (inout TraceReading) -> Void = { _ in }
) throws -> String? {
    let file = try TraceFile(text)
    do {
        _ = try file.read(format, change)
        return nil
    } catch let problem as TraceProblem {
        return problem.description.replacing(file.path, with: "trace.csv")
    }
}
