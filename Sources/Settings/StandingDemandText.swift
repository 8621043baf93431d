import Model

/// A standing demand: `{num_cpus: 8, bundles: [{resources: {CPU: 4, GPU: 1}, count: 3}]}`.
///
/// Source: Ray 2.60, `request_resources(num_cpus, bundles)`: so many CPUs are as many bundles of one.
package enum StandingDemandText {
    /// Bundles of one size beyond this, and in all, are taken for a mistake.
    static let countMax = 100_000
    /// Sizes beyond this are taken for a mistake.
    static let sizesMax = 1_000

    /// So many bundles of one size.
    package struct Entry: Equatable, Sendable {
        package var resources: Resources
        package var count: Int
    }

    /// - Throws: every problem found.
    package static func read(text: String, file: String) throws(SettingsProblems) -> [Entry] {
        let findings = Findings(file: file)
        let root = Document.root(text, findings)
        try findings.check()
        guard let root, !root.isNull, let top = Section(root, path: "", findings: findings) else {
            findings.refuse(.start, "nothing is asked for", "nothing", right)
            try findings.check()
            return []
        }
        top.check(known: ["num_cpus", "bundles"])
        var entries: [Entry] = []
        if let count = top["num_cpus"]?.whole(in: 0...countMax), count > 0 {
            entries.append(Entry(resources: Resources([Resources.cpu: 1000]), count: count))
        }
        entries += bundles(top)
        if top["num_cpus"] == nil, top["bundles"] == nil {
            findings.refuse(top.place, "nothing is asked for", "{}", right)
        }
        if entries.reduce(0, { $0 + $1.count }) > countMax {
            findings.refuse(
                top.keyPlace("bundles"), "too much is asked for", "more than \(countMax) bundles",
                "at most \(countMax) bundles in all")
        }
        try findings.check()
        return entries
    }

    private static let right =
        "num_cpus, or bundles with a list: [{resources: {CPU: 4}, count: 3}], [] for none"

    private static func bundles(_ top: Section) -> [Entry] {
        guard let field = top["bundles"], let list = field.list(right) else { return [] }
        guard list.count <= sizesMax else {
            field.refuse("is too long", "at most \(sizesMax) entries")
            return []
        }
        return list.compactMap { field -> Entry? in
            guard let entry = field.section else { return nil }
            entry.check(known: ["resources", "count"])
            let size = entry.required("resources", "`resources:` of one bundle: {CPU: 4}")
            let resources = size?.resources(customOnly: false)
            if let size, let resources, resources.entries.isEmpty {
                size.refuse("holds nothing", "at least one amount above 0: {CPU: 4}")
            }
            let count = entry["count"].map { $0.whole(in: 1...countMax) } ?? 1
            guard let resources, let count else { return nil }
            return Entry(resources: resources, count: count)
        }
    }
}
