import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle
import Wire

/// What a control route has at hand.
package struct ListenerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage

    package init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }

    package var maxUploadSize: Int { Listener.bodyBytesMax }

    /// The body as it is.
    /// - Throws: 413 beyond `Listener.bodyBytesMax`.
    package func bytes(of request: Request) async throws -> Data {
        Data(try await request.body.collect(upTo: Listener.bodyBytesMax).readableBytesView)
    }

    /// The body as JSON of the wire.
    /// - Throws: 400 with the place of what does not fit, 413.
    package func read<Body: Decodable>(_ type: Body.Type, from request: Request) async throws -> Body {
        try WireCoding.decode(type, from: try await bytes(of: request))
    }

    /// A path parameter.
    /// - Throws: 400 when the route has no such parameter.
    package func parameter(_ name: String) throws -> String { try parameters.require(name) }

    /// Runs a wait that may last: it is cancelled when the client goes away, when the server shuts down
    /// gracefully, and when it is cut off; the answer is then 503, which nobody may be there to read. Read
    /// the body with it: the connection cannot be used again, and says so.
    package func longPoll<Body: Decodable & Sendable>(
        _ type: Body.Type, from request: Request,
        _ wait: @escaping @Sendable (Body) async throws -> Response
    ) async throws -> Response {
        let body = request.body
        return try await body.consumeWithCancellationOnInboundClose { inner in
            let bytes = Data(try await inner.collect(upTo: Listener.bodyBytesMax).readableBytesView)
            let asked = try WireCoding.decode(type, from: bytes)
            var response: Response
            do {
                response = try await cancelWhenGracefulShutdown { try await wait(asked) }
            } catch {
                response = Answer.problem(error)
            }
            response.headers[.connection] = "close"
            return response
        }
    }
}
