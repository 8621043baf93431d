import AsyncHTTPClient
import Foundation
import Model
import NIOCore
import NIOHTTP1
import Wire

/// Calls to one control peer. A value: copy it freely; all links of a process share one client and its pooled
/// connections.
///
/// Cancelling the calling task cancels the request and throws `outcomeUnknown`.
package struct Link: Sendable {
    package let endpoint: Endpoint
    private let token: Token?
    private let answerBytesMax: Int

    /// A longer answer is cut off and thrown as `badAnswer`.
    package static let answerBytesMax = 16 << 20
    /// Connections to one peer at a time; further calls wait for one of them until their deadline. Large,
    /// since each pending long poll keeps one.
    package static let connectionsMax = 1_024
    /// For the connection alone; every peer of this part is on this machine.
    package static let connectTimeout = Millis(3_000)

    /// - Parameter answerBytesMax: for a peer that has no reason to say more.
    package init(_ endpoint: Endpoint, token: Token?, answerBytesMax: Int = Link.answerBytesMax) {
        self.endpoint = endpoint
        self.token = token
        self.answerBytesMax = min(answerBytesMax, Link.answerBytesMax)
    }

    /// The same peer with another bound on what it may answer.
    package func bounded(to answerBytesMax: Int) -> Link {
        Link(endpoint, token: token, answerBytesMax: answerBytesMax)
    }

    /// Sends `body` as JSON and reads the answer as JSON.
    /// - Parameter path: begins with `/`; percent-encoded by the caller where it must be.
    /// - Parameter deadline: for everything, from connecting to the last byte of the answer.
    package func call<Answer: Decodable & Sendable>(
        _ method: String, _ path: String, body: some Encodable & Sendable, deadline: Millis, as: Answer.Type
    ) async throws(LinkError) -> Answer {
        let bytes: Data
        do {
            bytes = try WireCoding.encode(body)
        } catch {
            throw .unreachable("\(method) \(path): the body cannot be written as JSON: \(error)")
        }
        let answer = try await data(
            method, path, body: bytes, contentType: "application/json", deadline: deadline)
        return try decode(answer, method, path)
    }

    /// The same without a body.
    package func call<Answer: Decodable & Sendable>(
        _ method: String, _ path: String, deadline: Millis, as: Answer.Type
    ) async throws(LinkError) -> Answer {
        let answer = try await data(method, path, body: nil, contentType: nil, deadline: deadline)
        return try decode(answer, method, path)
    }

    /// Uploads `body` as it is (YAML, JSON of another hand) and reads the answer as text.
    package func text(
        _ method: String, _ path: String, body: Data? = nil, contentType: String? = nil, deadline: Millis
    ) async throws(LinkError) -> String {
        let answer = try await data(method, path, body: body, contentType: contentType, deadline: deadline)
        return String(decoding: answer, as: UTF8.self)
    }

    /// Uploads and reads bytes as they are.
    package func data(
        _ method: String, _ path: String, body: Data?, contentType: String?, deadline: Millis
    ) async throws(LinkError) -> Data {
        let request = makeRequest(method, path, body: body, contentType: contentType)
        let outcome: Result<(Int, Data), any Error>
        do {
            outcome = .success(try await Self.exchange(request, deadline: deadline, bytesMax: answerBytesMax))
        } catch {
            outcome = .failure(error)
        }
        let place = "\(method) \(endpoint)\(path)"
        switch outcome {
        case .success((200..<300, let answer)): return answer
        case .success((let status, let answer)): throw Self.refusal(status, answer, place)
        case .failure(let error): throw Self.failure(error, place, deadline, answerBytesMax)
        }
    }

    private func makeRequest(
        _ method: String, _ path: String, body: Data?, contentType: String?
    ) -> HTTPClientRequest {
        var request: HTTPClientRequest
        switch endpoint {
        case .tcp: request = HTTPClientRequest(url: endpoint.description + path)
        case .unix(let socket):
            let url = URL(httpURLWithSocketPath: socket, uri: path)
            request = HTTPClientRequest(url: url?.absoluteString ?? "")
            request.headers.add(name: "host", value: "localhost")
        }
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token.secret)") }
        // Refusals are then told in JSON on every path.
        request.headers.add(name: "accept", value: "application/json")
        if let contentType { request.headers.add(name: "content-type", value: contentType) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        return request
    }

    private func decode<Answer: Decodable>(
        _ answer: Data, _ method: String, _ path: String
    ) throws(LinkError) -> Answer {
        do {
            return try WireCoding.decode(Answer.self, from: answer)
        } catch {
            throw .badAnswer("\(method) \(endpoint)\(path): \(Answer.self) cannot be read: \(error)")
        }
    }
}
