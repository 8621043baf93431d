import Hummingbird
import Listener
import Testing
import Wire

private let token = Token(secret: String(repeating: "c", count: 64))
private let wrong = String(repeating: "c", count: 63) + "d"

/// Who is let in, by what a request brings. TOKEN and WRONG stand for tokens, PORT for the port.
@Suite(.timeLimit(.minutes(1))) struct CredentialTests {
    /// One request with these lines of a head.
    private func answer(_ method: String, _ path: String, _ lines: [String]) async throws -> String {
        let (ports, bell) = AsyncStream<Int>.makeStream()
        return try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                defer { bell.finish() }
                try await Listener(name: "test", bind: .tcp(port: 0), token: token).run(
                    routes: { router in
                        for path in ["/in", "/api/in", "/api/open"] {
                            router.get(RouterPath(path)) { _, _ in Answer.text("inside") }
                            router.put(RouterPath(path)) { _, _ in Answer.text("inside") }
                        }
                        router.get("/api/wrong") { _, _ -> Response in
                            throw Problem(code: "invalid", message: "no good", problems: ["a:1:2: x"])
                        }
                    }, openPaths: ["/api/open"], onBound: { bell.yield($0) })
                return ""
            }
            defer { group.cancelAll() }
            for await port in ports {
                let head =
                    ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:PORT", "Connection: close"] + lines
                return try await rawExchange(
                    port: port,
                    (head.joined(separator: "\r\n") + "\r\n\r\n")
                        .replacing("TOKEN", with: token.secret).replacing("WRONG", with: wrong)
                        .replacing("PORT", with: "\(port)"))
            }
            return ""
        }
    }

    private func status(_ method: String, _ path: String, _ lines: [String]) async throws -> Int? {
        let words = try await answer(method, path, lines).split(separator: " ")
        return words.count > 1 ? Int(words[1]) : nil
    }

    @Test(arguments: [
        (["Authorization: Bearer TOKEN"], 200), (["X-Ray-Authorization: Bearer TOKEN"], 200),
        (["Cookie: ray-authentication-token=TOKEN"], 200),
        (["Cookie: a=b; ray-authentication-token=TOKEN; c=d"], 200),
        (["Cookie: a=b", "Cookie: ray-authentication-token=TOKEN"], 200),
        ([], 401), (["Cookie: a=TOKEN"], 401), (["Cookie: xray-authentication-token=TOKEN"], 401),
        (["Cookie: ray-authentication-token="], 401), (["Authorization:"], 401), (["Token: TOKEN"], 401),
        (["Authorization: TOKEN"], 403), (["Authorization: bearer TOKEN"], 403),
        (["Authorization: Bearer WRONG"], 403), (["Authorization: Bearer"], 403),
        (["Authorization: Bearer TOKEN", "Authorization: Bearer TOKEN"], 403),
        (["X-Ray-Authorization: TOKEN"], 403), (["X-Ray-Authorization: Bearer WRONG"], 403),
        (["Cookie: ray-authentication-token=WRONG"], 403),
        (["Cookie: ray-authentication-token=Bearer TOKEN"], 403),
        // The first that is there decides.
        (["X-Ray-Authorization: Bearer TOKEN", "Authorization: Bearer WRONG"], 403),
        (["X-Ray-Authorization: Bearer WRONG", "Authorization: Bearer TOKEN"], 200),
        (["X-Ray-Authorization: Bearer WRONG", "Cookie: ray-authentication-token=TOKEN"], 403),
        (["Authorization:", "X-Ray-Authorization: Bearer TOKEN"], 200),
        (["Cookie: ray-authentication-token=WRONG; ray-authentication-token=TOKEN"], 403),
    ])
    func theFirstPlaceThatHoldsATokenDecides(lines: [String], expected: Int) async throws {
        for path in ["/in", "/api/in"] { #expect(try await status("GET", path, lines) == expected) }
        // Before the route: nobody learns without a token what there is.
        #expect(try await status("GET", "/api/no", lines) == (expected == 200 ? 404 : expected))
    }

    @Test(arguments: [
        ("/api/open", 200), ("/api/open?a=b", 200), ("/api/open/", 401), ("/api//open", 401),
        ("/api/open/x", 401), ("/API/open", 401), ("/api/%6Fpen", 401), ("/api/in?/api/open", 401),
    ])
    func anOpenPathIsOpenToTheLetter(path: String, expected: Int) async throws {
        #expect(try await status("GET", path, []) == expected)
    }

    @Test func anOpenPathIsOpenToNoOtherSite() async throws {
        #expect(try await status("GET", "/api/open", ["Origin: http://evil.example"]) == 403)
        #expect(try await status("PUT", "/api/open", ["Origin: http://127.0.0.1:PORT"]) == 405)
    }

    @Test(arguments: [
        "Origin: http://127.0.0.1:PORT", "Origin: http://evil.example", "Referer: http://127.0.0.1:PORT/",
        "User-Agent: Mozilla/5.0", "Sec-Fetch-Site: same-origin", "Sec-Fetch-New: x",
        "Access-Control-Request-Method: PUT",
    ])
    func aBrowserMayOnlyRead(sign: String) async throws {
        let good = "Authorization: Bearer TOKEN"
        #expect(try await status("PUT", "/api/in", [good, sign]) == 405)
        #expect(try await status("PUT", "/in", ["Cookie: ray-authentication-token=TOKEN", sign]) == 405)
        // Who has no token learns nothing else first.
        #expect(try await status("PUT", "/api/in", [sign]) == 401)
        let isForeign = sign.contains("evil")
        #expect(try await status("GET", "/api/in", [good, sign]) == (isForeign ? 403 : 200))
    }

    @Test func aRefusalIsATextOnRaysPathsUnlessJSONIsAskedFor() async throws {
        let good = "Authorization: Bearer TOKEN"
        let text = try await answer("GET", "/api/wrong", [good, "Accept: */*"])
        #expect(text.lowercased().contains("content-type: text/plain") && text.contains(" 400 "))
        #expect(text.hasSuffix("\r\n\r\nno good\na:1:2: x"))
        for (path, lines) in [("/api/wrong", [good, "Accept: application/json"]), ("/no", [good])] {
            let json = try await answer("GET", path, lines)
            #expect(json.lowercased().contains("content-type: application/json"), "\(path)")
            #expect(json.contains("\"code\":"), "\(path)")
        }
        let missing = try await answer("GET", "/api/in", [])
        #expect(missing.lowercased().contains("content-type: text/plain"))
        #expect(missing.lowercased().contains("www-authenticate: bearer"))
    }
}
