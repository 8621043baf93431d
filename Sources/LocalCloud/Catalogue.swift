import Model

/// What a fake cloud sells and how it behaves.
struct Sold: Hashable, Sendable, Codable {
    var fake: FakeCloudSettings
    var types: [LocalCloudSettings.MachineType]
}

/// What is sold now, and what the file said that the cloud was started with. Whoever is killed and started again goes on
/// with what was told last, unless the file says something else by now (the rule of the node tier's cluster file).
struct Catalogue: Hashable, Sendable, Codable {
    var file: Sold
    var inForce: Sold

    /// - Parameter sold: what the file says at this start.
    /// - Parameter known: nil: nothing was sold here before.
    static func atStart(_ sold: Sold, known: Catalogue?) -> Catalogue {
        guard let known, known.file == sold else { return Catalogue(file: sold, inForce: sold) }
        return known
    }
}
