import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends one and the same request again and again over kept-alive connections, and says how each went.
struct Exchange: Sendable {
    private let client: HTTPClient
    private let request: HTTPClientRequest
    private let watchedHeader: String
    private let timeout: Duration

    /// An idle connection is closed by this side first, well before a server does, so that no request meets
    /// one that is just being closed.
    private static let idleConnection = TimeAmount.seconds(3)

    init(_ plan: LoadPlan) {
        var request = HTTPClientRequest(url: plan.url)
        request.method = HTTPMethod(rawValue: plan.method)
        for header in plan.headers { request.headers.add(name: header.name, value: header.value) }
        if !plan.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: plan.body)) }
        self.request = request
        watchedHeader = plan.watchedHeader
        timeout = plan.timeout

        var settings = HTTPClient.Configuration()
        settings.httpVersion = .http1Only
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = TimeAmount(plan.timeout)
        settings.timeout.read = TimeAmount(plan.timeout)
        settings.connectionPool.idleTimeout = Self.idleConnection
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = LoadPlan.usersMax
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Closes all connections. Nothing may be sent any more.
    func close() async throws {
        try await client.shutdown()
    }

    /// One request and its whole answer.
    func perform() async -> ExchangeOutcome {
        let deadline = ContinuousClock.now + timeout
        do {
            let answer = try await client.execute(request, timeout: TimeAmount(timeout))
            let isGood = (200..<300).contains(answer.status.code)
            var example: [UInt8] = []
            for try await part in answer.body {
                if !isGood, example.count < FailureCount.exampleBytesMax {
                    example += part.readableBytesView.prefix(FailureCount.exampleBytesMax - example.count)
                }
                // The client's own deadline ends with the head of the answer.
                guard ContinuousClock.now < deadline else { throw HTTPClientError.deadlineExceeded }
            }
            return .answered(
                status: Int(answer.status.code), watched: answer.headers.first(name: watchedHeader),
                body: String(decoding: example, as: UTF8.self))
        } catch {
            return Task.isCancelled ? .abandoned : Self.outcome(of: error)
        }
    }

    /// One word for the kinds of failure that people tell apart, else the error's type.
    private static func outcome(of error: any Error) -> ExchangeOutcome {
        let example = String("\(error)".prefix(FailureCount.exampleBytesMax))
        let reason =
            switch error {
            case let error as HTTPClientError: named(error)
            case let error as NIOConnectionError: connecting(error)
            case let error as IOError where error.errnoCode == ECONNREFUSED: "connection_refused"
            case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode): "connection_closed"
            case HTTPParserError.invalidEOFState: "connection_closed"
            case is HTTPParserError: "malformed_answer"
            default: "\(type(of: error))"
            }
        return .broken(reason: reason, example: example)
    }

    private static func named(_ error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout: "timeout"
        case .connectTimeout: "connect_timeout"
        case .remoteConnectionClosed: "connection_closed"
        default: "client_error"
        }
    }

    private static func connecting(_ error: NIOConnectionError) -> String {
        let refused = error.connectionErrors.contains {
            ($0.error as? IOError)?.errnoCode == ECONNREFUSED
        }
        return refused ? "connection_refused" : "connect_failed"
    }
}
