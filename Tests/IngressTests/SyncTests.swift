import Foundation
import Ingress
import Model
import Testing
import Wire

@Suite(.timeLimit(.minutes(2))) struct SyncTests {
    @Test func aReplicaThatLeavesIsBusyThenIdle() async throws {
        try await Harness.run { harness in
            let old = try await Backend.start()
            let new = try await Backend.start()
            harness.tier.publish(route(1, [old]))
            await harness.tier.applied(1)
            #expect(try await harness.get("/warm").status == 200)
            let client = try await harness.client()
            client.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
            await old.until { $0.held.count == 1 }
            var next = route(2, [])
            next.replicas = [new.replica(2, of: Harness.app)]
            harness.tier.publish(next)
            let replica = ReplicaID(Harness.app, serial: 1)
            let report = await harness.tier.report { $0.applied.contains { $0.fence == fence(2) } }
            #expect(report.busy == [BusyReplica(replica: replica, ongoing: 1)])
            #expect(try await harness.get("/x")["x-backend"] == "\(new.port)")
            await old.until { $0.open == 1 }  // idle connections to it are gone, the busy one is left
            let mark = harness.tier.reportCount
            old.release()
            #expect(try await client.answer().status == 200)
            _ = await harness.tier.report(after: mark) { $0.busy.isEmpty }
            await old.until { $0.open == 0 }
        }
    }

    @Test func aRemovedDeploymentRefusesWhoWaits() async throws {
        try await Harness.run { harness in
            harness.tier.publish(route(1, []))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = await harness.tier.report { $0.load.contains { $0.queued == 1 } }
            harness.tier.remove(Harness.app, fence: fence(2))
            let refused = try await client.answer()
            #expect(refused.status == 503 && refused["x-tandem-reason"] == "no_replica")
            #expect(try await harness.get("/").status == 404)
        }
    }

    /// Also while the tier is away for a while: the areas add up to the requests' lives, and no bucket is
    /// missing.
    @Test func loadIsReportedExactly() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], maxOngoing: 2, interval: Millis(20)))
            await harness.tier.applied(1)
            let clock = ContinuousClock()
            var clients: [RawClient] = []
            let begun = clock.now
            for index in 0..<5 {
                let client = try await harness.client()
                client.send("GET /hold/\(index) HTTP/1.1\r\nHost: h\r\n\r\n")
                clients.append(client)
            }
            _ = await harness.tier.report { $0.load.contains { $0.ongoing == 2 && $0.queued == 3 } }
            let allIn = clock.now
            harness.tier.goAway()
            let page = try await metrics(harness)
            #expect(page.contains("tandem_proxy_queued{deployment=\"app#main\"} 3"))
            harness.tier.goAway(false)
            let mark = harness.tier.reportCount
            _ = await harness.tier.report(after: mark) { $0.load.contains { !$0.buckets.isEmpty } }
            let before = clock.now
            backend.release()
            for client in clients { #expect(try await client.answer().status == 200) }
            let ended = clock.now
            let last = harness.tier.reportCount
            _ = await harness.tier.report(after: last) { request in
                request.load.contains { $0.buckets.contains { $0.area == 0 && $0.ongoing == 0 } }
            }
            let buckets = harness.tier.buckets(Harness.app)
            #expect(buckets.map(\.sequence) == Array(1...Int64(buckets.count)))
            let area = buckets.map(\.area).reduce(0, +)
            #expect(area >= 5 * micros(before - allIn))
            #expect(area <= 5 * micros(ended - begun))
            #expect(buckets.contains { $0.ongoing == 2 && $0.queued == 3 })
        }
    }

    @Test func aRestartedProxyRoutesWhileTheTierIsAway() async throws {
        let backend = try await Backend.start()
        let directory = Harness.directory()
        try await Harness.run(directory: directory) { harness in
            let early = try await harness.get("/-/healthz")
            #expect(early.status == 503, "neither routes nor an answer yet")
            harness.tier.publish(route(3, [backend]), named("other", "/other", [backend]))
            await harness.tier.applied(3)
            harness.tier.remove(DeploymentID("other#main"), fence: fence(2))
            _ = await harness.tier.report { $0.applied.count == 1 && $0.applied[0].fence == fence(3) }
        }
        let away = FakeTier()
        away.goAway()
        try await Harness.run(tier: away, directory: directory) { harness in
            #expect(try await harness.get("/x").text == "/x")
            #expect(try await harness.get("/-/healthz").text == "success")
            #expect(try await harness.get("/-/routes").text == #"{"/":"app"}"#)
            away.goAway(false)
            away.publish(route(2, [], prefix: "/older"), named("other", "/other", [backend]))
            let report = await away.report { _ in true }
            #expect(report.applied == [AppliedRoute(deployment: Harness.app, fence: fence(3))])
            away.publish(named("third", "/third", [backend]))
            _ = await away.report { $0.applied.count == 2 }
            let routes = try await harness.get("/-/routes").text
            #expect(
                routes == #"{"/":"app","/third":"third"}"#, "lower fences are refused after a restart too")
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func aSpoiltFileOfRoutesIsNoObstacle() async throws {
        let directory = Harness.directory()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(fileURLWithPath: directory + "/routes.json"))
        let away = FakeTier()
        away.goAway()
        try await Harness.run(tier: away, directory: directory) { harness in
            let (page, health) = (try await harness.get("/x"), try await harness.get("/-/healthz"))
            #expect(page.status == 404 && health.status == 503)
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func aStrangerOnThePortIsFound() async throws {
        let stranger = try await Backend.start()
        await #expect(throws: IngressError.portTaken(host: "127.0.0.1", port: stranger.port)) {
            try await Harness.run(port: stranger.port) { _ in }
        }
        let message = "\(IngressError.portTaken(host: "127.0.0.1", port: stranger.port))"
        #expect(message.contains("port \(stranger.port)"))
    }

    /// Both share their ports among their own loops, and would with each other.
    @Test func anotherProxyOnThePortIsFound() async throws {
        try await Harness.run { first in
            await #expect(throws: IngressError.portTaken(host: "127.0.0.1", port: first.port)) {
                try await Harness.run(port: first.port) { _ in }
            }
        }
    }

    @Test func requestsAreFinishedOnTheWayOut() async throws {
        let backend = try await Backend.start()
        let answered = AsyncStream<RawClient.Answer>.makeStream()
        try await Harness.run { harness in
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.held.count == 1 }
            let port = harness.port
            Task {
                // The proxy is ending when nobody is accepted any more.
                while let probe = try? await RawClient.connect(port) { await probe.close() }
                backend.release()
                answered.continuation.yield(try await client.answer())
                answered.continuation.finish()
            }
        }
        for await answer in answered.stream {
            #expect(answer.status == 200 && answer["connection"] == "close")
        }
    }

    @Test func figuresAreBehindTheToken() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            await harness.tier.applied(1)
            for _ in 0..<3 { #expect(try await harness.get("/x").status == 200) }
            #expect(try await metrics(harness, token: "wrong") == "401")
            let page = try await metrics(harness)
            #expect(page.contains(#"tandem_proxy_requests_total{deployment="app#main",class="2xx"} 3"#))
            #expect(
                page.contains(#"tandem_proxy_latency_microseconds{deployment="app#main",quantile="0.99"}"#))
        }
    }
}

func micros(_ duration: Duration) -> Int64 {
    duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
}
