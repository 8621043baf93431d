import Cloud
import Model

/// What the tests of the cloud in memory buy, and where.
enum Shop {
    static let small = Offering(
        nodeType: "small", zone: "a", capacityType: "on_demand", microdollarsPerHour: 10_000)
    static let large = Offering(
        nodeType: "large", zone: "a", capacityType: "on_demand", microdollarsPerHour: 40_000)
    static let join = Join(endpoint: "http://127.0.0.1:1", tokenFile: "/token", ports: 20_000...20_099)

    static func request(_ token: String, _ offerings: [Offering] = [small]) -> CreateRequest {
        CreateRequest(token: token, node: NodeID("n1"), cluster: "c", offerings: offerings, join: join)
    }

    static func cloud(
        _ script: [CloudFault] = [], shape: (inout MemoryCloud.Settings) -> Void = { _ in }
    ) -> MemoryCloud {
        var settings = MemoryCloud.Settings(offerings: [small, large])
        settings.faults = FaultPlan(script: script)
        shape(&settings)
        return MemoryCloud(settings)
    }
}

extension MemoryCloud {
    /// A machine that must come to be.
    func made(_ token: String, _ offerings: [Offering] = [Shop.small]) throws(CloudError) -> Instance {
        try createNow(Shop.request(token, offerings)).get()
    }

    /// A list that must come.
    func listed() throws(CloudError) -> [Instance] { try listNow(cluster: "c").get() }
}
