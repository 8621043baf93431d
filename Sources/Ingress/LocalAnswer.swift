import Foundation
import Model
import NIOCore
import NIOHTTP1
import Routing
import Wire

/// An answer of the proxy's own.
struct LocalAnswer {
    var status: Int
    var contentType = "application/json"
    var body: String
    /// Also in the header `x-tandem-reason`.
    var reason: RefusalReason?
    /// Seconds in `Retry-After`; nil: none.
    var retryAfter: Int64?

    private struct ErrorBody: Encodable {
        struct Inner: Encodable {
            var reason: String
            var message: String
            var deployment: String?
        }
        var error: Inner
    }

    static func error(
        _ status: Int, _ reason: String, _ message: String, deployment: String? = nil
    ) -> LocalAnswer {
        let body = ErrorBody(error: .init(reason: reason, message: message, deployment: deployment))
        let data = (try? WireCoding.encode(body)) ?? Data()
        return LocalAnswer(
            status: status, body: String(decoding: data, as: UTF8.self),
            retryAfter: status == 503 ? Limits.retryAfter : nil)
    }

    static func refused(
        _ reason: RefusalReason, deployment: String, backpressure: Backpressure = Backpressure()
    ) -> LocalAnswer {
        let message =
            switch reason {
            case .queueFull: "as many requests wait as may: try again later"
            case .noReplica: "no replica became ready in time: try again later"
            case .deadline: "every replica stayed busy for as long as a request may wait: try again later"
            case .upstream: "the replica broke the connection before it answered"
            }
        var answer = error(reason == .upstream ? 502 : 503, reason.rawValue, message, deployment: deployment)
        answer.reason = reason
        if reason == .queueFull {
            answer.status = backpressure.status
            answer.retryAfter =
                backpressure.retryAfter.map { ($0.rawValue + 999) / 1000 }
                ?? (backpressure.status == 503 ? Limits.retryAfter : nil)
        }
        return answer
    }

    static func refused(_ refusal: HeadRefusal) -> LocalAnswer {
        error(refusal.status, "bad_request", refusal.message)
    }

    static func notFound(_ path: String) -> LocalAnswer {
        error(404, "no_route", "no application has a route for \(path); GET /-/routes lists them")
    }

    /// What the proxy answers about itself, as Ray Serve does. Nil: not a path of its own.
    static func own(_ path: String, _ plane: Plane) -> LocalAnswer? {
        switch path {
        case Routes.health:
            plane.isReady
                ? LocalAnswer(status: 200, contentType: "text/plain; charset=utf-8", body: "success")
                : LocalAnswer(
                    status: 503, contentType: "text/plain; charset=utf-8",
                    body: "no routes yet: the serve tier has not answered", retryAfter: Limits.retryAfter)
        case "/-/routes":
            LocalAnswer(status: 200, body: routes(plane))
        default: path.hasPrefix("/-/") ? notFound(path) : nil
        }
    }

    private static func routes(_ plane: Plane) -> String {
        let pairs = plane.table.prefixes.map { ($0.prefix, $0.deployment.application) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? encoder.encode(Dictionary(pairs) { first, _ in first })
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    func head(keepAlive: Bool, minorVersion: Int, id: String?) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: contentType)
        headers.add(name: "content-length", value: String(body.utf8.count))
        if let reason { headers.add(name: "x-tandem-reason", value: reason.rawValue) }
        if let retryAfter { headers.add(name: "retry-after", value: String(retryAfter)) }
        if let id { headers.add(name: RequestID.field, value: id) }
        HeadTranslation.addConnection(&headers, keepAlive: keepAlive, minorVersion: minorVersion)
        return HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    }
}
