import Model

/// What is expected to be asked of a node: the kinds of demands, each with how often it comes.
///
/// Of the free GPU of a node the fragmentation measure counts, for each kind, the part that this kind cannot use: all of
/// it where CPU, memory, another amount or a label says no, else the devices that have less left than it asks for.
///
/// Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent",
/// USENIX ATC 2023, section 3: a replica goes where the measure grows least. Kinds without a GPU are left out: for them
/// the whole of the free GPU counts wherever it is.
struct DemandMix {
    private struct Kind {
        var amounts: Amounts
        var ask: Int
        var weight: Int64
        var shape: Int
    }

    /// More kinds than this are not told apart: the most frequent ones count.
    static let kindsMax = 256

    private var kinds: [Kind] = []
    /// Each GPU demand once; `Kind.ask` is a place in here.
    private var asks: [DeviceAsk] = []

    /// - Parameter weights: how often each shape comes; a place for each shape.
    init(_ shapes: [OnlineShape], weights: [Int64]) {
        let asking = shapes.indices.filter { shapes[$0].gpu != .none && weights[$0] > 0 }
            .sorted { weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1 }
        var places: [DeviceAsk: Int] = [:]
        for shape in asking.prefix(Self.kindsMax) {
            let gpu = shapes[shape].gpu
            let place = places[gpu] ?? asks.count
            if place == asks.count {
                asks.append(gpu)
                places[gpu] = place
            }
            kinds.append(
                Kind(amounts: shapes[shape].amounts, ask: place, weight: weights[shape], shape: shape))
        }
    }

    var isEmpty: Bool { kinds.isEmpty }

    /// Thousandths of a device times weight.
    /// - Parameter admits: for each shape whether the node's labels are what it asks for.
    func fragmentation(free: Amounts, devices: Devices, admits: [Bool]) -> Int64 {
        let left = devices.left
        guard left > 0 else { return 0 }
        let lost = asks.map { Self.lost(devices, $0) }
        return kinds.reduce(0) { sum, kind in
            let usable = admits[kind.shape] && free.covers(kind.amounts)
            return sum + kind.weight * (usable ? lost[kind.ask] : left)
        }
    }

    /// Thousandths on devices that are of no use for such a demand.
    private static func lost(_ devices: Devices, _ ask: DeviceAsk) -> Int64 {
        switch ask {
        case .none: 0
        case .share(let milli): devices.free.reduce(0) { $0 + ($1 < Int64(milli) ? $1 : 0) }
        case .whole(let count):
            devices.empty >= count
                ? devices.free.reduce(0) { $0 + ($1 < Devices.whole ? $1 : 0) } : devices.left
        }
    }
}
