import Cloud
import Model
import Provisioning
import Store

/// What may still be bought in one step, whoever asks: replicas, a minimum, headroom, a standing demand or a stored plan.
struct Purse {
    /// By type; a type that is not named is none of the cluster file's.
    private var ofType: [String: Int]
    private var all: Int
    /// Millionths of a dollar per hour; nil: no limit.
    private var money: Int64?
    /// By type: nodes on demand that are to come before any that is spot.
    private var lacking: [String: Int]
    private let spot: SpotSettings
    private let catalogue: [Offering]

    /// - Parameter catalogue: all offerings, whether they can be had now or not.
    init(_ states: [TypeState], _ settings: ClusterSettings, spending: Int64, catalogue: [Offering] = []) {
        spot = settings.spot
        self.catalogue = catalogue
        lacking = Dictionary(
            states.map { ($0.type.name, settings.spot.onDemandBase - $0.onDemand) },
            uniquingKeysWith: { first, _ in first })
        ofType = Dictionary(
            states.map { ($0.type.name, $0.type.maxWorkers - $0.live) },
            uniquingKeysWith: { first, _ in first })
        all = settings.maxWorkers - states.reduce(0) { $0 + $1.live }
        money = settings.priceMax.map { $0 - spending }
    }

    /// Of the ways to buy a node those that leave the base on demand whole, and beyond it what is wanted.
    func ways(_ purchase: NodeStep.Purchase) -> [Offering] {
        spot.ways(
            purchase.offerings, of: purchase.type, lacking: lacking[purchase.type] ?? 0, catalogue: catalogue)
    }

    /// It is bought: when nothing else may come of it, it counts for the base.
    mutating func note(_ purchase: NodeStep.Purchase) {
        guard purchase.offerings.allSatisfy({ $0.capacityType != SpotSettings.word }) else { return }
        lacking[purchase.type, default: 0] -= 1
    }

    /// - Parameter dearest: what the node costs at most.
    /// - Returns: false: a limit is reached, and nothing is taken.
    mutating func take(_ type: String, dearest: Int64) -> Bool {
        guard all > 0, let open = ofType[type], open > 0 else { return false }
        if let left = money {
            guard dearest <= left else { return false }
            money = left - dearest
        }
        ofType[type] = open - 1
        all -= 1
        return true
    }
}

extension NodeStep {
    /// Takes a purchase into the step, if the limits leave room for it beside the step's others. Of its ways those stay that
    /// the price limit and the base on demand allow.
    /// - Returns: false: they do not, and nothing is bought.
    @discardableResult
    mutating func buy(_ purchase: Purchase) -> Bool {
        var purse =
            self.purse ?? Purse(typeStates(), settings, spending: spending(), catalogue: offerings)
        var purchase = purchase
        purchase.offerings = purse.ways(purchase)
        var ways = purchase.offerings.sorted { $0.microdollarsPerHour < $1.microdollarsPerHour }
        while let dearest = ways.last {
            if purse.take(purchase.type, dearest: dearest.microdollarsPerHour) {
                purchase.offerings.removeAll { $0.microdollarsPerHour > dearest.microdollarsPerHour }
                purse.note(purchase)
                self.purse = purse
                purchases.append(purchase)
                return true
            }
            ways.removeAll { $0.microdollarsPerHour >= dearest.microdollarsPerHour }
        }
        self.purse = purse
        return false
    }
}
