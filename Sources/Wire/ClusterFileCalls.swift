/// `POST /v1/cluster`: a cluster file while the cluster runs.
package struct ReloadCall: Sendable, Codable, Equatable {
    /// Its absolute path; how messages name it.
    package var file: String
    /// What it says; nil: it could not be read.
    package var text: String?
    /// Why it could not be read.
    package var problem: String?
    /// Only say what would change.
    package var dryRun: Bool
    /// Nobody asked for it: what the file said before is nothing new.
    package var watched: Bool

    package init(
        file: String, text: String?, problem: String? = nil, dryRun: Bool = false, watched: Bool = false
    ) {
        self.file = file
        self.text = text
        self.problem = problem
        self.dryRun = dryRun
        self.watched = watched
    }
}

/// What it changes, one sentence a key; none: nothing.
package struct ReloadAnswer: Sendable, Codable, Equatable {
    package var changes: [String]
    package init(changes: [String]) { self.changes = changes }
}

/// `GET /v1/cluster`.
package struct ClusterFileAnswer: Sendable, Codable, Equatable {
    /// The file named at the start, absolute; nil: there was none.
    package var file: String?
    /// Why the latest file was not taken; nil: it was.
    package var refused: String?
    /// Another file was reloaded since that one was taken.
    package var isOvertaken: Bool

    package init(file: String?, refused: String?, isOvertaken: Bool) {
        self.file = file
        self.refused = refused
        self.isOvertaken = isOvertaken
    }
}

/// `GET /v1/standing-demand`: what is asked for, in the words of the call.
package struct StandingDemandAnswer: Sendable, Codable, Equatable {
    /// So many bundles of one size.
    package struct Entry: Sendable, Codable, Equatable {
        /// In units; memory in bytes.
        package var resources: [String: JSONValue]
        package var count: Int

        package init(resources: [String: JSONValue], count: Int) {
            self.resources = resources
            self.count = count
        }
    }

    package var bundles: [Entry]
    /// What no node that may be had can hold, a sentence each; nil: nothing.
    package var warnings: [String]?

    package init(bundles: [Entry], warnings: [String] = []) {
        self.bundles = bundles
        self.warnings = warnings.isEmpty ? nil : warnings
    }
}
