/// The name of a node: chosen by us before the provider is asked, so that it exists before the machine does.
public struct NodeID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// `n1`, `n2`, …; `local` is this machine itself.
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    public var description: String { rawValue }
}

/// A deployment within an application; written `application#deployment`.
package struct DeploymentID: RawRepresentable, Hashable, Comparable, Sendable, Codable,
    CustomStringConvertible
{
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package init(application: String, deployment: String) { rawValue = "\(application)#\(deployment)" }
    package var application: String { String(rawValue.prefix { $0 != "#" }) }
    package var name: String { String(rawValue.drop { $0 != "#" }.dropFirst()) }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { rawValue }
}

/// One replica for its whole life; written `application#deployment#serial`. Serials are never used again.
package struct ReplicaID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package init(_ deployment: DeploymentID, serial: Int64) { rawValue = "\(deployment)#\(serial)" }
    package var deployment: DeploymentID {
        let cut = rawValue.lastIndex(of: "#") ?? rawValue.endIndex
        return DeploymentID(String(rawValue[..<cut]))
    }
    /// Grows with time of creation: larger is newer.
    package var serial: Int64 {
        let bytes = rawValue.utf8
        guard let cut = bytes.lastIndex(of: UInt8(ascii: "#")) else { return 0 }
        return Int64(rawValue[bytes.index(after: cut)...]) ?? 0
    }
    /// By deployment, then by serial. Ids are compared all the time, so nothing is cut out and copied: the bytes before
    /// the serials decide; of two serials the longer is the larger, since none begins with a zero.
    package static func < (a: Self, b: Self) -> Bool {
        a.withBytes { one in b.withBytes { other in precedes(one, other) } }
    }

    private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        // Strings made here lie in one piece; only others are copied.
        rawValue.utf8.withContiguousStorageIfAvailable(body)
            ?? Array(rawValue.utf8).withUnsafeBufferPointer(body)
    }

    private static func precedes(_ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>)
        -> Bool
    {
        let (mine, theirs) = (one[..<cut(one)], other[..<cut(other)])
        guard mine.elementsEqual(theirs) else { return mine.lexicographicallyPrecedes(theirs) }
        guard one.count == other.count else { return one.count < other.count }
        return one[mine.endIndex...].lexicographicallyPrecedes(other[theirs.endIndex...])
    }

    /// Where the separator is; the end when there is none.
    private static func cut(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.lastIndex(of: UInt8(ascii: "#")) ?? bytes.count
    }
    package var description: String { rawValue }
}

/// Names that may stand in ids, file names and URLs: 1 to 63 of letters, digits, `-`, `_` and `.`, not beginning
/// with a dot or a hyphen. `#` is the separator of ids and so never part of a name.
package enum NameRule {
    package static let lengthMax = 63

    package static func accepts(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= lengthMax else { return false }
        guard first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}

/// What orders travel under, compared field by field in this order. A receiver refuses anything lower than the
/// highest it has seen, and keeps the highest on its disk.
package struct Fence: Hashable, Comparable, Sendable, Codable {
    /// Raised when a database is created or restored.
    package var clusterGeneration: Int64
    /// Raised each time a tier process takes its role.
    package var epoch: Int64
    /// Raised each time this desired set or this route changes.
    package var generation: Int64

    package init(clusterGeneration: Int64, epoch: Int64, generation: Int64) {
        self.clusterGeneration = clusterGeneration
        self.epoch = epoch
        self.generation = generation
    }

    package static let none = Fence(clusterGeneration: 0, epoch: 0, generation: 0)
    package static func < (a: Self, b: Self) -> Bool {
        (a.clusterGeneration, a.epoch, a.generation) < (b.clusterGeneration, b.epoch, b.generation)
    }
}
