/// What a serve file would change: the answer to `POST /v1/applications/preview`.
package struct ApplyPreview: Codable, Sendable {
    /// What one application or deployment would go through.
    package struct Change: Codable, Sendable {
        /// delete, replace, create, adjust or keep.
        package var change: String
        /// An application's name, or a deployment's id.
        package var subject: String
        package var words: String

        package init(change: String, subject: String, words: String) {
            self.change = change
            self.subject = subject
            self.words = words
        }
    }

    /// What removes most comes first.
    package var changes: [Change]
    /// Of the file.
    package var warnings: [String]
    /// What the cluster has to say to it besides.
    package var notices: [String]

    package init(changes: [Change], warnings: [String], notices: [String] = []) {
        self.changes = changes
        self.warnings = warnings
        self.notices = notices
    }

    /// Applications that would go, and those that there are now.
    package var applications: (deleted: Int, present: Int) {
        let names = changes.filter { !$0.subject.contains("#") }
        let deleted = names.count { $0.change == "delete" }
        let created = Set(names.filter { $0.change == "create" }.map(\.subject))
        let wanted = Set(
            changes.filter { $0.change != "delete" }.map { String($0.subject.prefix { $0 != "#" }) })
        return (deleted, deleted + wanted.subtracting(created).count)
    }

    /// More than one application, and more than half of them: more likely the wrong file than a wish.
    package var removesMuch: Bool {
        let (deleted, present) = applications
        return deleted > 1 && deleted * 2 > present
    }
}
