import Agent
import Foundation
import Logging
import Model
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct VersionTests {
    /// Also one that knows only the version before: it is spoken to in that.
    @Test(arguments: [1...1, 1...2, 2...2])
    func aNeighbouringTierIsUnderstood(_ versions: ClosedRange<Int>) async throws {
        let site = try Site()
        site.tier.change { $0.speaks = versions }
        try await site.withAgent { _, tier in
            tier.order([order(server())])
            try await tier.report(.ready)
            #expect(versions.contains(try #require(tier.heard).wireVersion))
        }
    }

    @Test(arguments: [0...0, 3...4])
    func aRefusedAgentKeepsItsReplicasAndSaysItOnce(_ versions: ClosedRange<Int>) async throws {
        let site = try Site()
        let lines = Lines()
        let agent = NodeAgent(
            settings: site.settings(), logger: Logger(label: "agent") { _ in lines }, sync: site.tier.sync)
        let running = Task { try await agent.run() }
        let tier = site.tier
        tier.order([order(server())])
        let pid = try await tier.report(.ready).pid
        tier.change {
            $0.speaks = versions
            $0.versions = []
        }
        try await tier.until("three rounds of refusals") { $0.versions.count >= 6 }
        #expect(tier.versionsHeard.prefix(4) == [1, 2, 1, 2])
        #expect(site.marked() == [pid])
        #expect(lines.warnings == 1)
        tier.order([order(server()), order(server(), id: second)])
        tier.change { $0.speaks = 1...2 }
        try await tier.report(of: second, .ready)
        #expect(try await tier.report(.ready).pid == pid)
        running.cancel()
        _ = try await running.value
    }

    /// Not even its end is taken from an answer that is not understood.
    @Test(arguments: [0, 3]) func anAnswerOfAForeignVersionIsNotObeyed(_ version: Int) async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(server())])
            let pid = try await tier.report(.ready).pid
            let far = Fence(clusterGeneration: 9, epoch: 9, generation: 9)
            var foreign = NodeSyncAnswer(fence: far, orders: [], retire: true)
            foreign.wireVersion = version
            let lie = foreign
            tier.change {
                $0.lie = lie
                $0.versions = []
            }
            try await tier.until("answers refused") { $0.versions.count >= 4 }
            #expect(site.marked() == [pid])
            tier.change { $0.lie = nil }
            tier.order([order(server()), order(server(), id: second)])
            try await tier.report(of: second, .ready)
            #expect(tier.heard?.replicas.first?.pid == pid)
        }
    }
}

/// Counts warnings.
private final class Lines: LogHandler, Sendable {
    private let count = Mutex(0)
    var warnings: Int { count.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) {
        if event.level >= .warning { count.withLock { $0 += 1 } }
    }
}
