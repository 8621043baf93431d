import Hummingbird
import Wire

/// What a request brings to be let in. It is looked for where Ray 2.60 looks, in its order, so that Ray's own clients
/// and the proxies that people put before them need no change; the first place that holds anything decides.
enum Credential: Equatable {
    case missing
    case wrong
    case right

    /// The header that proxies leave alone when they use `Authorization` themselves.
    static let header = HTTPFields.Element.Name("X-Ray-Authorization")
    /// Holds the bare token.
    static let cookie = "ray-authentication-token"

    init(_ headers: HTTPFields, of token: Token) {
        let named = [headers[.authorization], Self.header.flatMap { headers[$0] }]
        if let value = named.compactMap({ $0 }).first(where: { !$0.isEmpty }) {
            let word = "Bearer "
            self = value.hasPrefix(word) && token.matches(value.dropFirst(word.count)) ? .right : .wrong
        } else if let value = headers[.cookie].flatMap(Self.cookie(in:)) {
            self = token.matches(value) ? .right : .wrong
        } else {
            self = .missing
        }
    }

    /// Our cookie among all that a client sends; an empty one is none.
    private static func cookie(in header: String) -> Substring? {
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            guard pair.hasPrefix("\(cookie)=") else { continue }
            let value = pair.dropFirst(cookie.count + 1)
            return value.isEmpty ? nil : value
        }
        return nil
    }
}
