import AsyncHTTPClient
import Foundation
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// Thrown inside `Link.exchange` when the caller's deadline passes.
private struct DeadlinePassed: Error {}

extension Link {
    /// Lives as long as the process. A refused connection fails at once instead of being tried again:
    /// back-off is the caller's.
    private static let client: HTTPClient = {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = .milliseconds(connectTimeout.rawValue)
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsMax
        settings.httpVersion = .http1Only
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }()

    /// One request and its whole answer. The client's own deadline ends with the head of the answer, hence a
    /// timer beside it that also bounds the body.
    static func exchange(
        _ request: HTTPClientRequest, deadline: Millis, bytesMax: Int
    ) async throws -> (Int, Data) {
        try await withThrowingTaskGroup(of: (Int, Data).self) { group in
            group.addTask {
                let response = try await client.execute(
                    request, timeout: .milliseconds(deadline.rawValue + 1_000))
                let body = try await response.body.collect(upTo: bytesMax)
                try Task.checkCancellation()
                return (Int(response.status.code), Data(body.readableBytesView))
            }
            group.addTask {
                try await Task.sleep(for: .milliseconds(deadline.rawValue))
                throw DeadlinePassed()
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    static func refusal(_ status: Int, _ answer: Data, _ place: String) -> LinkError {
        if let problem = try? WireCoding.decode(Problem.self, from: answer) {
            return .refused(status: status, problem)
        }
        let start = String(decoding: answer.prefix(200), as: UTF8.self)
        return .refused(
            status: status, Problem(code: "http_\(status)", message: "\(place) answered \(status): \(start)"))
    }

    /// Only what cannot have reached the peer is `unreachable`.
    static func failure(_ error: any Error, _ place: String, _ deadline: Millis, _ bytesMax: Int)
        -> LinkError
    {
        switch error {
        case is NIOConnectionError: return .unreachable("\(place): nobody listens there")
        case let error as HTTPClientError
        where error == .connectTimeout || error == .getConnectionFromPoolTimeout:
            return .unreachable("\(place): no connection within \(connectTimeout.rawValue) ms")
        case let error as HTTPClientError
        where error == .invalidURL || error == .emptyHost || error == .missingSocketPath:
            return .unreachable("\(place) is not an address that can be called: \(error)")
        case let error as IOError where neverConnected.contains(error.errnoCode):
            return .unreachable("\(place): \(String(cString: strerror(error.errnoCode)))")
        case is NIOTooManyBytesError:
            return .badAnswer("\(place): the answer is larger than \(bytesMax) bytes")
        case is DeadlinePassed:
            return .outcomeUnknown("\(place): no answer within \(deadline.rawValue) ms")
        case is CancellationError: return .outcomeUnknown("\(place): the call was cancelled")
        default: return .outcomeUnknown("\(place): \(error)")
        }
    }

    /// What `connect` says, and `read` and `write` never do.
    private static let neverConnected: Set<Int32> = [
        ECONNREFUSED, ENOENT, EACCES, ENOTDIR, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL,
    ]
}
