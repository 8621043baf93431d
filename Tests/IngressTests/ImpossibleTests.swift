import Ingress
import Model
import NIOCore
import NIOPosix
import Routing
import Synchronization
import Testing
import Wire

/// Brings about, from outside, what cannot be: the one connection ends, it is counted, and all places are there
/// again for the next.
@Suite(.timeLimit(.minutes(2))) struct ImpossibleTests {
    /// One request at a replica with two places; `disturb` meddles with it.
    private func disturbed(
        counting place: String, isAnswered: Bool, _ disturb: @escaping @Sendable (Exchange) -> Void
    ) async throws {
        try await Harness.run { harness in
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend], maxOngoing: 2, interval: Millis(20)))
            await harness.tier.applied(1)
            let client = try await harness.client()
            client.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
            await backend.until { $0.held.count == 1 }
            try await harness.proxy.eachRequest(disturb)
            if isAnswered {
                backend.releaseOne()
                #expect(try await client.answer().status == 200)
            }
            #expect(try await client.rest().isEmpty, "its connection is closed")
            backend.change { $0.held = [] }
            // Both places, and no third one.
            var clients: [RawClient] = []
            for _ in 0..<3 {
                let next = try await harness.client()
                next.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
                clients.append(next)
            }
            await backend.until { $0.held.count == 2 }
            _ = await harness.tier.report { $0.load.contains { $0.ongoing == 2 && $0.queued == 1 } }
            #expect(try await figures(harness).ongoing == 2)
            backend.release()
            for next in clients { #expect(try await next.answer().status == 200) }
            let end = try await figures(harness)
            #expect(end.counts == [place: 1] && end.ongoing == 0 && end.queued == 0)
        }
    }

    private func figures(
        _ harness: Harness
    ) async throws -> (counts: [String: Int], ongoing: Int, queued: Int) {
        let page = try await metrics(harness)
        var counts: [String: Int] = [:]
        for line in page.split(separator: "\n")
        where line.hasPrefix("tandem_ingress_impossible_states_total{") {
            let parts = line.split(separator: "\"")
            let count = try #require(Int(parts[2].drop { !$0.isNumber }))
            if count > 0 { counts[String(parts[1])] = count }
        }
        func gauge(_ name: String) -> Int {
            let line = page.split(separator: "\n").first { $0.hasPrefix("tandem_proxy_\(name){") }
            return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? -1
        }
        return (counts, gauge("ongoing"), gauge("queued"))
    }

    @Test func aPlaceGivenBackTwice() async throws {
        try await disturbed(counting: "slot_below_zero", isAnswered: true) { _ = $0.place?.release() }
    }

    @Test func aRequestThatLeftTheLedgerTwice() async throws {
        try await disturbed(counting: "ledger_below_zero", isAnswered: true) { request in
            if let ledger = request.ledger { _ = ledger.leave(.ongoing, at: ledger.opened) }
        }
    }

    @Test func aPlaceForOneWhoDoesNotWait() async throws {
        try await disturbed(counting: "grant_without_waiter", isAnswered: false) { request in
            if let place = request.place, place.take() { request.granted(place) }
        }
    }

    @Test func aRequestThatEndsTwice() async throws {
        try await disturbed(counting: "double_end", isAnswered: false) { request in
            request.finish(keepAlive: true)
            request.finish(keepAlive: true)
        }
    }

    /// The replica answers once more than it was asked: before the connection is used again, or while it rests.
    @Test(arguments: [false, true]) func anAnswerNobodyAskedFor(_ isLate: Bool) async throws {
        try await Harness.run { harness in
            let replica = try await Babbler.start(isLate: isLate)
            var named = route(1, [])
            named.replicas = [
                RouteReplica(
                    id: ReplicaID(Harness.app, serial: 1), host: "127.0.0.1", port: replica.port)
            ]
            harness.tier.publish(named)
            await harness.tier.applied(1)
            let client = try await harness.client()
            for round in 1...2 {
                client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.answer().text == "ok")
                try await replica.babble()
                try await replica.closed(round)
            }
            let figures = try await figures(harness)
            #expect(figures.counts == ["answer_without_request": 2] && figures.ongoing == 0)
            await client.close()
            try await replica.stop()
        }
    }
}

/// A replica that sends an answer too many: with the one that was asked for, or when told.
private final class Babbler: Sendable {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    private let channel: any Channel
    private let isLate: Bool
    private let closes: AsyncStream<Void>
    private let count = Mutex(0)

    var port: Int { channel.localAddress?.port ?? 0 }

    static func start(isLate: Bool) async throws -> Babbler {
        let (closes, continuation) = AsyncStream<Void>.makeStream()
        let box = Box()
        let answer = Self.answer + "ok" + (isLate ? "" : Self.answer + "no")
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                box.channel.withLock { $0 = channel }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Talker(answer, continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Babbler(channel, isLate, box, closes)
    }

    private final class Box: Sendable { let channel = Mutex<(any Channel)?>(nil) }
    private let box: Box

    private init(_ channel: any Channel, _ isLate: Bool, _ box: Box, _ closes: AsyncStream<Void>) {
        self.channel = channel
        self.isLate = isLate
        self.box = box
        self.closes = closes
    }

    /// Says something unasked on the connection that rests.
    func babble() async throws {
        guard isLate, let resting = box.channel.withLock({ $0 }) else { return }
        try await resting.writeAndFlush(ByteBuffer(string: Self.answer + "no")).get()
    }

    /// The proxy has closed so many connections.
    func closed(_ number: Int) async throws {
        while count.withLock({ $0 }) < number {
            for await _ in closes { break }
            count.withLock { $0 += 1 }
        }
    }

    func stop() async throws { try await channel.close() }

    private final class Talker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String
        private let closes: AsyncStream<Void>.Continuation
        init(_ answer: String, _ closes: AsyncStream<Void>.Continuation) {
            self.answer = answer
            self.closes = closes
        }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
        func channelInactive(context: ChannelHandlerContext) { closes.yield() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
