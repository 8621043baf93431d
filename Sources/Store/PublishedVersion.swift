/// Tells whether what a tier publishes may differ from what it published before: equal ones say that it does not.
package struct PublishedVersion: Sendable, Equatable {
    /// The newest change of the cluster's state.
    package var change: Int64
    package var clusterGeneration: Int64
    /// Grows with whatever else a peer is told.
    package var other: Int64

    package init(change: Int64, clusterGeneration: Int64, other: Int64 = 0) {
        self.change = change
        self.clusterGeneration = clusterGeneration
        self.other = other
    }
}
