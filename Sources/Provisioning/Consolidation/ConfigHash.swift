import Model

extension NodeType {
    /// Differs where nodes of the type would be made otherwise: by their resources, their labels or what the provider is
    /// told. Limits, timeouts and prices make no difference. FNV-1a, 64 bit, over a text in which no two differ alike.
    ///
    /// Source: Karpenter compares a hash of a node pool's template in the same way to tell which nodes have drifted.
    package var configHash: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            // No byte of UTF-8: where one text ends and the next begins counts.
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        for entry in resources.entries {
            add(entry.name)
            add("\(entry.amount)")
        }
        add("labels")
        for label in labels.sorted(by: { $0.name < $1.name }) {
            add(label.name)
            add(label.value)
        }
        add("config")
        add(config ?? "")
        return String(hash, radix: 16)
    }
}
