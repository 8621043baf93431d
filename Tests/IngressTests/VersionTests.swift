import Ingress
import Model
import Testing
import Wire

@Suite(.timeLimit(.minutes(2))) struct VersionTests {
    /// Also one that knows only the version before: it is spoken to in that.
    @Test(arguments: [1...1, 1...2, 2...2])
    func aNeighbouringTierIsUnderstood(_ versions: ClosedRange<Int>) async throws {
        try await Harness.run { harness in
            harness.tier.restart(speaking: versions)
            let backend = try await Backend.start()
            harness.tier.publish(route(1, [backend]))
            let report = await harness.tier.report { $0.applied.contains { $0.fence == fence(1) } }
            #expect(versions.contains(report.wireVersion))
            #expect(try await harness.get("/x").status == 200)
        }
    }

    @Test(arguments: [0...0, 3...4])
    func aRefusedProxyRoutesOn(_ versions: ClosedRange<Int>) async throws {
        try await Harness.run { harness in
            let (old, new) = (try await Backend.start(), try await Backend.start())
            harness.tier.publish(route(1, [old]))
            await harness.tier.applied(1)
            let mark = harness.tier.reportCount
            harness.tier.restart(speaking: versions)
            harness.tier.publish(route(2, [new]))
            let older = await harness.tier.report(after: mark) { $0.wireVersion == WireVersion.oldest }
            #expect(older.applied.map(\.fence) == [fence(1)])
            _ = await harness.tier.report(after: harness.tier.reportCount) {
                $0.wireVersion == WireVersion.current
            }
            #expect(try await harness.get("/x")["x-backend"] == "\(old.port)")
            harness.tier.restart(speaking: 1...2)
            await harness.tier.applied(2)
            #expect(try await harness.get("/x")["x-backend"] == "\(new.port)")
        }
    }

    @Test(arguments: [0, 3])
    func anAnswerOfAForeignVersionIsNotObeyed(_ version: Int) async throws {
        try await Harness.run { harness in
            let (old, new) = (try await Backend.start(), try await Backend.start())
            harness.tier.publish(route(1, [old]))
            await harness.tier.applied(1)
            harness.tier.restart(speaking: 1...2, answeringIn: version)
            harness.tier.publish(route(2, [new]))
            for _ in 0..<3 {
                let report = await harness.tier.report(after: harness.tier.reportCount) { _ in true }
                #expect(report.applied.map(\.fence) == [fence(1)])
            }
            #expect(try await harness.get("/x")["x-backend"] == "\(old.port)")
            harness.tier.restart(speaking: 1...2)
            await harness.tier.applied(2)
            #expect(try await harness.get("/x")["x-backend"] == "\(new.port)")
        }
    }
}
