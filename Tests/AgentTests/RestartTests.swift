import Agent
import CPlatform
import Foundation
import Model
import Testing
import Wire

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1))) struct RestartTests {
    @Test func theNextAgentAdoptsWhatRuns() async throws {
        let site = try Site()
        var wanted = order(server(), health: "/")
        wanted.settings.resources = Resources(["CPU": 500, "GPU_a": 1, "memory": 1 << 20])
        let command = wanted
        try await site.withAgent { _, tier in
            tier.order([command])
            try await tier.report(.ready)
        }
        let before = try #require(site.tier.heard?.replicas.first)
        #expect(site.marked() == [before.pid])
        site.tier.change { $0.heard = nil }
        try await site.withAgent { _, tier in
            try await tier.until("hello") { $0.heard != nil }
            let after = try #require(tier.heard?.replicas.first)
            #expect(after.phase == .ready, "a ready one is never reported as starting again")
            #expect((after.pid, after.port) == (before.pid, before.port))
            #expect(tier.heard?.fence.generation == 1, "the fence is kept")
            tier.order([command.stopping(grace: 20_000)])
            try await tier.report(.stopped)
            #expect(site.marked().isEmpty)
        }
    }

    @Test func whatEndedMeanwhileHasFailedAndIsNotStartedAgain() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(server()), order(["/bin/false"], id: second)])
            try await tier.report(.ready)
            try await tier.report(of: second, .failed)
        }
        let pid = try #require(site.tier.heard?.replicas.first?.pid)
        let pidfd = tandem_pidfd_open(pid)
        defer { close(pidfd) }
        kill(pid, SIGKILL)
        try #require(ends(pidfd))
        site.tier.change { $0.heard = nil }
        try await site.withAgent { agent, tier in
            let report = try await tier.report(.failed)
            #expect(report.exit == .unknown)
            let other = try await tier.report(of: second, .failed)
            #expect(other.exit == .code(1))
            #expect(await agent.metrics().contains("tandem_agent_starts_total 0"))
        }
    }

    @Test func anIntentWhoseProcessWasNotRecordedIsFoundByItsMark() async throws {
        let site = try Site()
        let wanted = order(server())
        try await site.withAgent { _, tier in
            tier.order([wanted])
            try await tier.report(.ready)
        }
        let pid = try #require(site.tier.heard?.replicas.first?.pid)
        let record = site.directory + "/replicas/shop#api#1.json"
        let text = try String(contentsOfFile: record, encoding: .utf8)
        let intent = text.replacing(/"process":\{[^}]*\},/, with: "")
        try #require(intent != text)
        try intent.write(toFile: record, atomically: true, encoding: .utf8)
        site.tier.change { $0.heard = nil }
        try await site.withAgent { _, tier in
            let report = try await tier.report(.ready)
            #expect(report.pid == pid)
        }
    }

    @Test func markedStrangersAreKilledAndOthersAreNot() async throws {
        let site = try Site()
        let ours = try spawnSleep(directory: site.directory)
        let others = try spawnSleep(directory: "/another/cluster")
        defer {
            kill(others.pid, SIGKILL)
            for child in [ours, others] {
                tandem_reap(child.pid)
                close(child.pidfd)
            }
        }
        try await site.withAgent { _, tier in
            try await tier.until("hello") { $0.heard != nil }
        }
        var exit = tandem_exit()
        #expect(ends(ours.pidfd))
        #expect(tandem_wait(ours.pidfd, 0, &exit) == 0 && exit.signal == SIGKILL)
        #expect(tandem_wait(others.pidfd, 0, &exit) == EAGAIN, "another cluster's node has the same name")
    }

    private func spawnSleep(directory: String) throws -> tandem_spawned {
        var spawned = tandem_spawned()
        let arguments = [strdup("sleep"), strdup("1000"), nil]
        let environment = [
            strdup("TANDEM_REPLICA=shop#api#77"), strdup("TANDEM_NODE=n1"),
            strdup("TANDEM_NODE_DIRECTORY=\(directory)"), nil,
        ]
        defer { for string in arguments + environment { free(string) } }
        let failed = arguments.withUnsafeBufferPointer { arguments in
            environment.withUnsafeBufferPointer { environment -> Int32 in
                guard let argv = arguments.baseAddress, let envp = environment.baseAddress else {
                    return EINVAL
                }
                var request = tandem_spawn_request(
                    path: nil, arguments: argv, environment: envp, directory: nil, output: -1,
                    data_bytes_max: 0)
                return tandem_spawn(&request, &spawned)
            }
        }
        try #require(failed == 0)
        return spawned
    }

    @Test func ordersUnderALowerFenceAreRefusedAlsoByTheNextAgent() async throws {
        let site = try Site()
        try await site.withAgent { agent, tier in
            tier.order([order(server())])
            tier.order([order(server())])
            try await tier.report(.ready)
            let old = Fence(clusterGeneration: 1, epoch: 1, generation: 1)
            tier.change { $0.lie = NodeSyncAnswer(fence: old, orders: [], retire: true) }
        }
        site.tier.change { $0.heard = nil }
        try await site.withAgent { agent, tier in
            try await tier.until("refusal") { $0.heard?.fence.generation == 2 }
            tier.change { $0.lie = nil }
            tier.order([order(server())])
            try await tier.until("obeyed") { $0.heard?.fence.generation == 3 }
            #expect(tier.heard?.replicas.first?.phase == .ready)
            #expect(await agent.metrics().contains("tandem_agent_orders_refused_total "))
            #expect(await !agent.metrics().contains("tandem_agent_orders_refused_total 0"))
        }
    }

    /// A proxy that is cut off sends on to where it last knew a replica: nobody else is to be there soon.
    @Test func theNextAgentDoesNotGiveThePortOfAForgottenReplica() async throws {
        let site = try Site()
        let before = try await site.withAgent { _, tier in
            tier.order([order(server())])
            let port = try await tier.report(.ready).port
            tier.order([])
            try await tier.until("forgotten") { $0.heard?.replicas.isEmpty ?? false }
            return port
        }
        try await site.withAgent { _, tier in
            tier.order([order(server(), id: second)])
            let after = try await tier.report(of: second, .ready).port
            #expect(after == before.map { $0 + 1 })
        }
    }

    @Test func replicasOutliveTheTier() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(server(), health: "/")])
            let pid = try await tier.report(.ready).pid
            tier.change {
                $0.isAway = true
                $0.waits = 0
            }
            try await tier.until("three calls in vain") { $0.callsWhileAway >= 3 }
            tier.change { $0.isAway = false }
            try await tier.until("a call that is held") { $0.waits > 0 }
            let report = try await tier.report(.ready)
            #expect(report.pid == pid)
        }
    }

    @Test func aDirectoryHasOneAgent() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            try await tier.until("hello") { $0.heard != nil }
            let error = await #expect(throws: Problem.self) { try await site.agent().run() }
            #expect(error?.code == "in_use")
        }
    }
}
