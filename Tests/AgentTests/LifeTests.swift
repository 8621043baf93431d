import Agent
import Foundation
import Model
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct LifeTests {
    @Test(arguments: [nil, "/health"])
    func startsFindsReadyAndStops(path: String?) async throws {
        let site = try Site()
        try await site.withAgent { agent, tier in
            let wanted = order(server(), health: path)
            tier.order([wanted])
            let ready = try await tier.report(.ready)
            #expect(ready.port == site.ports.lowerBound)
            #expect(ready.startedAgo != nil)
            #expect(await agent.metrics().contains("tandem_agent_replicas{phase=\"ready\"} 1"))
            tier.order([wanted.stopping(grace: 20_000)])
            let stopped = try await tier.report(.stopped)
            #expect(stopped.exit == .signal(15))
            #expect(site.marked().isEmpty)
            tier.order([])
            try await tier.until("forgotten") { $0.heard?.replicas == [] }
        }
    }

    @Test(arguments: [
        (["no-such-command-here"], "no-such-command-here"), (["/no/such/file"], "/no/such/file"),
        ([], "empty"),
        (["/etc/passwd"], "cannot execute /etc/passwd"), (["a\0b"], "zero byte"),
    ])
    func saysWhyACommandCannotStart(command: [String], words: String) async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(command)])
            let failed = try await tier.report(.failed)
            guard case .notStarted(let reason) = failed.exit else {
                Issue.record("\(String(describing: failed.exit))")
                return
            }
            #expect(reason.contains(words))
        }
    }

    @Test func saysWhyADirectoryCannotBeEntered() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            var wanted = order(["/bin/true"])
            wanted.settings.workingDirectory = "/no/such/place"
            tier.order([wanted])
            let failed = try await tier.report(.failed)
            #expect(failed.exit == .notStarted("working directory /no/such/place: No such file or directory"))
        }
    }

    @Test func anExitIsReportedWithItsLastLines() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(["/bin/sh", "-c", "echo one; echo two >&2; exit 3"])])
            let failed = try await tier.report(.failed)
            #expect(failed.exit == .code(3))
            #expect(failed.lastLines == ["one", "two"])
            tier.order([
                order(["/bin/sh", "-c", "for i in $(seq 100); do echo $i; done; kill -SEGV $$"], id: second)
            ])
            let crashed = try await tier.report(of: second, .failed)
            #expect(crashed.exit == .signal(11))
            #expect(crashed.lastLines == (81...100).map(String.init))
        }
    }

    @Test func oneThatIgnoresTermIsKilledWithItsChildren() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            let stubborn = order(
                server(before: "$SIG{TERM} = 'IGNORE'; if (!fork) { setpgrp; exec 'sleep', '1000' }"),
                health: "/")
            tier.order([stubborn])
            try await tier.report(.ready)
            #expect(site.marked().count == 2)
            tier.order([stubborn.stopping(grace: 100)])
            try await tier.report(.stopping)
            let stopped = try await tier.report(.stopped)
            #expect(stopped.exit == .signal(9))
            #expect(!site.marked().contains { variable("PORT", of: $0) != nil }, "nothing stays behind")
        }
    }

    @Test func oneThatIsNeverReadyFails() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            var late = order(["sleep", "1000"])
            late.settings.health.startDeadline = Millis(1_500)
            tier.order([late])
            let failed = try await tier.report(.failed)
            #expect(failed.exit == .startDeadline("port \(site.ports.lowerBound): Connection refused"))
        }
    }

    @Test func oneThatFallsIllIsReportedAndGoesOn() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            tier.order([order(server(each: "$status = 500 if $count > 2"), health: "/health")])
            try await tier.report(.ready)
            let unwell = try await tier.report("unwell") { $0.unwell != nil }
            #expect(unwell.unwell == "GET /health: HTTP 500" && unwell.phase == .ready)
        }
    }

    @Test func aConfigurationIsPostedBeforeReadinessAndWhenItChanges() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            // Prints the body of every request that has one.
            let each = #"""
                my $size = 0;
                while (my $line = <$peer>) { $size = $1 if $line =~ /^Content-Length: (\d+)/i; last if $line =~ /^\r?\n$/ }
                my $body = ""; read($peer, $body, $size) if $size;
                print "took $body with $ENV{TANDEM_USER_CONFIG}\n" if $size
                """#
            var configured = order(server(each: each))
            configured.settings.userConfig = #"{"depth":1}"#
            configured.settings.reconfigurePath = "/reconfigure"
            tier.order([configured])
            #expect(try await tier.report(.ready).applied == 0)
            configured.settings.userConfig = #"{"depth":2}"#
            configured.adjustment = 1
            tier.order([configured])
            let adjusted = try await tier.report("adjusted") { $0.applied == 1 }
            #expect(adjusted.phase == .ready && adjusted.pid == tier.heard?.replicas.first?.pid)
            let printed = site.log().split(separator: "\n").map(String.init)
            let start = #"{"depth":1}"#
            #expect(printed == ["took {\"depth\":1} with \(start)", "took {\"depth\":2} with \(start)"])
        }
    }

    @Test func refusedMemoryIsCalledByItsName() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            var greedy = order(["perl", "-e", "my $x = 'a' x (1 << 30); sleep 1000"])
            greedy.settings.enforceMemory = true
            greedy.settings.resources[Resources.memory] = 256 << 20
            tier.order([greedy])
            let report = try await tier.report(.failed)
            #expect(report.exit == .outOfMemory)
        }
    }

    @Test func retireStopsEverythingAndSaysSo() async throws {
        let site = try Site()
        let run = Task { try await site.agent().run() }
        site.tier.order([order(server())])
        try await site.tier.report(.ready)
        site.tier.change { $0.retire = true }
        #expect(try await run.value == .retired)
        #expect(site.marked().isEmpty)
        #expect(FileManager.default.fileExists(atPath: site.directory + "/retired"))
    }

    @Test func stopStopsEverythingAndLeavesTheNodeItsPlace() async throws {
        let site = try Site()
        let agent = site.agent()
        let run = Task { try await agent.run() }
        site.tier.order([order(server())])
        try await site.tier.report(.ready)
        agent.stop(grace: Millis(20_000))
        #expect(try await run.value == .stopped)
        #expect(site.marked().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: site.directory + "/retired"))
        try await site.withAgent { _, tier in
            let report = try await tier.report(.stopped)
            #expect(report.exit == .signal(15), "stopped stays stopped")
        }
    }
}
