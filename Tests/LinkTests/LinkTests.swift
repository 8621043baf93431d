import Link
import Model
import Support
import Testing
import Wire

private struct Small: Codable, Sendable, Equatable { var name: String }

private func isOutcomeUnknown(_ error: LinkError?) -> Bool {
    if case .outcomeUnknown = error { true } else { false }
}

private func isUnreachable(_ error: LinkError?) -> Bool {
    if case .unreachable = error { true } else { false }
}

@Suite struct LinkTests {
    @Test(arguments: [
        ("http://127.0.0.1:8265", "http://127.0.0.1:8265"), ("http://127.8.9.1:1/", "http://127.8.9.1:1"),
        ("http://localhost:65535", "http://localhost:65535"), ("http://[::1]:80", "http://[::1]:80"),
        ("unix:/run/cloud.sock", "unix:/run/cloud.sock"),
    ])
    func endpointsOfThisMachineAreRead(text: String, written: String) throws {
        let endpoint = try Endpoint(parsing: text)
        #expect(endpoint.description == written)
        #expect(try Endpoint(parsing: written) == endpoint)
    }

    @Test(arguments: [
        "http://10.0.0.1:80", "http://example.com:80", "http://127.0.0.1.example.com:80", "http://0.0.0.0:80",
        "http://128.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1", "http://127.0.0.1:0",
        "http://127.0.0.1:65536", "http://user@127.0.0.1:80", "http://127.0.0.1:80/path",
        "http://127.0.0.1:80?q", "127.0.0.1:80", "unix:relative", "unix:", "", "ftp://127.0.0.1:1",
        "unix:/" + String(repeating: "a", count: 107),
    ])
    func otherEndpointsAreRefusedWithTheirText(text: String) {
        let problem = #expect(throws: Problem.self) { try Endpoint(parsing: text) }
        #expect(problem?.code == "invalid")
        #expect(problem?.message.contains("\"\(text)\"") == true)
    }

    @Test func delaysDoubleUpToTheirMax() {
        var dice = SystemRandomNumberGenerator()
        var backoff = Backoff(first: Millis(100), max: Millis(5_000))
        for ceiling: Int64 in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            #expect((ceiling / 2...ceiling).contains(backoff.next(using: &dice).rawValue))
        }
        backoff.reset()
        #expect(backoff.next(using: &dice) <= Millis(100))
    }

    @Test func aDelayIsNeverZeroAndNeverOverflows() {
        var dice = SystemRandomNumberGenerator()
        var backoff = Backoff(first: Millis(0), max: Millis(.max))
        for _ in 0..<200 { #expect(backoff.next(using: &dice) >= Millis(1)) }
    }

    @Test func nobodyListeningIsUnreachable() async throws {
        let nobody = try ClosedPort()
        defer { withExtendedLifetime(nobody) {} }
        for endpoint in [
            Endpoint.tcp(host: "127.0.0.1", port: nobody.number), .unix(path: "/tmp/no-such.sock"),
        ] {
            let error = await #expect(throws: LinkError.self) {
                try await Link(endpoint, token: nil).text("POST", "/x", deadline: .seconds(10))
            }
            #expect(isUnreachable(error), "\(String(describing: error))")
        }
    }

    @Test(arguments: [true, false])
    func aConnectionThatClosesLeavesTheOutcomeUnknown(atOnce: Bool) async throws {
        let server = try await RawServer(atOnce ? .closesAtOnce : .closesAfterTheRequest)
        let error = await #expect(throws: LinkError.self) {
            try await Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
                .text("POST", "/x", deadline: .seconds(10))
        }
        #expect(isOutcomeUnknown(error), "\(String(describing: error))")
        try await server.stop()
    }

    @Test func silenceEndsAtTheDeadline() async throws {
        let server = try await RawServer(.staysSilent)
        // The server never answers: that this returns at all is the deadline's doing.
        let error = await #expect(throws: LinkError.self) {
            try await Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
                .text("POST", "/x", deadline: Millis(100))
        }
        #expect(isOutcomeUnknown(error))
        for await _ in server.closed { break }  // the request does not go on behind the caller's back
        try await server.stop()
    }

    @Test func aBodyThatNeverEndsIsBoundedToo() async throws {
        let server = try await RawServer(.answers("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"))
        let error = await #expect(throws: LinkError.self) {
            try await Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
                .text("GET", "/x", deadline: Millis(100))
        }
        #expect(isOutcomeUnknown(error))
        try await server.stop()
    }

    @Test func cancellationEndsTheRequest() async throws {
        let server = try await RawServer(.staysSilent)
        let link = Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
        let error = await withTaskGroup(of: LinkError?.self) { group in
            group.addTask {
                do throws(LinkError) {
                    _ = try await link.text("POST", "/x", deadline: .seconds(60))
                    return nil
                } catch {
                    return error
                }
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(isOutcomeUnknown(error))
        try await server.stop()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"nam\":1}", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 16777217\r\n\r\n{", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"name\":\"a\"}", true),
    ])
    func anAnswerIsReadOrRefused(answer: String, isGood: Bool) async throws {
        let server = try await RawServer(.answers(answer))
        let link = Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
        do throws(LinkError) {
            let small = try await link.call("GET", "/x", deadline: .seconds(10), as: Small.self)
            #expect(isGood && small == Small(name: "a"))
        } catch {
            #expect(!isGood)
            if case .badAnswer = error {} else { Issue.record("\(error)") }
        }
        try await server.stop()
    }

    @Test func aRefusalWithoutAProblemKeepsItsStatus() async throws {
        let server = try await RawServer(.answers("HTTP/1.1 502 Bad\r\ncontent-length: 4\r\n\r\noops"))
        let error = await #expect(throws: LinkError.self) {
            try await Link(.tcp(host: "127.0.0.1", port: server.port), token: nil)
                .text("GET", "/x", deadline: .seconds(10))
        }
        guard case .refused(status: 502, let problem) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.code == "http_502" && problem.message.contains("oops"))
        try await server.stop()
    }
}
