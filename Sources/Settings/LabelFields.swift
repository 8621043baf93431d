import Model

/// Labels, and what is asked of them.
extension Field {
    /// Labels of one thing beyond this are taken for a mistake.
    static let labelsMax = 64
    /// Ray's keys are Kubernetes' ones: a prefix of 253, a slash and a name of 63.
    private static let labelNameMax = 317
    private static let labelRight = "a mapping of labels: {zone: a}"

    /// One label, and where it stands.
    struct Label {
        var name: String
        var place: Place
        var value: String
    }

    /// `{name: value}`, in the order of the file. Nil when any is wrong.
    func labels() -> [Label]? {
        guard isMapping, let entries = section?.entries else {
            refuse("must be a mapping of labels", Self.labelRight)
            return nil
        }
        guard entries.count <= Self.labelsMax else {
            refuse("is too long", "at most \(Self.labelsMax) labels")
            return nil
        }
        let read = entries.compactMap { name, place, field -> Label? in
            let isPrintable = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
            if name.isEmpty || !isPrintable || name.utf8.count > Self.labelNameMax {
                findings.refuse(
                    place, "\(path) has a label without a usable name", name,
                    "1 to \(Self.labelNameMax) printable characters without spaces")
                return nil
            }
            return field.text("a text, in quotes where it begins with !", bytesMax: 1024).map {
                Label(name: name, place: place, value: $0)
            }
        }
        return read.count == entries.count ? read : nil
    }

    /// What the labels of a node must be: `{zone: a, gpu: "in(A10, L4)", disk: "!hdd"}`.
    func labelSelector() -> LabelSelector? {
        guard let labels = labels() else { return nil }
        do {
            return try LabelSelector(
                Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
        } catch {
            refuse("is no label selector (\(error.description))", "v, \"!v\", \"in(a, b)\" or \"!in(a, b)\"")
            return nil
        }
    }
}

extension LabelSelector {
    /// What admits the labels that both admit.
    /// - Throws: the label that no node can have as both want it.
    func and(_ other: LabelSelector) throws(Contradiction) -> LabelSelector {
        var texts = self.texts
        for rule in other.rules {
            guard let mine = rules.first(where: { $0.key == rule.key }) else {
                texts[rule.key] = rule.text
                continue
            }
            var both = mine
            switch (mine.isIn, rule.isIn) {
            case (true, true): both.values = mine.values.filter(rule.values.contains)
            case (true, false): both.values = mine.values.filter { !rule.values.contains($0) }
            case (false, true):
                both.values = rule.values.filter { !mine.values.contains($0) }
                both.isIn = true
            case (false, false): both.values = Set(mine.values + rule.values).sorted()
            }
            guard !both.values.isEmpty else {
                throw Contradiction(description: "\(rule.key) cannot be both \(mine.text) and \(rule.text)")
            }
            texts[rule.key] = both.text
        }
        // Texts of rules that were read are rules again.
        return (try? LabelSelector(texts)) ?? LabelSelector()
    }

    /// No node satisfies both of two selectors.
    struct Contradiction: Error {
        var description: String
    }
}
