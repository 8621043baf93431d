/// The head of one HTTP/1 request, checked: whatever parses the bytes produces this one value, and all of
/// routing reads only it.
package struct RequestHead: Hashable, Sendable {
    package var method: String
    /// As in the request line, canonical; see `CanonicalTarget`.
    package var target: CanonicalTarget
    /// The digit after `HTTP/1.`: 0 or 1.
    package var minorVersion: Int
    /// In the order received.
    package var headers: [HeaderField]
    /// Whether the client lets the connection live on after the answer.
    package var keepAlive: Bool
    package var framing: Framing
    /// The client waits for `100 Continue` before it sends the body.
    package var expectsContinue: Bool

    /// How the end of the body is found.
    package enum Framing: Hashable, Sendable {
        case none
        /// Bytes of the body.
        case length(Int64)
        case chunked
    }

    /// Checks what the parser took in. Everything that two readers could understand differently is refused
    /// (RFC 9112 §6.3 and §11.2).
    package init(
        method: String, target: String, minorVersion: Int, headers: [HeaderField]
    ) throws(HeadRefusal) {
        try Self.checkSize(target: target, headers: headers)
        guard method != "CONNECT" else { throw HeadRefusal(501, "CONNECT is not served here") }
        self.method = method
        self.target = try CanonicalTarget(target)
        self.minorVersion = minorVersion
        self.headers = headers
        framing = try Self.framing(headers, minorVersion: minorVersion)
        let hosts = Headers.count(headers, "host")
        guard hosts == 1 || (hosts == 0 && minorVersion == 0) else {
            throw HeadRefusal(400, hosts == 0 ? "the Host header is missing" : "more than one Host header")
        }
        keepAlive =
            minorVersion == 0
            ? Headers.list(headers, "connection", has: "keep-alive")
            : !Headers.list(headers, "connection", has: "close")
        // No protocol but this one is spoken here. The parser stops behind a request that offers another.
        if Headers.count(headers, "upgrade") > 0 { keepAlive = false }
        expectsContinue = false
        if minorVersion > 0, let expect = Headers.first(headers, "expect") {
            guard ASCII.lowered(expect) == "100-continue" else {
                throw HeadRefusal(417, "the only expectation known here is 100-continue")
            }
            expectsContinue = framing != .none
        }
    }

    /// May be sent again when nothing is known of its fate (RFC 9110 §9.2.2).
    package var isIdempotent: Bool { Self.idempotent.contains(method) }
    private static let idempotent: Set<String> = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]

    private static func checkSize(target: String, headers: [HeaderField]) throws(HeadRefusal) {
        guard target.utf8.count <= HeadLimits.targetBytesMax else {
            throw HeadRefusal(414, "the target is longer than \(HeadLimits.targetBytesMax) bytes")
        }
        guard headers.count <= HeadLimits.fieldsMax else {
            throw HeadRefusal(431, "more than \(HeadLimits.fieldsMax) header fields")
        }
        var sum = 0
        for field in headers {
            let size = field.name.utf8.count + field.value.utf8.count
            guard size <= HeadLimits.fieldBytesMax else {
                throw HeadRefusal(431, "a header field is longer than \(HeadLimits.fieldBytesMax) bytes")
            }
            sum += size
        }
        guard sum <= HeadLimits.headersBytesMax else {
            throw HeadRefusal(431, "the header fields are longer than \(HeadLimits.headersBytesMax) bytes")
        }
    }

    private static func framing(
        _ headers: [HeaderField], minorVersion: Int
    ) throws(HeadRefusal) -> Framing {
        let codings = Headers.count(headers, "transfer-encoding")
        let lengths = Headers.count(headers, "content-length")
        switch (codings, lengths) {
        case (0, 0): return .none
        case (0, 1):
            guard let length = BodyLength.parse(Headers.first(headers, "content-length") ?? "") else {
                throw HeadRefusal(400, "Content-Length is not a number")
            }
            return length == 0 ? .none : .length(length)
        case (1, 0):
            guard minorVersion > 0 else { throw HeadRefusal(400, "Transfer-Encoding in HTTP/1.0") }
            guard ASCII.lowered(Headers.first(headers, "transfer-encoding") ?? "") == "chunked" else {
                throw HeadRefusal(501, "the only transfer coding known here is chunked")
            }
            return .chunked
        default: throw HeadRefusal(400, "the length of the body is given more than once")
        }
    }
}

/// The value of a `Content-Length` field.
package enum BodyLength {
    /// Digits only, nothing else: no sign, no list, no blank. Nil for anything else, and beyond 64 bits.
    package static func parse(_ text: String) -> Int64? {
        guard !text.utf8.isEmpty, text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int64(text)
    }
}

/// Sizes of a head that are still taken. The same as nginx and Envoy roughly, and far above what clients
/// send.
package enum HeadLimits {
    /// Beyond: 414.
    package static let targetBytesMax = 8 << 10
    /// Beyond: 431. Name and value together.
    package static let fieldBytesMax = 16 << 10
    /// Beyond: 431. All names and values.
    package static let headersBytesMax = 64 << 10
    /// Beyond: 431.
    package static let fieldsMax = 100
}

/// Why a request is answered without looking for its route; the connection is closed after the answer.
package struct HeadRefusal: Error, Hashable, Sendable {
    /// HTTP status.
    package var status: Int
    /// One sentence for the client.
    package var message: String

    package init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }
}
