import Model
import Placement

/// A price beyond this counts as this: a million dollars an hour.
private let priceMax: Int64 = 1_000_000_000_000

/// One node type as it can be bought in this pass.
struct Ware {
    let state: TypeState
    /// Those that can be had now, cheapest first.
    let offerings: [Offering]
    /// When an offering that is left out may be asked for again.
    let retryAt: Moment?
    /// Nodes of it that may still be added under its own limit and what the provider says it has.
    let room: Int
    /// Of these the provider's stock is what binds.
    let stockBinds: Bool

    var name: String { state.type.name }
    /// Nodes that it lacks of its minimum.
    var lacking: Int { max(0, state.type.minWorkers - state.ready - state.launching) }

    init(_ state: TypeState, input: ProvisioningInput) {
        self.state = state
        let own = input.offerings.filter { $0.nodeType == state.type.name }
        let waits = own.compactMap { offering in
            input.unavailableUntil.filter { $0.concerns(offering) && input.now < $0.until }.map(\.until).max()
        }
        retryAt = waits.min()
        // Beyond the base nothing else stands in for spot, if that is how it is.
        let spot = input.settings.spot
        let isSpotOnly =
            state.onDemand >= spot.onDemandBase && spot.isSpotOnly(state.type.name, input.offerings)
        offerings = own.filter { offering in
            (!isSpotOnly || offering.capacityType == SpotSettings.word) && offering.available != 0
                && !input.unavailableUntil.contains { $0.concerns(offering) && input.now < $0.until }
        }.sorted { $0.rank < $1.rank }
        let open = max(0, state.type.maxWorkers - state.live)
        let stock =
            offerings.contains { $0.available == nil }
            ? Int.max : offerings.reduce(0) { $0 + min(max($1.available ?? 0, 0), open) }
        room = min(open, stock)
        stockBinds = stock < open
    }

    /// The labels of its nodes; those of the place only where an offering is named.
    func labels(_ offering: Offering? = nil) -> [String: String] {
        nodeLabels(state.type, zone: offering?.zone ?? "", capacityType: offering?.capacityType ?? "")
    }
}

extension Unavailable {
    func concerns(_ offering: Offering) -> Bool {
        (self.offering.nodeType, self.offering.zone, self.offering.capacityType)
            == (offering.nodeType, offering.zone, offering.capacityType)
    }
}

extension Offering {
    /// Cheapest first, then by name.
    fileprivate var rank: (Int64, String, String) { (microdollarsPerHour, zone, capacityType) }
    /// At least 1, so that a free node is not worth buying without end.
    var price: Int64 { min(max(microdollarsPerHour, 1), priceMax) }
}
