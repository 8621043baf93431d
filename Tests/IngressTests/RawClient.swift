import NIOCore
import NIOPosix

/// A client that sends bytes as they are and reads answers with a parser of its own, so that no bug of the
/// codec can hide behind itself.
final class RawClient {
    struct Answer {
        var status: Int
        /// Names in lower case.
        var headers: [(name: String, value: String)]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    struct Ended: Error, CustomStringConvertible {
        var description: String
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncStream<[UInt8]>.Continuation
        init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
        }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private var chunks: AsyncStream<[UInt8]>.Iterator
    private var bytes: [UInt8] = []
    private var start = 0

    /// - Parameter reads: false: takes nothing until `readOn`.
    static func connect(_ port: Int, reads: Bool = true) async throws -> RawClient {
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel, stream)
    }

    private init(_ channel: any Channel, _ stream: AsyncStream<[UInt8]>) {
        self.channel = channel
        chunks = stream.makeAsyncIterator()
    }

    /// Does not wait until the bytes are taken.
    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    /// Done when the kernel has taken them.
    func sending(_ bytes: [UInt8]) -> EventLoopFuture<Void> {
        channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }
    func readOn() async throws {
        try await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }
    func close() async { try? await channel.close() }

    /// One whole answer; interim answers are returned as answers of their own.
    func answer(to method: String = "GET") async throws -> Answer {
        var lines: [String] = []
        while true {
            let line = try await line()
            if line.isEmpty { break }
            lines.append(line)
        }
        let first = lines.removeFirst().split(separator: " ")
        guard first.count >= 2, first[0] == "HTTP/1.1", let status = Int(first[1]) else {
            throw Ended(description: "not a status line: \(first)")
        }
        let headers = lines.map { line in
            let cut = line.firstIndex(of: ":") ?? line.endIndex
            return (line[..<cut].lowercased(), String(line[cut...].dropFirst().drop { $0 == " " }))
        }
        var answer = Answer(status: status, headers: headers, body: [])
        if method == "HEAD" || status < 200 || status == 204 || status == 304 { return answer }
        answer.body = try await body(answer)
        return answer
    }

    private func body(_ answer: Answer) async throws -> [UInt8] {
        if let length = answer["content-length"] {
            guard answer["transfer-encoding"] == nil, let count = Int(length) else {
                throw Ended(description: "framing: \(answer.headers)")
            }
            return try await take(count)
        }
        guard answer["transfer-encoding"] == "chunked" else { return try await rest() }
        var body: [UInt8] = []
        while true {
            guard let size = Int(try await line(), radix: 16) else { throw Ended(description: "chunk size") }
            body += try await take(size)
            let end = try await line()
            guard end.isEmpty else { throw Ended(description: "chunk end") }
            if size == 0 { return body }
        }
    }

    /// Everything to the end of the connection.
    func rest() async throws -> [UInt8] {
        while await more() {}
        defer { start = bytes.count }
        return Array(bytes[start...])
    }

    private func line() async throws -> String {
        var scanned = start
        while true {
            while scanned + 1 < bytes.count {
                if bytes[scanned] == 13, bytes[scanned + 1] == 10 {
                    defer { start = scanned + 2 }
                    return String(decoding: bytes[start..<scanned], as: UTF8.self)
                }
                scanned += 1
            }
            let consumed = start
            guard await more() else { throw Ended(description: "the connection ended") }
            scanned -= consumed - start
        }
    }

    private func take(_ count: Int) async throws -> [UInt8] {
        while bytes.count - start < count {
            guard await more() else { throw Ended(description: "the body ended early") }
        }
        defer { start += count }
        return Array(bytes[start..<(start + count)])
    }

    private func more() async -> Bool {
        guard let next = await chunks.next(isolation: nil) else { return false }
        if start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes += next
        return true
    }
}
