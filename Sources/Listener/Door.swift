import Hummingbird
import Wire

/// Stands before the router, so that no route, no method and no unknown path can be reached around it: first
/// who asks (origin, token), then the route, then every error as a `Problem`.
struct Door: HTTPResponder {
    let inner: RouterResponder<ListenerContext>
    let token: Token
    /// False on a unix socket, which no browser can reach and whose Host says nothing.
    let checksHost: Bool

    func respond(to request: Request, context: ListenerContext) async throws -> Response {
        let response = await answer(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: ListenerContext) async -> Response {
        do {
            try refuseStrangers(request)
            let response = try await inner.respond(to: request, context: context)
            // The router answers some errors itself, in its own words or in none.
            guard response.status.code >= 400, response.headers[.contentType] != Answer.json else {
                return response
            }
            return Answer.problem(HTTPError(response.status))
        } catch {
            return Answer.problem(error)
        }
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
        if let origin = request.headers[.origin], !checksHost || origin != "http://\(host)" {
            throw Problem(
                code: "forbidden", message: "a page of \(origin.prefix(100)) may not call this server")
        }
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer "),
            token.matches(header.dropFirst("Bearer ".count))
        else {
            throw Problem(
                code: "unauthorized",
                message: "Authorization: Bearer TOKEN is missing or wrong; the token is in State/token")
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
