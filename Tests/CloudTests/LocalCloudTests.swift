import Cloud
import CloudAdapters
import Foundation
import Link
import LocalCloud
import Model
import Support
import Testing
import Wire

/// The daemon itself on a unix socket, with `sleep` in the agent's place.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LocalCloudTests {
    @Test func honoursTheContractOverTheWire() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                let setting = ContractSetting(clusters: (place.cluster, "other"), join: place.join) {
                    try await place.ticks(1)
                }
                try await honoursTheContract(provider, setting)
            }
        }
    }

    @Test func aMachineOutlivesTheCloudAndIsNeverMadeTwice() async throws {
        try await withPlace { place in
            let made = try await place.whileRunning { (provider, _) async throws -> Instance in
                let made = try await provider.create(place.request("t1", node: "n1"))
                try await place.until("the agent runs") { place.processes().count == 1 }
                return made
            }
            let before = place.processes()
            #expect(before.count == 1, "the agent outlives its cloud")
            try await place.whileRunning { (provider, _) async throws -> Void in
                let again = try await provider.create(place.request("t1", node: "n1"))
                #expect(again.id == made.id)
                #expect(try await provider.list(cluster: place.cluster).map(\.id) == [made.id])
                // Were it not adopted, a second agent would stand beside it by now.
                try await place.ticks(4)
                #expect(place.processes() == before)
            }
        }
    }

    @Test func anAgentStartedJustBeforeACrashIsAdoptedByItsMark() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                _ = try await provider.create(place.request("t1", node: "n1"))
                try await place.until("the agent runs") { place.processes().count == 1 }
            }
            let before = place.processes()
            // As if the crash had come between the start and its record.
            let file = place.directory + "/cloud/registry.json"
            var json = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file)))
                    as? [String: Any])
            var machines = try #require(json["machines"] as? [[String: Any]])
            #expect(machines[0].removeValue(forKey: "agent") != nil)
            json["machines"] = machines
            try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: file))
            try await place.whileRunning { (_, _) async throws -> Void in
                try await place.ticks(4)
                #expect(place.processes() == before)
            }
        }
    }

    @Test func aDeadAgentIsStartedAgainUnlessItsNodeIsRetired() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                _ = try await provider.create(place.request("t1", node: "n1"))
                try await place.until("the agent runs") { place.processes().count == 1 }
                let first = try #require(place.processes().first)
                place.kill(first)
                try await place.until("another agent runs") {
                    let now = place.processes()
                    return now.count == 1 && now != [first]
                }
                try Data().write(to: URL(fileURLWithPath: place.directory + "/nodes/n1/retired"))
                let second = try #require(place.processes().first)
                place.kill(second)
                try await place.ticks(10)
                #expect(place.processes().isEmpty)
            }
        }
    }

    @Test func aKilledNodeTakesEverythingWithItsMark() async throws {
        // As an agent starts its replicas: with the marks of node and directory alone.
        let replica = "env -i TANDEM_NODE=n1 TANDEM_NODE_DIRECTORY="
        try await withPlace(command: { start in
            ["/bin/sh", "-c", "\(replica)\(start.directory) /bin/sleep 1000 & sleep 1000; true"]
        }) { place in
            try await place.whileRunning { (provider, link) async throws -> Void in
                _ = try await provider.create(place.request("t1", node: "n1"))
                try await place.until("the agent and its children run") { place.processes().count == 3 }
                _ = try await link.text("POST", LocalCloudRoutes.kill("n1"), deadline: .seconds(5))
                #expect(try await provider.list(cluster: place.cluster).map(\.state) == [.terminated])
                try await place.until("nothing is left") { place.processes().isEmpty }
                try await place.ticks(6)
                #expect(place.processes().isEmpty, "a lost machine starts no agent again")
                await #expect(throws: LinkError.self) {
                    try await link.text("POST", LocalCloudRoutes.kill("n1"), deadline: .seconds(5))
                }
            }
        }
    }

    @Test func aMachineThatIgnoresTheEndIsKilled() async throws {
        let stubborn = ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"]
        try await withPlace(command: { _ in stubborn }) { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                let made = try await provider.create(place.request("t1", node: "n1"))
                try await place.until("the agent runs") { !place.processes().isEmpty }
                try await provider.terminate(instance: made.id)
                #expect(try await provider.list(cluster: place.cluster).map(\.state) == [.stopping])
                try await place.until("it is over") { place.processes().isEmpty }
                try await place.until("the list says so") {
                    try await provider.list(cluster: place.cluster).map(\.state) == [.terminated]
                }
            }
        }
    }

    @Test func capacityCountsAndComesBack() async throws {
        try await withPlace(fake: { $0.capacity = [.init(type: "small", count: 1)] }) { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                #expect(try await provider.offerings().map(\.available) == [1])
                let made = try await provider.create(place.request("t1", node: "n1"))
                await #expect(throws: CloudError.outOfCapacity("none of [\"small\"] to be had now")) {
                    try await provider.create(place.request("t2", node: "n2"))
                }
                try await provider.terminate(instance: made.id)
                try await place.until("there is room") {
                    try await provider.offerings().map(\.available) == [1]
                }
                _ = try await provider.create(place.request("t2", node: "n2"))
            }
        }
    }

    @Test func aLostReplyLeavesOneMachine() async throws {
        try await withPlace(fake: { $0.lostReplyPerMille = 1000 }) { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                for _ in 0..<3 {
                    let error = await #expect(throws: CloudError.self) {
                        try await provider.create(place.request("t1", node: "n1"))
                    }
                    guard case .outcomeUnknown = error else {
                        Issue.record("\(String(describing: error))")
                        return
                    }
                }
                #expect(try await provider.list(cluster: place.cluster).map(\.token) == ["t1"])
            }
        }
    }

    @Test func aPreemptedMachineGivesNoticeAndGoes() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, link) async throws -> Void in
                _ = try await provider.create(place.request("t1", node: "n1"))
                let call = try WireCoding.encode(PreemptCall(inMs: Millis(60_000)))
                _ = try await link.data(
                    "POST", LocalCloudRoutes.preempt("n1"), body: call, contentType: "application/json",
                    deadline: .seconds(5))
                let notice = try #require(try await provider.list(cluster: place.cluster)[0].preemptedIn)
                #expect((Millis(50_000)...Millis(60_000)).contains(notice))
                let now = try WireCoding.encode(PreemptCall(inMs: .zero))
                _ = try await link.data(
                    "POST", LocalCloudRoutes.preempt("n1"), body: now, contentType: "application/json",
                    deadline: .seconds(5))
                try await place.until("it is gone") {
                    try await provider.list(cluster: place.cluster).map(\.state) == [.terminated]
                        && place.processes().isEmpty
                }
            }
        }
    }

    @Test func aShutdownGivesBackOneClusterOnly() async throws {
        try await withPlace { place in
            try await place.whileRunning { (provider, link) async throws -> Void in
                _ = try await provider.create(place.request("t1", node: "n1"))
                var other = place.request("t2", node: "n2")
                other.cluster = place.cluster + "b"
                _ = try await provider.create(other)
                let call = try WireCoding.encode(ShutdownCall(cluster: place.cluster))
                _ = try await link.data(
                    "POST", LocalCloudRoutes.shutdown, body: call, contentType: "application/json",
                    deadline: .seconds(5))
                try await place.until("it is over") {
                    try await provider.list(cluster: place.cluster).map(\.state) == [.terminated]
                }
                #expect(try await provider.list(cluster: other.cluster).map(\.state) == [.running])
                let page = try await link.text("GET", Routes.metrics, deadline: .seconds(5))
                #expect(page.contains("tandem_cloud_instances{state=\"running\"} 1"))
                #expect(page.contains("tandem_cloud_calls_total{call=\"create\",outcome=\"ok\"} 2"))
            }
        }
    }

    @Test func aSecondCloudOnTheDirectoryIsRefused() async throws {
        try await withPlace { place in
            try await place.whileRunning { (_, _) async throws -> Void in
                await #expect(throws: Problem.self) { try await place.cloud().run { _ in } }
            }
        }
    }

    @Test(arguments: ["{\"version\":2,\"machines\":[]}", "{\"version\":1,\"mach", ""])
    func aRegistryThatCannotBeReadIsRefused(text: String) async throws {
        try await withPlace { place in
            let folder = place.directory + "/cloud"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let file = URL(fileURLWithPath: folder + "/registry.json")
            try Data(text.utf8).write(to: file)
            await #expect(throws: Problem.self) { try await place.cloud().run { _ in } }
            #expect(try Data(contentsOf: file) == Data(text.utf8), "what cannot be read is left as it is")
        }
    }
}
