import Cloud
import CloudAdapters
import Foundation
import Link
import LocalCloud
import Model
import Support
import Testing
import Wire

private let spot = Offering(
    nodeType: "small", zone: "a", capacityType: "spot", microdollarsPerHour: 3_000, available: 1)
private let firm = Offering(
    nodeType: "small", zone: "b", capacityType: "on_demand", microdollarsPerHour: 10_000)

/// Room for the contract's three machines, and one way of which nothing is left.
private let roomy: [Offering] = {
    var (many, none) = (spot, firm)
    many.available = 3
    (none.zone, none.available) = ("c", 0)
    return [many, firm, none]
}()

/// Zones, capacity types, prices and how many there are, in memory and behind the wire alike.
@Suite(.timeLimit(.minutes(2))) struct OfferingTests {
    private static func memory() -> MemoryCloud { Shop.cloud { $0.offerings = [spot, firm] } }

    @Test func honoursTheContractInMemory() async throws {
        let cloud = Shop.cloud { $0.offerings = roomy }
        let setting = ContractSetting(clusters: ("mine", "other"), join: Shop.join) {
            cloud.advance(by: Millis(50))
        }
        try await honoursTheContract(cloud, setting)
    }

    @Test func honoursTheContractOverTheWire() async throws {
        try await withPlace(fake: { $0.offerings = roomy }) { place in
            try await place.whileRunning { (provider, _) async throws -> Void in
                let setting = ContractSetting(
                    clusters: (place.cluster, "\(place.cluster)-other"), join: place.join, looksMax: 600
                ) { try await place.ticks(1) }
                try await honoursTheContract(provider, setting)
            }
        }
    }

    @Test func eachWayHasItsOwnCountInMemory() throws {
        let cloud = Self.memory()
        #expect(try cloud.offeringsNow().get().map(\.available) == [1, nil])
        let first = try cloud.made("a", [spot, firm])
        #expect(first.offering.zone == "a" && first.offering.microdollarsPerHour == 3_000)
        #expect(try cloud.offeringsNow().get().map(\.available) == [0, nil])
        #expect(throws: CloudError.outOfCapacity("none of [\"small\"] to be had")) {
            try cloud.made("b", [spot])
        }
        let second = try cloud.made("c", [spot, firm])
        #expect(second.offering.zone == "b" && second.offering.capacityType == "on_demand")
        cloud.preempt(instance: first.id, in: .seconds(5))
        #expect(try cloud.listed().first?.preemptedIn == .seconds(5))
        cloud.advance(by: .seconds(6))
        #expect(try cloud.offeringsNow().get().map(\.available) == [1, nil])
        #expect(cloud.bill.lines.map(\.offering.microdollarsPerHour).sorted() == [3_000, 10_000])
    }

    @Test func aTypesCountHoldsOverAllItsWays() throws {
        let cloud = Shop.cloud {
            $0.offerings = [spot, firm]
            $0.capacity = ["small": 1]
        }
        #expect(try cloud.offeringsNow().get().map(\.available) == [1, 1])
        _ = try cloud.made("a", [firm])
        #expect(try cloud.offeringsNow().get().map(\.available) == [0, 0])
    }

    @Test func aNewPriceIsNoNewStock() throws {
        var dearer = spot
        (dearer.microdollarsPerHour, dearer.available) = (5_000, nil)
        let cloud = Shop.cloud {
            $0.offerings = [spot]
            $0.prices = [.init(from: Moment(1_000), offering: dearer)]
        }
        _ = try cloud.made("a", [spot])
        cloud.advance(by: .seconds(2))
        let offering = try #require(try cloud.offeringsNow().get().first)
        #expect(offering.microdollarsPerHour == 5_000 && offering.available == 0)
    }

    @Test func eachWayHasItsOwnCountOverTheWire() async throws {
        try await withPlace(fake: { $0.offerings = [spot, firm] }) { place in
            func request(_ token: String, _ offerings: [Offering]) -> CreateRequest {
                CreateRequest(
                    token: token, node: NodeID(token), cluster: place.cluster, offerings: offerings,
                    join: place.join)
            }
            let calls = [request("t1", [spot, firm]), request("t2", [spot]), request("t3", [spot, firm])]
            try await place.whileRunning { (provider, link) async throws -> Void in
                #expect(try await provider.offerings() == [spot, firm])
                let made = try await provider.create(calls[0])
                #expect(made.offering.capacityType == "spot" && made.offering.zone == "a")
                #expect(try await provider.offerings().map(\.available) == [0, nil])
                await #expect(throws: CloudError.outOfCapacity("none of [\"small\"] to be had now")) {
                    try await provider.create(calls[1])
                }
                #expect(try await provider.create(calls[2]).offering.zone == "b")
                let call = try WireCoding.encode(PreemptCall(inMs: .zero))
                _ = try await link.data(
                    "POST", LocalCloudRoutes.preempt("t1"), body: call, contentType: "application/json",
                    deadline: .seconds(5))
                try await place.until("there is a spot machine again") {
                    try await provider.offerings().map(\.available) == [1, nil]
                }
            }
        }
    }

    /// Another catalogue is told while it runs, and is still sold after a restart with the older file.
    @Test func anotherCatalogueOutlivesTheCloud() async throws {
        try await withPlace { place in
            var fake = place.settings.fake
            fake.offerings = [firm]
            let large = LocalCloudSettings.MachineType(
                name: "large", resources: Resources([Resources.cpu: 2000]))
            let call = CatalogueCall(
                fake: fake, types: place.settings.nodeTypes + [large], isStartFile: false)
            try await place.whileRunning { (provider, link) async throws -> Void in
                #expect(try await provider.offerings().map(\.zone) == ["local"])
                _ = try await link.data(
                    "POST", LocalCloudRoutes.catalogue, body: try WireCoding.encode(call),
                    contentType: "application/json", deadline: .seconds(5))
                #expect(try await provider.offerings().map(\.nodeType) == ["small", "large"])
            }
            try await place.whileRunning { (provider, _) async throws -> Void in
                let offerings = try await provider.offerings()
                #expect(offerings.first == firm && offerings.map(\.nodeType) == ["small", "large"])
            }
            #expect(LocalCloud.soldBefore(directory: place.settings.directory)?.fake == place.settings.fake)
        }
    }
}
