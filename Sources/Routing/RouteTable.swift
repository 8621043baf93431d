import Model

/// Prefix → gate; immutable, so that every event loop reads it as it is.
///
/// The longest prefix wins, on the boundaries of path segments: `/a` takes `/a` and `/a/x`, not `/ab`; `/`
/// takes everything.
package struct RouteTable<Waiter: Sendable>: Sendable {
    /// Where the requests of one prefix go.
    package struct Entry: Sendable {
        package let gate: Gate<Waiter>
        package let slots: ReplicaSlots

        package init(gate: Gate<Waiter>, slots: ReplicaSlots) {
            self.gate = gate
            self.slots = slots
        }
    }

    private let entries: [String: Entry]
    /// Sorted by prefix.
    package let prefixes: [(prefix: String, deployment: DeploymentID)]

    package init() { self.init([]) }

    /// Of two deployments with one prefix (the serve tier admits none such), that with the smaller id has it.
    package init(_ routed: [(prefix: String, entry: Entry)]) {
        entries = Dictionary(routed.map { (Self.trimmed($0.prefix), $0.entry) }) { first, second in
            first.gate.deployment <= second.gate.deployment ? first : second
        }
        prefixes = entries.map { ($0.key.isEmpty ? "/" : $0.key, $0.value.gate.deployment) }
            .sorted { $0.prefix < $1.prefix }
    }

    /// - Parameter path: canonical.
    package func match(_ path: String) -> Entry? {
        guard !entries.isEmpty, path.utf8.first == UInt8(ascii: "/") else { return nil }
        var rest = Substring(path)
        while true {
            if let entry = entries[String(rest)] { return entry }
            guard let cut = rest.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            rest = rest[..<cut]
        }
    }

    /// `/a/` and `/a` are one prefix; the root is the empty string, which is what is left when every segment
    /// is cut off.
    private static func trimmed(_ prefix: String) -> String {
        prefix.utf8.last == UInt8(ascii: "/") ? String(prefix.dropLast()) : prefix
    }
}
