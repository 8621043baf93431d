import Foundation
import Hummingbird
import Link
import Listener
import Logging
import Model
import ServiceLifecycle
import Testing
import Wire

private let token = Token(secret: String(repeating: "b", count: 64))

private struct Small: Codable, Sendable, Equatable { var name: String }

/// Serves the routes of these tests for as long as `body` runs.
private func whileServing(
    _ bind: Bind = .tcp(port: 0), waits: AsyncStream<String>.Continuation? = nil,
    _ body: @escaping @Sendable (Int) async throws -> Void
) async throws {
    let (ports, bell) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { bell.finish() }
            try await Listener(name: "test", bind: bind, token: token).run(
                routes: { addRoutes($0, waits) }, onBound: { bell.yield($0) })
        }
        group.addTask {
            for await port in ports { return try await body(port) }
        }
        defer { group.cancelAll() }
        try await group.next()
    }
}

private func addRoutes(_ router: Router<ListenerContext>, _ waits: AsyncStream<String>.Continuation?) {
    router.post("echo") { request, context in
        try Answer.json(try await context.read(Small.self, from: request))
    }
    router.get("throws/:code") { _, context -> Response in
        throw Problem(code: try context.parameter("code"), message: "as asked")
    }
    router.get("breaks") { _, _ -> Response in throw URLError(.unknown) }
    router.post("waits") { request, context in
        try await context.longPoll(Small.self, from: request) { _ in
            waits?.yield("began")
            // Nobody ever yields: it ends when the task is cancelled.
            let (never, neverYielded) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            withExtendedLifetime(neverYielded) {}
            waits?.yield("ended")
            try Task.checkCancellation()
            return Answer.text("never")
        }
    }
}

private func link(_ port: Int, _ token: Token? = token) -> Link {
    Link(.tcp(host: "127.0.0.1", port: port), token: token)
}

private func refusal(_ call: () async throws -> Void) async -> (status: Int, problem: Problem)? {
    do {
        try await call()
    } catch LinkError.refused(let status, let problem) {
        return (status, problem)
    } catch {
        Issue.record("\(error)")
    }
    return nil
}

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    @Test func everyMethodAndPathAsksForTheToken() async throws {
        try await whileServing { port in
            let strangers = [nil, Token(secret: "b"), Token(secret: String(repeating: "b", count: 63) + "c")]
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK"] {
                for path in ["/echo", "/throws/invalid", "/no-such-route", "/"] {
                    for stranger in strangers {
                        let refused = await refusal {
                            _ = try await link(port, stranger).text(method, path, deadline: .seconds(10))
                        }
                        #expect(refused?.status == (stranger == nil ? 401 : 403), "\(method) \(path)")
                    }
                }
            }
            let refused = await refusal {
                _ = try await link(port, nil).text("GET", "/metrics", deadline: .seconds(10))
            }
            #expect(refused?.problem.code == "unauthorized")
        }
    }

    @Test func aBodyTravelsBothWays() async throws {
        try await whileServing { port in
            for name in ["a", "ü\n\"", String(repeating: "x", count: 100_000)] {
                let answer = try await link(port).call(
                    "POST", "/echo", body: Small(name: name), deadline: .seconds(10), as: Small.self)
                #expect(answer == Small(name: name))
            }
        }
    }

    @Test(arguments: [
        ("invalid", 400), ("not_found", 404), ("conflict", 409), ("superseded", 409), ("unavailable", 503),
        ("throttled", 429), ("out_of_capacity", 503), ("quota", 403), ("rejected", 422),
        ("outcome_unknown", 504), ("anything_else", 500),
    ])
    func aThrownProblemKeepsItsCode(code: String, status: Int) async throws {
        try await whileServing { port in
            let refused = await refusal {
                _ = try await link(port).text("GET", "/throws/\(code)", deadline: .seconds(10))
            }
            #expect(refused?.status == status)
            #expect(refused?.problem == Problem(code: code, message: "as asked"))
        }
    }

    @Test(arguments: [
        ("POST", "/echo", "{", 400, "invalid"), ("POST", "/echo", "{\"name\":1}", 400, "invalid"),
        ("GET", "/no-such-route", "", 404, "not_found"), ("GET", "/breaks", "", 500, "internal"),
        ("POST", "/echo", String(repeating: "x", count: Listener.bodyBytesMax + 1), 413, "too_large"),
    ])
    func everyErrorIsAProblem(
        method: String, path: String, body: String, status: Int, code: String
    ) async throws {
        try await whileServing { port in
            let refused = await refusal {
                _ = try await link(port).text(method, path, body: Data(body.utf8), deadline: .seconds(10))
            }
            #expect(refused?.status == status)
            #expect(refused?.problem.code == code)
            if body.contains("name") { #expect(refused?.problem.message.contains("name") == true) }
        }
    }

    @Test(arguments: [
        ("127.0.0.1:PORT", nil, 404), ("localhost:PORT", nil, 404), ("[::1]:PORT", nil, 404),
        ("127.0.0.1:PORT", "http://127.0.0.1:PORT", 404), ("localhost", "http://localhost", 404),
        ("127.0.0.1:PORT", "http://evil.example", 403), ("127.0.0.1:PORT", "null", 403),
        ("127.0.0.1:PORT", "https://127.0.0.1:PORT", 403), ("127.0.0.1:PORT", "http://127.0.0.1:1", 403),
        ("evil.example:PORT", nil, 403), ("evil.example", "http://evil.example", 403),
        ("127.0.0.1.evil.example", nil, 403), ("127.0.0.1:x", nil, 403), ("", nil, 403),
    ])
    func onlyOwnPagesMayCall(host: String, origin: String?, status: Int) async throws {
        try await whileServing { port in
            func filled(_ text: String) -> String { text.replacingOccurrences(of: "PORT", with: "\(port)") }
            var head = "GET /x HTTP/1.1\r\nhost: \(filled(host))\r\nconnection: close\r\n"
            head += "authorization: Bearer \(token.secret)\r\n"
            if let origin { head += "origin: \(filled(origin))\r\n" }
            let answer = try await rawExchange(port: port, head + "\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(200))")
        }
    }

    @Test func aPortInUseIsNamedBeforeAnythingIsServed() async throws {
        try await whileServing { port in
            let problem = await #expect(throws: Problem.self) {
                try await Listener(name: "test", bind: .tcp(port: port), token: token).run(
                    routes: { _ in }, onBound: { _ in Issue.record("it was served") })
            }
            #expect(problem?.code == "bind")
            #expect(problem?.message.contains("\(port)") == true)
        }
    }

    /// The pooled connection to a server that just ended may be found closed only by using it.
    private func echoOverSocket(_ path: String) async throws -> Small {
        let link = Link(.unix(path: path), token: token)
        do {
            return try await link.call(
                "POST", "/echo", body: Small(name: "a"), deadline: .seconds(10), as: Small.self)
        } catch .outcomeUnknown {
            return try await link.call(
                "POST", "/echo", body: Small(name: "a"), deadline: .seconds(10), as: Small.self)
        }
    }

    @Test func aSocketIsOursAloneAndALiveOneIsNotReplaced() async throws {
        let path = "/tmp/tandem-\(UUID().uuidString.prefix(8)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        for _ in 0..<2 {  // the second finds the file that the first left
            try await whileServing(.unix(path: path)) { _ in
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
                #expect(mode as? Int == 0o600)
                #expect(try await echoOverSocket(path) == Small(name: "a"))
                let problem = await #expect(throws: Problem.self) {
                    try await Listener(name: "test", bind: .unix(path: path), token: token)
                        .run(routes: { _ in }, onBound: { _ in })
                }
                #expect(problem?.code == "bind")
            }
        }
    }

    @Test func aLongPollEndsWhenItsClientGoesAway() async throws {
        let (waits, bell) = AsyncStream<String>.makeStream()
        try await whileServing(waits: bell) { port in
            var events = waits.makeAsyncIterator()
            let error = await #expect(throws: LinkError.self) {
                try await link(port).call(
                    "POST", "/waits", body: Small(name: "a"), deadline: Millis(300), as: Small.self)
            }
            if case .outcomeUnknown = error {} else { Issue.record("\(String(describing: error))") }
            #expect(await events.next() == "began")
            #expect(await events.next() == "ended")
        }
    }

    @Test func aGracefulShutdownDoesNotWaitForLongPolls() async throws {
        let (waits, bell) = AsyncStream<String>.makeStream()
        let (ports, bound) = AsyncStream<Int>.makeStream()
        let service = ListenerService { onBound in
            try await Listener(name: "test", bind: .tcp(port: 0), token: token).run(
                routes: { addRoutes($0, bell) }, onBound: onBound)
        } onBound: {
            bound.yield($0)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await port in ports {
                    let refused = await refusal {
                        _ = try await link(port).call(
                            "POST", "/waits", body: Small(name: "a"), deadline: .seconds(30), as: Small.self)
                    }
                    #expect(refused?.status == 503)
                    return
                }
            }
            for await event in waits where event == "began" { break }
            let start = ContinuousClock.now
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }
}

private struct ListenerService: Service {
    let serve: @Sendable (@escaping @Sendable (Int) async -> Void) async throws -> Void
    let onBound: @Sendable (Int) async -> Void

    init(
        _ serve: @escaping @Sendable (@escaping @Sendable (Int) async -> Void) async throws -> Void,
        onBound: @escaping @Sendable (Int) async -> Void
    ) {
        self.serve = serve
        self.onBound = onBound
    }

    func run() async throws { try await serve(onBound) }
}
