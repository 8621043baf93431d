import Cloud
import Model
import Support
import Testing

private let (small, large, join) = (Shop.small, Shop.large, Shop.join)

private func request(_ token: String, _ offerings: [Offering] = [small]) -> CreateRequest {
    Shop.request(token, offerings)
}

private func cloud(_ script: CloudFault..., shape: (inout MemoryCloud.Settings) -> Void = { _ in })
    -> MemoryCloud
{
    Shop.cloud(script, shape: shape)
}

@Suite struct MemoryCloudTests {
    @Test func honoursTheContractInMemory() async throws {
        let cloud = cloud {
            $0.bootDelay = Millis(300)
            $0.listLag = Millis(200)
            $0.stopDelay = Millis(100)
        }
        let setting = ContractSetting(clusters: ("mine", "other"), join: join) {
            cloud.advance(by: Millis(50))
        }
        try await honoursTheContract(cloud, setting)
    }

    /// The contract must notice what it is there for.
    @Test func aDuplicatingProviderBreaksTheContract() async throws {
        let cloud = cloud { settings in
            settings.faults = FaultPlan(rates: [.init(.duplicateInstance, perMille: 1000)])
        }
        let setting = ContractSetting(clusters: ("mine", "other"), join: join, looksMax: 5) {
            cloud.advance(by: Millis(50))
        }
        await #expect(throws: BrokenPromise.self) { try await honoursTheContract(cloud, setting) }
    }

    @Test(arguments: [
        (CloudFault.launchSucceedsButReplyIsLost, 1), (.launchIsLost, 0), (.outOfCapacity, 0), (.quota, 0),
        (.throttled, 0), (.rejected, 0), (.unavailable, 0),
    ])
    func aFailedLaunchLeaves(fault: CloudFault, machines: Int) async throws {
        let cloud = cloud(fault)
        await #expect(throws: CloudError.self) { try await cloud.create(request("t")) }
        #expect(cloud.machines.count == machines)
        _ = try await cloud.create(request("t"))
        #expect(cloud.machines.count == 1)
    }

    @Test func theFirstOfferingWithCapacityIsTaken() async throws {
        let cloud = cloud { $0.capacity = ["small": 1] }
        let types = [
            try await cloud.create(request("a", [small, large])).offering.nodeType,
            try await cloud.create(request("b", [small, large])).offering.nodeType,
        ]
        #expect(types == ["small", "large"])
        await #expect(throws: CloudError.outOfCapacity("none of [\"small\"] to be had")) {
            try await cloud.create(request("c"))
        }
        #expect(try await cloud.offerings().map(\.available) == [0, nil])
    }

    @Test func aMachineBootsWhenItsDelayIsOver() async throws {
        let cloud = cloud { $0.bootDelay = Millis(500) }
        _ = try await cloud.create(request("a"))
        cloud.advance(by: Millis(499))
        #expect(cloud.machines.map(\.instance.state) == [.pending])
        cloud.advance(by: Millis(1))
        #expect(cloud.machines.map(\.instance.state) == [.running])
    }

    @Test func neverBootsAndListsThatLie() async throws {
        let cloud = cloud(.neverBoots, .listOmits)
        _ = try await cloud.create(request("a"))
        cloud.advance(by: .seconds(10_000))
        #expect(try await cloud.list(cluster: "c").isEmpty)
        #expect(try await cloud.list(cluster: "c").map(\.state) == [.pending])
    }

    @Test func aLostTerminateLeavesTheMachine() async throws {
        let cloud = cloud(.terminateLost, .terminateReplyIsLost)
        let made = try await cloud.create(request("a"))
        try await cloud.terminate(instance: made.id)
        #expect(cloud.machines.map(\.instance.state) == [.running])
        await #expect(throws: CloudError.self) { try await cloud.terminate(instance: made.id) }
        #expect(cloud.machines.map(\.instance.state) == [.terminated])
    }

    @Test func aPreemptedMachineGivesNoticeAndGoes() async throws {
        let cloud = cloud()
        let made = try await cloud.create(request("a"))
        cloud.preempt(instance: made.id, in: Millis(120_000))
        cloud.advance(by: Millis(20_000))
        #expect(try await cloud.list(cluster: "c").map(\.preemptedIn) == [Millis(100_000)])
        cloud.advance(by: Millis(100_000))
        #expect(try await cloud.list(cluster: "c").map(\.state) == [.terminated])
    }

    @Test(arguments: [0, 500, 1000])
    func theSameSeedStrikesTheSameCalls(perMille: Int) {
        func strikes(_ seed: UInt64) -> [Bool] {
            var plan = FaultPlan(rates: [.init(.throttled, perMille: perMille)], seed: seed)
            return (0..<100).map { _ in plan.next(for: .list) != nil }
        }
        #expect(strikes(7) == strikes(7))
        #expect((strikes(7) == strikes(8)) == (perMille != 500))
        #expect(strikes(7).count { $0 } == (perMille == 500 ? strikes(7).count { $0 } : perMille / 10))
    }
}
