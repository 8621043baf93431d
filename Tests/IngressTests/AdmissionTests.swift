import Model
import NIOHTTP1
import Support
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(2))) struct AdmissionTests {
    @Test func theCapHoldsUnderManyClients() async throws {
        try await Harness.run { harness in
            let backends = [try await Backend.start(), try await Backend.start()]
            harness.tier.publish(route(1, backends, maxOngoing: 3))
            await harness.tier.applied(1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        let client = try await harness.client()
                        for round in 0..<10 {
                            client.send("GET /n/\(index)/\(round) HTTP/1.1\r\nHost: h\r\n\r\n")
                            #expect(try await client.answer().text == "/n/\(index)/\(round)")
                        }
                        await client.close()
                    }
                }
                try await group.waitForAll()
            }
            for backend in backends {
                #expect(backend.state.withLock { $0.ongoingMost } <= 3)
                #expect(backend.seen.count > 100, "both have their share")
            }
            #expect(backends.map(\.seen.count).reduce(0, +) == 640)
        }
    }

    /// With the interval of a minute only the ring can tell.
    @Test func somethingQueuedAtZeroIsReportedAtOnce() async throws {
        try await Harness.run { harness in
            harness.tier.publish(route(1, []))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let report = await harness.tier.report { $0.load.contains { $0.queued == 1 } }
            #expect(report.load.map(\.ongoing) == [0])
            let backend = try await Backend.start()
            harness.tier.publish(route(2, [backend]))
            #expect(try await client.answer().status == 200)
        }
    }

    @Test func theQueueIsServedInOrder() async throws {
        try await Harness.run { harness in
            harness.tier.publish(route(1, [], interval: Millis(20)))
            await harness.tier.applied(1)
            var clients: [RawClient] = []
            for index in 0..<6 {
                let client = try await harness.client()
                client.send("GET /hold/\(index) HTTP/1.1\r\nHost: h\r\n\r\n")
                _ = await harness.tier.report { $0.load.contains { $0.queued == index + 1 } }
                clients.append(client)
            }
            let backend = try await Backend.start()
            harness.tier.publish(route(2, [backend], maxOngoing: 1))
            for index in 0..<6 {
                await backend.until { $0.held.count == 1 }
                #expect(backend.seen.last?.head.uri == "/hold/\(index)")
                backend.releaseOne()
                #expect(try await clients[index].answer().status == 200)
            }
        }
    }

    @Test func aFullQueueRefusesByName() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], maxOngoing: 1, maxQueued: 1, interval: Millis(20)))
            await harness.tier.applied(1)
            let first = try await harness.client()
            first.send("GET /hold/1 HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.held.count == 1 }
            let second = try await harness.client()
            second.send("GET /hold/2 HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = await harness.tier.report { $0.load.contains { $0.queued == 1 && $0.ongoing == 1 } }
            let third = try await harness.client()
            third.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            let refused = try await third.answer()
            #expect(refused.status == 503 && refused["x-tandem-reason"] == "queue_full")
            #expect(refused["retry-after"] == "1" && refused["content-type"] == "application/json")
            #expect(
                refused.text.hasPrefix(#"{"error":{"deployment":"app#main","message":"#), "\(refused.text)")
            #expect(refused.text.contains(#""reason":"queue_full""#))
            backend.release()
            #expect(try await first.answer().status == 200)
            #expect(try await second.answer().status == 200)
            third.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await third.answer().text == "/again", "a refusal does not end the connection")
        }
    }

    @Test(arguments: [(429, 2_500, "3"), (429, nil, nil), (503, 0, "0")] as [(Int, Int64?, String?)])
    func aFullQueueRefusesAsConfigured(status: Int, after: Int64?, header: String?) async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            var route = route(1, [backend], maxOngoing: 1, maxQueued: 0, interval: Millis(20))
            var backpressure = Backpressure()
            (backpressure.status, backpressure.retryAfter) = (status, after.map { Millis($0) })
            route.backpressure = backpressure
            harness.tier.publish(route)
            await harness.tier.applied(1)
            let first = try await harness.client()
            first.send("GET /hold/1 HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.held.count == 1 }
            let second = try await harness.client()
            second.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            let refused = try await second.answer()
            #expect(refused.status == status && refused["retry-after"] == header)
            #expect(refused["x-tandem-reason"] == "queue_full")
            backend.release()
            #expect(try await first.answer().status == 200)
        }
    }

    @Test(arguments: [(false, "no_replica"), (true, "deadline")])
    func whoWaitsTooLongIsToldWhy(hasReplica: Bool, reason: String) async throws {
        try await Harness.run(queueTimeout: Millis(200)) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, hasReplica ? [backend] : [], maxOngoing: 1))
            await harness.tier.applied(1)
            let busy = try await harness.client()
            if hasReplica {
                busy.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
                await backend.until { $0.held.count == 1 }
            }
            let refused = try await harness.get("/x")
            #expect(refused.status == 503 && refused["x-tandem-reason"] == reason)
            let page = try await metrics(harness)
            #expect(page.contains("tandem_proxy_queued{deployment=\"app#main\"} 0"))
            #expect(page.contains("tandem_proxy_refusals_total{reason=\"\(reason)\"} 1"))
        }
    }

    @Test func aClientThatLeavesTakesItsRequestAlong() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], maxOngoing: 1, interval: Millis(20)))
            await harness.tier.applied(1)
            let running = try await harness.client()
            running.send("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.ongoing == 1 }
            let waiting = try await harness.client()
            waiting.send("GET /waiting HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = await harness.tier.report { $0.load.contains { $0.queued == 1 && $0.ongoing == 1 } }
            var mark = harness.tier.reportCount
            await waiting.close()
            _ = await harness.tier.report(after: mark) {
                $0.load.contains { $0.queued == 0 && $0.ongoing == 1 }
            }
            mark = harness.tier.reportCount
            await running.close()
            await backend.until { $0.open == 0 }
            _ = await harness.tier.report(after: mark) {
                $0.load.contains { $0.queued == 0 && $0.ongoing == 0 }
            }
            #expect(try await harness.get("/next").status == 200, "its place is free again")
            #expect(backend.seen.map(\.head.uri) == ["/hang", "/next"])
        }
    }

    @Test func aRefusedConnectionIsTriedElsewhereOnce() async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            let gone = try ClosedPort()
            defer { withExtendedLifetime(gone) {} }
            var both = route(1, [backend])
            both.replicas.append(
                RouteReplica(
                    id: ReplicaID(Harness.app, serial: 2), host: "127.0.0.1", port: gone.number))
            harness.tier.publish(both)
            await harness.tier.applied(1)
            for _ in 0..<20 {
                let client = try await harness.client()
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
                let answer = try await client.answer()
                #expect(answer.text == "abc", "\(answer.status) \(answer["x-tandem-reason"] ?? "")")
                await client.close()
            }
            both.fence = fence(2)
            both.replicas.removeFirst()
            harness.tier.publish(both)
            await harness.tier.applied(2)
            let refused = try await harness.get("/x")
            #expect(refused.status == 502 && refused["x-tandem-reason"] == "upstream")
            let page = try await metrics(harness)
            #expect(page.contains("tandem_proxy_ongoing{deployment=\"app#main\"} 0"))
        }
    }

    @Test func aConnectionClosedWhileIdleIsNoFailure() async throws {
        try await Harness.run(loops: 1) { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], maxOngoing: 1))
            await harness.tier.applied(1)
            let client = try await harness.client()
            for _ in 0..<4 {
                client.send("GET /once HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.answer().text == "/once")
            }
            client.send("POST /once HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
            let refused = try await client.answer()
            #expect(refused.status == 502, "what was perhaps done is not done twice")
            client.send("GET /once HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.answer().status == 200)
        }
    }
}

/// The page of the second listener.
func metrics(_ harness: Harness, token: String = Harness.token.secret) async throws -> String {
    let client = try await RawClient.connect(harness.metricsPort)
    client.send("GET /metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n")
    let answer = try await client.answer()
    await client.close()
    return answer.status == 200 ? answer.text : "\(answer.status)"
}
