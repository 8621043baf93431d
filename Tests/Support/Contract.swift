import Cloud
import Model

/// A promise of `CloudProvider` that an implementation did not keep.
package struct BrokenPromise: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// What the contract needs to know of a provider, besides the provider.
package struct ContractSetting: Sendable {
    /// Tags of two clusters that have no machines yet.
    package var clusters: (mine: String, other: String)
    package var join: Join
    /// Lets a little time pass between two looks at a list.
    package var pause: @Sendable () async throws -> Void
    /// Looks before a promise counts as broken.
    package var looksMax: Int

    package init(
        clusters: (mine: String, other: String), join: Join, looksMax: Int = 200,
        pause: @escaping @Sendable () async throws -> Void
    ) {
        self.clusters = clusters
        self.join = join
        self.pause = pause
        self.looksMax = looksMax
    }
}

/// Every provider must pass this: the one in memory, the fake cloud behind HTTP, and yours. It needs room for
/// three machines, and gives back all that it makes.
/// - Throws: `BrokenPromise` for the first promise that does not hold; `CloudError` when a call fails that
///   should not.
package func honoursTheContract(_ provider: any CloudProvider, _ setting: ContractSetting) async throws {
    let run = ContractRun(provider: provider, setting: setting)
    let offering = try await run.offersSomething()
    let first = try await run.makesOneMachinePerToken(offering)
    try await run.returnsTags(first)
    try await run.makesOneMachinePerTokenAtOnce(offering)
    try await run.survivesACancelledCall(offering)
    try await run.refusesNonsense(offering)
    try await run.terminatesForGood(first, offering)
    try await run.sellsWhatItOffers()
    try await run.givesAllBack()
}

struct ContractRun: Sendable {
    let provider: any CloudProvider
    let setting: ContractSetting

    func request(_ token: String, _ offering: Offering, node: String) -> CreateRequest {
        CreateRequest(
            token: token, node: NodeID(node), cluster: setting.clusters.mine, offerings: [offering],
            join: setting.join)
    }

    func expect(_ holds: Bool, _ promise: String) throws {
        if !holds { throw BrokenPromise(promise) }
    }

    func list() async throws -> [Instance] { try await provider.list(cluster: setting.clusters.mine) }

    /// Looks at the list until `holds`, a bounded number of times.
    func eventually(_ promise: String, _ holds: @Sendable ([Instance]) -> Bool) async throws {
        for _ in 0..<setting.looksMax {
            if holds(try await list()) { return }
            try await setting.pause()
        }
        throw BrokenPromise("\(promise); the list shows \(try await list())")
    }

    func offersSomething() async throws -> Offering {
        let offerings = try await provider.offerings()
        guard let first = offerings.first(where: { $0.available != 0 }) else {
            throw BrokenPromise("offerings: something is to be had")
        }
        try expect(offerings.allSatisfy { $0.microdollarsPerHour >= 0 }, "offerings: no price is negative")
        return first
    }

    func makesOneMachinePerToken(_ offering: Offering) async throws -> Instance {
        let made = try await provider.create(request("contract-1", offering, node: "contract1"))
        let again = try await provider.create(request("contract-1", offering, node: "contract1"))
        try expect(made.id == again.id, "1: the same token twice is one machine")
        let otherwise = try await provider.create(request("contract-1", offering, node: "contract9"))
        try expect(made.id == otherwise.id, "1: one machine per token, whatever else the request says")
        try expect(
            otherwise.node == NodeID("contract1"), "2: the tags are those of the call that made the machine")
        return made
    }

    func returnsTags(_ made: Instance) async throws {
        try expect(
            made.token == "contract-1" && made.node == NodeID("contract1")
                && made.cluster == setting.clusters.mine, "2: tags come back from create")
        try await eventually("2, 3: tags come back, and the list shows each machine once") { list in
            list.count == 1 && list[0].id == made.id && list[0].token == made.token
                && list[0].node == made.node && list[0].cluster == made.cluster
        }
        let other = try await provider.list(cluster: setting.clusters.other)
        try expect(other.isEmpty, "3: a list holds only machines of the cluster")
        try await eventually("a machine comes to run") { $0.first?.state == .running }
    }

    func makesOneMachinePerTokenAtOnce(_ offering: Offering) async throws {
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await provider.create(request("contract-2", offering, node: "contract2")).id
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        try expect(ids.count == 1, "1: eight calls at once with one token are one machine")
    }

    func survivesACancelledCall(_ offering: Offering) async throws {
        let wanted = request("contract-3", offering, node: "contract3")
        let outcome = await withTaskGroup(of: Result<Instance, any Error>.self) { group in
            group.addTask {
                do { return .success(try await provider.create(wanted)) } catch { return .failure(error) }
            }
            group.cancelAll()
            return await group.next()
        }
        if case .failure(let error) = outcome {
            guard case CloudError.outcomeUnknown = error else {
                throw BrokenPromise("6: a cancelled call throws outcomeUnknown, not \(error)")
            }
        }
        let made = try await provider.create(wanted)
        try await eventually("6: after a cancelled call the same token is one machine") { list in
            list.filter { $0.token == "contract-3" }.map(\.id) == [made.id]
        }
    }

    func refusesNonsense(_ offering: Offering) async throws {
        var unknown = offering
        unknown.nodeType = "no-such-type"
        do {
            _ = try await provider.create(request("contract-4", unknown, node: "contract4"))
            throw BrokenPromise("5: an unknown type is rejected")
        } catch CloudError.rejected {}
    }

    func terminatesForGood(_ made: Instance, _ offering: Offering) async throws {
        try await provider.terminate(instance: "i-never-was")
        try await provider.terminate(instance: made.id)
        try await provider.terminate(instance: made.id)
        try await eventually("4: a terminated machine ends") { list in
            list.first { $0.id == made.id }.map { $0.state == .terminated } ?? true
        }
        try await provider.terminate(instance: made.id)
        let again = try await provider.create(request("contract-1", offering, node: "contract1"))
        try expect(again.createdUnixMs == made.createdUnixMs, "the date of creation never changes")
        if let created = again.createdUnixMs {
            try expect(
                again.endedUnixMs.map { $0 >= created } ?? false, "who gives dates gives that of the end")
        } else {
            try expect(again.endedUnixMs == nil, "no end without a beginning")
        }
        try expect(again.id == made.id, "1: the token of an ended machine never makes a second one")
        try expect(again.state == .terminated, "1: what is shown for it is the ended machine")
    }

    /// One machine of the last offering that can be had; what none is left of is said to be so.
    func sellsWhatItOffers() async throws {
        let offerings = try await provider.offerings()
        guard let offering = offerings.last(where: { $0.available != 0 }) else { return }
        let made = try await provider.create(request("contract-5", offering, node: "contract5"))
        try expect(
            made.offering.isSameWay(as: offering)
                && made.offering.microdollarsPerHour == offering.microdollarsPerHour,
            "a machine is of the type, zone, capacity type and price that were offered")
        for gone in try await provider.offerings() where gone.available == 0 {
            do {
                _ = try await provider.create(request("contract-6", gone, node: "contract6"))
                throw BrokenPromise("5: of what there is none to be had of nothing is made")
            } catch CloudError.outOfCapacity {}
        }
    }

    func givesAllBack() async throws {
        for instance in try await list() where instance.state != .terminated {
            try await provider.terminate(instance: instance.id)
        }
        try await eventually("4: all that was made can be given back") { list in
            list.allSatisfy { $0.state == .terminated }
        }
    }
}
