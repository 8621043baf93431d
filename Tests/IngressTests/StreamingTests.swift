import Foundation
import Model
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(2))) struct StreamingTests {
    @Test func oneConnectionServesManyAndTellsWhoAsked() async throws {
        try await Harness.run(loops: 1) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send(
                """
                GET /head?q=1 HTTP/1.1\r\nHost: example.org\r\nX-Request-Id: mine-7\r\nConnection: x-gone\r\n\
                X-Gone: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Kept: 2\r\nTE: trailers\r\n\r\n
                """)
            let first = try await client.answer()
            #expect(first.status == 200 && first.text == "/head?q=1")
            #expect(first["x-request-id"] == "mine-7")
            #expect(first["x-hop"] == nil, "named by the replica's Connection")
            #expect(first["connection"] == nil)
            client.send("GET /head/%61/../b HTTP/1.1\r\nHost: h\r\nX-Request-Id: not sane\r\n\r\n")
            let second = try await client.answer()
            #expect(second.text == "/head/b", "the canonical form is sent on")
            let id = try #require(second["x-request-id"])
            #expect(id.count == 32)
            let seen = backend.seen.map(\.head.headers)
            #expect(seen[0]["x-forwarded-for"] == ["127.0.0.1"])
            #expect(seen[0]["x-forwarded-host"] == ["example.org"] && seen[0]["host"] == ["example.org"])
            #expect(seen[0]["x-forwarded-proto"] == ["http"])
            #expect(seen[0]["x-kept"] == ["2"] && seen[0]["x-gone"].isEmpty && seen[0]["te"].isEmpty)
            #expect(seen[0]["x-request-id"] == ["mine-7"] && seen[1]["x-request-id"] == [id])
            #expect(backend.seen.map(\.connection) == [1, 1], "one connection to the replica serves both")
        }
    }

    @Test(arguments: [1, 2]) func twentyPipelinedAreAnsweredInOrder(loops: Int) async throws {
        try await Harness.run(loops: loops) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], prefix: "/p"), named("q", "/echo", [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            var text = ""
            for index in 0..<20 {
                switch index % 4 {
                case 0: text += "GET /p/\(index) HTTP/1.1\r\nHost: h\r\n\r\n"
                case 1: text += "GET /nowhere/\(index) HTTP/1.1\r\nHost: h\r\n\r\n"
                case 2: text += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n\(index + 10)"
                default:
                    text +=
                        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                }
            }
            client.send(text)
            for index in 0..<20 {
                let answer = try await client.answer()
                switch index % 4 {
                case 0: #expect(answer.text == "/p/\(index)")
                case 1: #expect(answer.status == 404 && answer.text.contains("/nowhere/\(index)"))
                case 2: #expect(answer.text == "\(index + 10)")
                default: #expect(answer.status == 404)
                }
            }
        }
    }

    @Test func chunksGoBothWays() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            client.send("7;ext=1\r\n, world\r\n0\r\nTrailer: dropped\r\n\r\n")
            let answer = try await client.answer(to: "POST")
            #expect(answer["transfer-encoding"] == "chunked" && answer.text == "hello, world")
            client.send("GET /echo HTTP/1.0\r\n\r\n")
            let old = try await client.answer()
            #expect(old["transfer-encoding"] == nil && old["connection"] == "close")
            #expect(old.text.isEmpty, "HTTP/1.0 knows no chunks: the end is the end of the connection")
            client.send("GET / HTTP/1.1\r\n\r\n")
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test func twentyMegabytesGoBothWays() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            let count = 20 << 20
            var body = [UInt8](repeating: 0, count: count)
            for index in 0..<count { body[index] = UInt8(truncatingIfNeeded: index &* 31 ^ index >> 9) }
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n")
            client.send(body)
            let answer = try await client.answer(to: "POST")
            #expect(answer.body == body)
            client.send("GET /length/\(count) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.answer().body.count == count, "and the connection goes on")
        }
    }

    /// What fits into sockets and buffers on the way: of each of the two connections what the kernel lets a socket grow to
    /// on either side, and 4 MiB of ours. The bodies here are three times that.
    static let buffersMax = {
        let most = ["tcp_rmem", "tcp_wmem"].map { name -> Int in
            let words = try? String(contentsOf: URL(filePath: "/proc/sys/net/ipv4/\(name)"), encoding: .utf8)
            return words?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 32 << 20
        }
        return 2 * most.reduce(0, +) + 4 << 20
    }()

    /// The one loop serves hundreds of other requests meanwhile; without back-pressure it would have read on.
    @Test func aClientThatDoesNotReadStopsTheReplica() async throws {
        try await Harness.run(loops: 1) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await RawClient.connect(harness.port, reads: false)
            let count = 3 * (Self.buffersMax >> 20) << 20
            client.send("GET /flood/\(count) HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.flooded > 0 }
            for _ in 0..<300 { #expect(try await harness.get("/x").status == 200) }
            #expect(backend.state.withLock { $0.flooded } < Self.buffersMax)
            try await client.readOn()
            #expect(try await client.answer().body.count == count)
        }
    }

    @Test func aReplicaThatDoesNotReadStopsTheClient() async throws {
        try await Harness.run(loops: 1) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            let count = 3 * (Self.buffersMax >> 20) << 20
            client.send("POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n")
            let taken = Atomic(0)
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<(count / piece.count) {
                client.sending(piece).whenSuccess { taken.add(piece.count, ordering: .relaxed) }
            }
            await backend.until { $0.held.count == 1 }
            for _ in 0..<300 { #expect(try await harness.get("/x").status == 200) }
            #expect(taken.load(ordering: .relaxed) < Self.buffersMax)
            backend.openSink()
            #expect(try await client.answer(to: "POST").status == 200)
            #expect(backend.state.withLock { $0.sunk } == count)
        }
    }

    /// Nobody can know whether the body still comes, so the connection must not go on.
    @Test func aRefusedExpectationEndsTheConnection() async throws {
        try await Harness.run { harness in
            harness.tier.publish(route(1, [], maxQueued: 0))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
            let refused = try await client.answer()
            #expect(refused.status == 503 && refused["connection"] == "close")
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test func answersWithoutABodyHaveNone() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("HEAD /length/7 HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.answer(to: "HEAD")["content-length"] == "7")
            client.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.answer(to: "HEAD").status == 200)
            for status in [204, 304, 200, 404, 503] {
                client.send("GET /status/\(status) HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.answer().status == status)
            }
            client.send(
                "HEAD /-/nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /length/3 HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.answer(to: "HEAD").status == 404)
            #expect(try await client.answer().text == "xxx")
        }
    }

    @Test func expectationsAreMetBeforeTheBodyIsSent() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await client.answer().status == 100)
            client.send("ok")
            #expect(try await client.answer().text == "ok")
            #expect(backend.seen.first?.head.headers["expect"].isEmpty == true)
        }
    }

    static let hostile: [(String, Int)] = [
        (
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 0),
        ("POST / HTTP/1.1\r\nHost : h\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("NONSENSE\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 0),
        ("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "a", count: 17_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: "A: b\r\n", count: 101))\r\n", 431),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 0),
    ]

    /// Status 0: any refusal.
    @Test(arguments: hostile) func whatIsAmbiguousOrTooLargeEndsTheConnection(
        request: String, status: Int
    ) async throws {
        try await Harness.run(loops: 1) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send(request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
            let answer = try await client.answer()
            #expect(status == 0 ? answer.status >= 400 : answer.status == status, "\(answer)")
            #expect(answer["connection"] == "close")
            #expect(try await client.rest().isEmpty)
            #expect(backend.seen.isEmpty)
        }
    }

    @Test func aBrokenBodyNeverReachesTheReplicaAsWhole() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("POST /hang HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await backend.until { $0.ongoing == 1 }
            client.send("oops\r\n")
            #expect(try await client.answer().status == 400)
            await backend.until { $0.open == 0 }
        }
    }
}

func named(_ name: String, _ prefix: String, _ backends: [Backend]) -> DeploymentRoute {
    var named = route(1, [], prefix: prefix)
    named.deployment = DeploymentID(application: name, deployment: "main")
    named.replicas = backends.enumerated().map { $1.replica(Int64($0 + 1), of: named.deployment) }
    return named
}
