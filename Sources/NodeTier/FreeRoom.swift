import Model
import Store

/// What is left of a node: of each resource, and of each GPU device, since a replica takes a part of one device or
/// whole devices and never parts of several.
struct FreeRoom {
    private static let device: Int64 = 1_000

    private(set) var free: Resources
    /// Thousandths that are free, by device; nil: it is not known which replica has which.
    private var devices: [Int64]?

    init(_ node: NodeRow, _ placements: [PlacementRow]) {
        free = node.resources
        devices = Array(repeating: Self.device, count: Int(node.resources[Resources.gpu] / Self.device))
        for placement in placements { take(placement) }
    }

    private mutating func take(_ placement: PlacementRow) {
        free = free - placement.resources
        let wanted = placement.resources[Resources.gpu]
        guard wanted > 0 else { return }
        guard var known = devices, !placement.gpus.isEmpty, placement.gpus.allSatisfy(known.indices.contains)
        else {
            devices = nil
            return
        }
        for index in placement.gpus { known[index] -= min(wanted, Self.device) }
        devices = known
    }

    func covers(_ shape: Resources) -> Bool {
        guard free.covers(shape) else { return false }
        let wanted = shape[Resources.gpu]
        guard wanted > 0, let devices else { return true }
        if wanted < Self.device { return devices.contains { $0 >= wanted } }
        return Int64(devices.count { $0 == Self.device }) * Self.device >= wanted
    }
}
