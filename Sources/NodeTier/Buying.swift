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

    init(_ states: [TypeState], _ settings: ClusterSettings, spending: Int64) {
        ofType = Dictionary(
            states.map { ($0.type.name, $0.type.maxWorkers - $0.live) },
            uniquingKeysWith: { first, _ in first })
        all = settings.maxWorkers - states.reduce(0) { $0 + $1.live }
        money = settings.priceMax.map { $0 - spending }
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
    /// the price limit allows.
    /// - Returns: false: they do not, and nothing is bought.
    @discardableResult
    mutating func buy(_ purchase: Purchase) -> Bool {
        var purse = self.purse ?? Purse(typeStates(), settings, spending: spending())
        var purchase = purchase
        var ways = purchase.offerings.sorted { $0.microdollarsPerHour < $1.microdollarsPerHour }
        while let dearest = ways.last {
            if purse.take(purchase.type, dearest: dearest.microdollarsPerHour) {
                purchase.offerings.removeAll { $0.microdollarsPerHour > dearest.microdollarsPerHour }
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
