import Foundation
import Testing
import Traces

@Suite("Packed traces")
struct PackedTests {
    /// `rps\n1\n2\n3\n` by gzip(1).
    static let packed = Data(base64Encoded: "H4sIAAAAAAACAysqKOYy5DLiMuYCAEDCp6EKAAAA")

    @Test(arguments: ["trace.csv.gz", "trace.csv"])
    func aPackedTraceIsUnpackedByItsFirstBytes(name: String) throws {
        let data = try #require(Self.packed)
        #expect(try TraceFile(data, name: name).read(.rps).requests.count == 6)
    }

    @Test func aNameAloneDoesNotMakeItPacked() throws {
        let file = try TraceFile("rps\n1\n", name: "trace.csv.gz")
        #expect {
            try file.read(.rps)
        } throws: {
            "\($0)".contains("named as if packed by gzip, and is not")
        }
    }

    @Test func aTornFileIsRefused() throws {
        let data = try #require(Self.packed)
        let file = try TraceFile(data.dropLast(6), name: "trace.csv.gz")
        #expect {
            try file.read(.rps)
        } throws: {
            "\($0)".contains("cannot be unpacked to its end: gzip ended with 1")
        }
    }

    /// Longer than all buffers on the way: gzip(1) is still writing when the reader has enough.
    @Test func aReaderThatHasEnoughEndsTheChild() throws {
        let file = try TraceFile("rps\n" + String(repeating: "1\n", count: 2_000_000))
        let packer = Process()
        packer.executableURL = URL(filePath: "/usr/bin/env")
        packer.arguments = ["gzip", "-1", file.path]
        try packer.run()
        packer.waitUntilExit()
        var reading = TraceReading(format: .rps)
        reading.until = 3_000_000
        let load = try withExtendedLifetime(file) {
            try RecordedLoad.read(path: file.path + ".gz", reading)
        }
        #expect(load.requests.count == 3)
        #expect(load.end == 3_000_000)
    }
}
