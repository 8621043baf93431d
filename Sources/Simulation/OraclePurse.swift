import Model
import Placement
import Provisioning

/// Nodes for a count of replicas, bought from nothing by the node planner; remembered by count.
struct OraclePurse {
    private let market: OracleMarket
    private var bought: [Int: Purchase] = [:]

    struct Purchase {
        var nodes = 0
        var microdollarsPerHour: Int64 = 0
        /// Nothing is left without a node.
        var holdsAll = true
    }

    init(_ market: OracleMarket) { self.market = market }

    mutating func holds(_ count: Int) -> Bool { purchase(count).holdsAll }

    /// - Parameter report: its counts; the sums are put into it.
    mutating func pay(_ plan: OraclePlan, _ report: inout OracleReport) {
        let ahead = largestAhead(report.replicas, plan.lead)
        var price: Int128 = 0
        for count in ahead {
            let purchase = purchase(count)
            report.nodes.append(purchase.nodes)
            report.nodeMillis += Int64(purchase.nodes) * 1000
            price += Int128(purchase.microdollarsPerHour)
        }
        report.microdollars = Int64(clamping: price / 3600)
        let standing = market.standing.reduce(0) { $0 + $1.count }
        report.replicaMillis = report.replicas.reduce(Int64(0)) { $0 + Int64($1 + standing) * 1000 }
    }

    private mutating func purchase(_ count: Int) -> Purchase {
        if let known = bought[count] { return known }
        let made = buy(count)
        bought[count] = made
        return made
    }

    private func buy(_ count: Int) -> Purchase {
        // Without a provider the machine of the tiers is the only node, and costs nothing.
        guard !market.cluster.nodeTypes.isEmpty else { return Purchase(nodes: 1) }
        var demands = demands(market.deployment, market.replica, count)
        for other in market.standing { demands += self.demands(other.deployment, other.replica, other.count) }
        var settings = market.cluster
        settings.upscalingSpeed = Thousandths(.max / 2)
        for index in settings.nodeTypes.indices { settings.nodeTypes[index].minWorkers = 0 }
        let plan = provision(
            ProvisioningInput(
                settings: settings, unplaced: demands.map { Unplaced(demand: $0, refusals: []) },
                types: settings.nodeTypes.map { TypeState(type: $0, live: 0, ready: 0, launching: 0) },
                offerings: market.offerings, unavailableUntil: [], idle: [], now: Moment(0)))
        let prices = plan.launches.map { $0.offerings.first?.microdollarsPerHour ?? 0 }
        return Purchase(
            nodes: plan.launches.count, microdollarsPerHour: prices.reduce(0, +),
            holdsAll: plan.refusals.isEmpty)
    }

    private func demands(_ deployment: DeploymentID, _ resources: Resources, _ count: Int) -> [Demand] {
        (0..<count).map {
            Demand(replica: ReplicaID(deployment, serial: Int64($0 + 1)), resources: resources)
        }
    }
}

/// For each place the largest value from there to `span` places further on: one pass from the back, with the
/// places that may still be the largest in falling order.
func largestAhead(_ values: [Int], _ span: Int) -> [Int] {
    var largest = values
    var places: [Int] = []
    var front = 0
    for place in values.indices.reversed() {
        while places.count > front, values[places[places.count - 1]] <= values[place] { places.removeLast() }
        places.append(place)
        while places[front] - place > span { front += 1 }
        largest[place] = values[places[front]]
    }
    return largest
}
