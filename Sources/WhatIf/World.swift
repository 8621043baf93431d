import Model
import Placement

/// A described world: what there is, what can be bought, and what wants a place. Nothing in it is real.
package struct World: Sendable {
    package var types: [WorldType] = []
    package var nodes: [WorldNode] = []
    /// In the order in which they were written.
    package var requests: [WorldRequest] = []
    package var policy = PlacementPolicy.tandem
    /// Of what is drawn, with policy `random`.
    package var seed: UInt64 = 1
    /// What the policy may know of demand to come.
    package var expects = Expectation.requests

    /// Where the shapes that are still to come are known from.
    package enum Expectation: String, CaseIterable, Sendable {
        /// The requests of the world, all of them.
        case requests
        /// Those that have come already.
        case past
    }
}

/// A kind of node.
package struct WorldType: Sendable {
    package var name: String
    package var resources: Resources
    package var labels: [String: String]
}

/// A node that is there.
package struct WorldNode: Sendable {
    package var id: String
    package var type: String
    /// What it has in all.
    package var resources: Resources
    /// Of it, without GPU.
    package var used: Resources
    /// Thousandths used of each GPU device.
    package var usedGPUs: [Int64]
    /// Its type's and its own.
    package var labels: [String: String]

    /// Devices that it has.
    package var gpus: Int { Int(resources[Resources.gpu] / Devices.whole) }
}

/// So many replicas that ask for the same.
package struct WorldRequest: Sendable {
    package var id: String
    package var count: Int
    /// Without GPU.
    package var resources: Resources
    package var gpu: DeviceAsk
    package var selector: LabelSelector
}
