import Agent
import Foundation
import Model
import Testing
import Wire

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1))) struct OutputTests {
    @Test func theEnvironmentIsCleanAndMarked() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            var wanted = order(["/usr/bin/env"])
            wanted.settings.environment = [
                EnvironmentVariable(name: "COLOUR", value: "blue = red"),
                EnvironmentVariable(name: "PORT", value: "1"),
            ]
            wanted.gpus = [1, 3]
            tier.order([wanted])
            let failed = try await tier.report(.failed)
            let names = Set(failed.lastLines.map { $0.prefix { $0 != "=" } })
            let mayBeThere: Set<Substring> = ["HOME", "LANG", "TZ"]
            #expect(
                names.subtracting(mayBeThere) == [
                    "PATH", "COLOUR", "CUDA_VISIBLE_DEVICES", "PORT", "TANDEM_REPLICA", "TANDEM_NODE",
                    "TANDEM_NODE_DIRECTORY",
                ])
            #expect(
                Set(failed.lastLines).isSuperset(of: [
                    "COLOUR=blue = red", "CUDA_VISIBLE_DEVICES=1,3", "PORT=\(site.ports.lowerBound)",
                    "TANDEM_REPLICA=shop#api#1", "TANDEM_NODE=n1", "TANDEM_NODE_DIRECTORY=\(site.directory)",
                ]))
        }
    }

    @Test func nothingElseIsInherited() async throws {
        let site = try Site()
        try await site.withAgent { _, tier in
            // The shell lists its own descriptors by file name; 3 is that of the listing.
            let look = "echo /proc/$$/fd/*; cat /proc/$$/stat"
            let signals = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]
            tier.order([order(["/bin/sh", "-c", look]), order(signals, id: second)])
            let lines = try await tier.report(.failed).lastLines
            try #require(lines.count == 2)
            let descriptors = lines[0].split(separator: " ").compactMap { $0.split(separator: "/").last }
            #expect(Set(descriptors).isSubset(of: ["0", "1", "2", "3"]))
            let fields = lines[1].split(separator: " ")
            #expect(fields[0] == fields[4] && fields[0] == fields[5], "leads its own group and session")
            let masks = try await tier.report(of: second, .failed).lastLines
            #expect(masks == ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"])
        }
    }

    @Test func aLogIsHeldToItsBound() async throws {
        let site = try Site()
        var settings = site.settings()
        settings.logBytesMax = 64 << 10
        try await site.withAgent(settings) { _, tier in
            let chatty = """
                $| = 1; my $log = "$ENV{TANDEM_NODE_DIRECTORY}/logs/$ENV{TANDEM_REPLICA}.log";
                print "line $_\\n" for 1 .. 50_000;
                select undef, undef, undef, 0.01 while -s $log > 64 * 1024;
                print "and more\\n"; exit 7;
                """
            tier.order([order(["perl", "-e", chatty])])
            let failed = try await tier.report(.failed)
            #expect(failed.exit == .code(7))
            #expect(failed.lastLines.suffix(2) == ["line 50000", "and more"])
            let log = site.log()
            #expect(log.hasPrefix("(earlier output was cut"))
            #expect(log.utf8.count <= 64 << 10)
        }
    }

    @Test func oldLogsAreRemoved() async throws {
        let site = try Site()
        var settings = site.settings()
        settings.endedLogsMax = 2
        try await site.withAgent(settings) { _, tier in
            for serial in 1...4 {
                let id = ReplicaID(shop, serial: Int64(serial))
                tier.order([order(["/bin/echo", "hello"], id: id)])
                try await tier.report(of: id, .failed)
            }
            tier.order([])
            try await tier.until("forgotten") { $0.heard?.replicas == [] }
            let logs = try FileManager.default.contentsOfDirectory(atPath: site.directory + "/logs")
            #expect(logs.count == 2 && logs.contains("shop#api#4.log"))
        }
    }

    @Test func aTakenPortIsPassedOver() async throws {
        let site = try Site()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(site.ports.lowerBound).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 1) == 0)
        try await site.withAgent { _, tier in
            tier.order([order(server(), health: "/")])
            let report = try await tier.report(.ready)
            #expect(report.port == site.ports.lowerBound + 1)
        }
    }

    @Test func oneThatCannotBindIsTriedOnOtherPorts() async throws {
        let site = try Site()
        try await site.withAgent { agent, tier in
            let picky = """
                [ $0 -ge \(site.ports.lowerBound + 2) ] && exec sleep 1000
                echo 'bind: Address already in use'; exit 1
                """
            tier.order([order(["/bin/sh", "-c", picky, "{port}"])])
            try await tier.until("third port") { $0.heard?.replicas.first?.port == site.ports.lowerBound + 2 }
            #expect(await agent.metrics().contains("tandem_agent_ports_taken_total 2"))
            tier.order([order(["/bin/sh", "-c", "echo 'Address already in use'; exit 1"], id: second)])
            let report = try await tier.report(of: second, .failed)
            #expect(report.exit == .code(1))
            #expect(await agent.metrics().contains("tandem_agent_starts_total 8"))
        }
    }
}
