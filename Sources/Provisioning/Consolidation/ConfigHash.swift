import Model

extension NodeType {
    /// Differs where nodes of the type would be made otherwise: by their resources, their labels or what the provider is
    /// told. Limits, timeouts and prices make no difference.
    ///
    /// Source: Karpenter compares a hash of a node pool's template in the same way to tell which nodes have drifted.
    package var configHash: String {
        var print = Fingerprint()
        for entry in resources.entries {
            print.mix(text: entry.name)
            print.mix(text: "\(entry.amount)")
        }
        print.mix(text: "labels")
        for label in labels.sorted(by: { $0.name < $1.name }) {
            print.mix(text: label.name)
            print.mix(text: label.value)
        }
        print.mix(text: "config")
        print.mix(text: config ?? "")
        return print.text
    }
}
