import Foundation
import Ingress
import Model
import Synchronization
import Testing
import Wire

struct TooLate: Error {}

/// Fails instead of hanging: a body that is not done when the time of its test is over is left behind where it waits.
func untilCancelled<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let outcome = AsyncStream<Result<Value, any Error>>.makeStream()
    let working = Task {
        do {
            outcome.continuation.yield(.success(try await body()))
        } catch {
            outcome.continuation.yield(.failure(error))
        }
    }
    defer { working.cancel() }
    for await result in outcome.stream { return try result.get() }
    throw TooLate()
}

/// A running proxy with a tier of its own.
struct Harness: Sendable {
    let tier: FakeTier
    let proxy: Proxy
    let port: Int
    let metricsPort: Int
    let directory: String

    static let app = DeploymentID("app#main")
    static let token = Token(secret: String(repeating: "5", count: 64))

    func client() async throws -> RawClient { try await RawClient.connect(port) }

    /// One request on a connection of its own.
    func get(_ path: String, method: String = "GET") async throws -> RawClient.Answer {
        let client = try await client()
        client.send("\(method) \(path) HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        let answer = try await client.answer(to: method)
        await client.close()
        return answer
    }

    static func directory() -> String {
        NSTemporaryDirectory() + "ingress-\(UUID().uuidString)"
    }

    /// Runs a proxy around `body` and waits for its orderly end.
    static func run(
        tier: FakeTier = FakeTier(), directory given: String? = nil, port: Int = 0, loops: Int = 2,
        queueTimeout: Millis = .seconds(60),
        _ body: @escaping @Sendable (Harness) async throws -> Void
    ) async throws {
        let directory = given ?? Self.directory()
        defer { if given == nil { try? FileManager.default.removeItem(atPath: directory) } }
        var settings = IngressSettings(
            id: "p1", port: port, loops: loops, dataDirectory: directory, token: token)
        settings.queueTimeout = queueTimeout
        settings.finishTimeout = .seconds(2)
        settings.seed = 1
        let proxy = Proxy(settings: settings, sync: tier.sync)
        let (bound, continuation) = AsyncStream<BoundPorts>.makeStream()
        let running = Task {
            defer { continuation.finish() }
            try await proxy.run { continuation.yield($0) }
        }
        do {
            try await untilCancelled {
                for await ports in bound {
                    let (data, metrics) = (ports.data, ports.metrics)
                    return try await body(
                        Harness(
                            tier: tier, proxy: proxy, port: data, metricsPort: metrics, directory: directory))
                }
            }
        } catch {
            running.cancel()
            _ = await running.result
            throw error
        }
        running.cancel()
        try await running.value
    }
}

/// A route of `app#main` to these backends.
func route(
    _ generation: Int64, _ backends: [Backend], prefix: String? = "/", maxOngoing: Int = 100,
    maxQueued: Int? = nil, interval: Millis = .seconds(60)
) -> DeploymentRoute {
    DeploymentRoute(
        deployment: Harness.app, fence: fence(generation), prefix: prefix,
        replicas: backends.enumerated().map { $1.replica(Int64($0 + 1), of: Harness.app) },
        maxOngoing: maxOngoing, maxQueued: maxQueued, metricsInterval: interval)
}

func fence(_ generation: Int64) -> Fence { Fence(clusterGeneration: 1, epoch: 1, generation: generation) }

extension FakeTier {
    /// The route is in force at the proxy.
    func applied(_ generation: Int64) async {
        _ = await report { request in request.applied.contains { $0.fence >= fence(generation) } }
    }
}
