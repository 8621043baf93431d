import Model
import Yams

extension Settings {
    /// The top of a text of another kind than these two, to be read by its own rules. What is wrong is told to the
    /// section's `findings`, which are asked at the end.
    /// - Throws: what is wrong before a key is read: no YAML, no mapping.
    package static func section(text: String, file: String) throws(SettingsProblems) -> Section {
        let findings = Findings(file: file)
        let root = Document.root(text, findings)
        try findings.check()
        if let root, !root.isNull, let section = Section(root, path: "", findings: findings) {
            return section
        }
        if findings.isClean {
            findings.refuse(.start, "the file is empty", "nothing", "lines of `key: value`")
        }
        try findings.check()
        throw SettingsProblems(problems: [])
    }

    /// The word of `known` that is most like `word`; nil when none is like it.
    package static func nearest(to word: String, among known: [String]) -> String? {
        Spelling.nearest(to: word, among: known)
    }
}

extension Field {
    /// A whole cluster file, standing here.
    package func cluster() -> ClusterSettings {
        section.map { ClusterFile(findings: findings).read($0) } ?? ClusterSettings()
    }

    /// What stands under `applications` in a serve file.
    package func applications() -> [ApplicationSettings] {
        list("a list of applications, [] for none").map { ServeFile(findings: findings).applications($0) }
            ?? []
    }
}
