import Model

extension FleetType {
    /// - Parameters:
    ///   - onDemand: nodes of it that the provider does not take away.
    ///   - offerings: all that are in the catalogue, whether they can be had now or not.
    package mutating func settle(_ spot: SpotSettings, onDemand: Int, offerings: [Offering]) {
        onDemandLacking = spot.onDemandBase - onDemand
        isSpotOnly = spot.isSpotOnly(name, offerings)
    }
}

extension SpotSettings {
    /// Nothing on demand stands in for its spot nodes: beyond the base it is bought as spot alone.
    package func isSpotOnly(_ type: String, _ offerings: [Offering]) -> Bool {
        !fallsBack && offerings.contains { $0.nodeType == type && $0.capacityType == Self.word }
    }

    /// Of the ways to buy a node of a type those that will do.
    /// - Parameter lacking: nodes on demand of which the base is short.
    package func ways(
        _ ways: [Offering], of type: String, lacking: Int, catalogue: [Offering]
    ) -> [Offering] {
        let steady = ways.filter { $0.capacityType != Self.word }
        if lacking > 0, !steady.isEmpty { return steady }
        guard lacking <= 0, isSpotOnly(type, catalogue) else { return ways }
        return ways.filter { $0.capacityType == Self.word }
    }
}
