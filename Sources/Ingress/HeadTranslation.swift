import NIOCore
import NIOHTTP1
import Routing

/// Between the codec's heads and those of `Routing`.
enum HeadTranslation {
    static func fields(_ headers: HTTPHeaders) -> [HeaderField] {
        headers.map { HeaderField($0.name, $0.value) }
    }

    static func request(_ head: HTTPRequestHead) throws(HeadRefusal) -> RequestHead {
        try RequestHead(
            method: head.method.rawValue, target: head.uri, minorVersion: head.version.minor,
            headers: fields(head.headers))
    }

    /// What a client says about itself and its way is replaced by what we know.
    private static let replaced: Set<String> = [
        "content-length", "expect", "forwarded", "host", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-server", "x-real-ip",
        RequestID.field,
    ]

    /// The head as the replica gets it: written anew from the parsed form, with one framing header.
    static func upstream(
        _ head: RequestHead, id: String, client: String, replica: ReplicaAddress
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        let host = head.target.authority ?? Headers.first(head.headers, "host")
        headers.add(name: "host", value: host ?? "\(replica.host):\(replica.port)")
        for field in Headers.forwarded(head.headers, without: replaced) {
            headers.add(name: field.name, value: field.value)
        }
        switch head.framing {
        case .none where Headers.count(head.headers, "content-length") > 0:
            headers.add(name: "content-length", value: "0")
        case .none: break
        case .length(let length): headers.add(name: "content-length", value: String(length))
        case .chunked: headers.add(name: "transfer-encoding", value: "chunked")
        }
        headers.add(name: "x-forwarded-for", value: client)
        headers.add(name: "x-forwarded-proto", value: "http")
        if let host { headers.add(name: "x-forwarded-host", value: host) }
        headers.add(name: RequestID.field, value: id)
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: head.method), uri: head.target.text,
            headers: headers)
    }

    /// How an answer's end is found.
    enum AnswerFraming: Equatable {
        case bodyless
        case length(Int64)
        /// By its chunks, or by the end of the connection.
        case open
    }

    /// Nil: two readers could find different ends.
    static func framing(
        _ head: HTTPResponseHead, of fields: [HeaderField], to method: String
    ) -> AnswerFraming? {
        let lengths = Headers.count(fields, "content-length")
        let codings = Headers.count(fields, "transfer-encoding")
        guard lengths + codings <= 1 else { return nil }
        let length = Headers.first(fields, "content-length").map(BodyLength.parse)
        if case .some(.none) = length { return nil }
        if method == "HEAD" || head.status == .noContent || head.status == .notModified { return .bodyless }
        if codings == 1 {
            return Headers.list(fields, "transfer-encoding", has: "chunked") ? .open : nil
        }
        return (length ?? nil).map { .length($0) } ?? .open
    }

    /// The head as the client gets it.
    static func answer(
        _ head: HTTPResponseHead, fields: [HeaderField], framing: AnswerFraming, to request: RequestHead,
        id: String, keepAlive: Bool
    ) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        for field in Headers.forwarded(fields, without: ["content-length", RequestID.field]) {
            headers.add(name: field.name, value: field.value)
        }
        switch framing {
        case .bodyless where head.status != .noContent:
            // Says what a GET would have got.
            if let length = Headers.first(fields, "content-length") {
                headers.add(name: "content-length", value: length)
            }
        case .bodyless: break
        case .length(let length): headers.add(name: "content-length", value: String(length))
        case .open where request.minorVersion > 0: headers.add(name: "transfer-encoding", value: "chunked")
        case .open: break
        }
        headers.add(name: RequestID.field, value: id)
        addConnection(&headers, keepAlive: keepAlive, minorVersion: request.minorVersion)
        return HTTPResponseHead(version: .http1_1, status: head.status, headers: headers)
    }

    static func addConnection(_ headers: inout HTTPHeaders, keepAlive: Bool, minorVersion: Int) {
        if !keepAlive {
            headers.add(name: "connection", value: "close")
        } else if minorVersion == 0 {
            headers.add(name: "connection", value: "keep-alive")
        }
    }
}
