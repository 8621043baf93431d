import Hummingbird
import Wire

/// Stands before the router, so that no route, no method and no unknown path can be reached around it: first
/// who asks (host, token, browser), then the route, then every error as a `Problem`.
struct Door: HTTPResponder {
    let inner: RouterResponder<ListenerContext>
    let token: Token
    /// False on a unix socket, which no browser can reach and whose Host says nothing.
    let checksHost: Bool
    /// Answered without the token too; they say nothing that a stranger may not know.
    let openPaths: Set<String>

    func respond(to request: Request, context: ListenerContext) async throws -> Response {
        let response = await answer(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: ListenerContext) async -> Response {
        do {
            try refuseStrangers(request)
            let response = try await inner.respond(to: request, context: context)
            // The router answers some errors itself, in its own words or in none.
            let isJSON = response.headers[.contentType]?.hasPrefix(Answer.json) ?? false
            guard response.status.code >= 400, !isJSON else { return response }
            var refused = refusal(HTTPError(response.status), of: request)
            refused.headers[.allow] = response.headers[.allow]
            return refused
        } catch {
            return refusal(error, of: request)
        }
    }

    /// Ray's clients print what stands in a refusal as it is, so on Ray's paths it is a text, unless JSON is asked for.
    private func refusal(_ error: any Error, of request: Request) -> Response {
        let wantsJSON = request.headers[.accept]?.contains(Answer.json) ?? false
        return request.uri.path.hasPrefix("/api/") && !wantsJSON
            ? Answer.problemText(error) : Answer.problem(error)
    }

    private func refuseStrangers(_ request: Request) throws(Problem) {
        let host = request.head.authority ?? ""
        if checksHost && !Self.isOwn(host) {
            // A page of another site whose name was pointed at this address (DNS rebinding).
            throw Problem(
                code: "forbidden",
                message:
                    "host \"\(host.prefix(100))\" is not served here: use 127.0.0.1, localhost or [::1]")
        }
        if !openPaths.contains(request.uri.path) { try askForToken(request) }
        if request.isFromBrowser && !request.onlyReads {
            // Whatever a page of this or another site talked the browser into.
            throw Problem(
                code: "method_not_allowed",
                message: "\(request.method) is not for browsers: they may only read")
        }
        if let origin = request.headers[.origin], !checksHost || origin != "http://\(host)" {
            throw Problem(
                code: "forbidden", message: "a page of \(origin.prefix(100)) may not call this server")
        }
    }

    private func askForToken(_ request: Request) throws(Problem) {
        switch Credential(request.headers, of: token) {
        case .right: return
        case .missing:
            throw Problem(
                code: "unauthorized",
                message: "the token is missing: send Authorization: Bearer TOKEN; it is in State/token")
        case .wrong:
            throw Problem(
                code: "forbidden",
                message: "the token is wrong: send Authorization: Bearer TOKEN with the one in State/token")
        }
    }

    /// True for the names of this machine, with or without a port.
    static func isOwn(_ host: String) -> Bool {
        var name = Substring(host)
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            let port = name[name.index(after: colon)...]
            guard port.utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
            name = name[..<colon]
        }
        return ["127.0.0.1", "localhost", "[::1]"].contains(name.lowercased())
    }
}
