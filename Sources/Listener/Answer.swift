import Foundation
import Hummingbird
import NIOCore
import Wire

/// Answers of control routes.
package enum Answer {
    static let json = "application/json"

    /// `value` as JSON of the wire.
    package static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try raw(WireCoding.encode(value), contentType: json, status: status)
    }

    package static func text(
        _ text: String, contentType: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok
    ) -> Response {
        raw(Data(text.utf8), contentType: contentType, status: status)
    }

    /// Bytes as they are.
    package static func raw(
        _ bytes: Data, contentType: String, status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// The path does not know the method, but these.
    package static func notAllowed(but known: [HTTPRequest.Method]) -> Response {
        let names = known.map(\.rawValue).sorted().joined(separator: ",")
        return Response(status: .methodNotAllowed, headers: [.allow: names])
    }

    /// Whatever a route threw, as the one form of an error: a `Problem` keeps its code, which sets the
    /// status; JSON that does not fit is 400 `invalid` with the place.
    package static func problem(_ error: any Error) -> Response {
        let problem = Problem(answering: error)
        return refusing(problem, (try? WireCoding.encode(problem)) ?? Data(), json)
    }

    /// The same for a client that prints what it gets: the message, and a line for each thing that is wrong.
    static func problemText(_ error: any Error) -> Response {
        let problem = Problem(answering: error)
        return refusing(problem, Data(problem.description.utf8), "text/plain; charset=utf-8")
    }

    private static func refusing(_ problem: Problem, _ body: Data, _ contentType: String) -> Response {
        var response = raw(
            body, contentType: contentType, status: HTTPResponse.Status(code: status(of: problem.code)))
        if problem.code == "unauthorized" { response.headers[.wwwAuthenticate] = "Bearer" }
        if problem.code == "unavailable" { response.headers[.retryAfter] = "1" }
        return response
    }

    /// The status of each code that a route may throw; a code not listed is our own fault, 500.
    package static func status(of code: String) -> Int {
        switch code {
        case "invalid": 400
        case "unauthorized": 401
        case "forbidden", "quota": 403
        case "not_found": 404
        case "method_not_allowed": 405
        case "conflict", "superseded": 409
        case "too_large": 413
        case "rejected", "version": 422
        case "throttled": 429
        case "unavailable", "out_of_capacity", "stopping", "safe_mode": 503
        case "outcome_unknown": 504
        default: 500
        }
    }
}

extension Problem {
    fileprivate init(answering error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as DecodingError: self = .init(code: "invalid", message: error.sentence)
        case is NIOTooManyBytesError:
            self.init(code: "too_large", message: "a body has at most \(Listener.bodyBytesMax) bytes")
        case is CancellationError:
            // No word on whether the call took effect: the code is one that no caller takes for a plain
            // refusal.
            self.init(code: "stopping", message: "this process is stopping, or the caller went away")
        case let error as HTTPError where error.status == .notFound:
            self.init(code: "not_found", message: "there is no such route")
        case let error as HTTPError where error.status == .contentTooLarge:
            self.init(code: "too_large", message: "a body has at most \(Listener.bodyBytesMax) bytes")
        case let error as HTTPError where error.status == .methodNotAllowed:
            self.init(code: "method_not_allowed", message: "this route does not know that method")
        case let error as HTTPError where (400..<500).contains(error.status.code):
            self.init(code: "invalid", message: error.body ?? error.status.reasonPhrase)
        default: self.init(code: "internal", message: "\(error)")
        }
    }
}

extension DecodingError {
    /// Where in the JSON, and what is wrong there.
    fileprivate var sentence: String {
        let (context, what): (Context, String) =
            switch self {
            case .keyNotFound(let key, let context): (context, "\(key.stringValue) is missing")
            case .typeMismatch(let type, let context): (context, "expected \(type)")
            case .valueNotFound(let type, let context): (context, "expected \(type), found null")
            case .dataCorrupted(let context): (context, context.debugDescription)
            @unknown default: (Context(codingPath: [], debugDescription: ""), "cannot be read")
            }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
        return "body: " + (path.isEmpty ? what : "\(path.joined(separator: ".")): \(what)")
    }
}
