import Model

// The native provider protocol, version 1: HTTP with JSON. Config/provider.openapi.yaml describes it for people
// who write a provider in another language.

/// The version of the native provider protocol. It is not that of the cluster's own messages: providers of other
/// hands are not updated with the cluster.
package enum CloudVersion {
    package static let current = 1
}

/// `POST /v1/instances`. The same token always means the same machine: repeated, it answers with what there is.
package struct CreateCall: Sendable, Codable, Equatable {
    package var wireVersion = CloudVersion.current
    /// Idempotency token; at most one instance ever carries it.
    package var token: String
    package var node: NodeID
    /// Exact tag of the cluster; `list` filters by it.
    package var cluster: String
    /// Any of these will do, best first.
    package var offerings: [Offering]
    package var join: JoinData

    package init(token: String, node: NodeID, cluster: String, offerings: [Offering], join: JoinData) {
        self.token = token
        self.node = node
        self.cluster = cluster
        self.offerings = offerings
        self.join = join
    }
}

/// What the new machine's agent needs in order to say hello.
package struct JoinData: Sendable, Codable, Equatable {
    /// Base URL of the node tier's agents' endpoint.
    package var endpoint: String
    /// Where the machine finds the bearer token: a file on it, never the token itself in tags or arguments.
    package var tokenFile: String
    /// Ports for the replicas of this node.
    package var portsFirst: Int
    package var portsLast: Int

    package init(endpoint: String, tokenFile: String, portsFirst: Int, portsLast: Int) {
        self.endpoint = endpoint
        self.tokenFile = tokenFile
        self.portsFirst = portsFirst
        self.portsLast = portsLast
    }
}

/// One machine as the provider shows it.
package struct InstanceBody: Sendable, Codable, Equatable {
    package var id: String
    package var token: String
    package var node: NodeID
    package var cluster: String
    package var offering: Offering
    /// `pending`, `running`, `stopping`, `terminated`; any other word is held as unknown.
    package var state: String
    /// Set: the provider will take this machine away so many milliseconds from now.
    package var preemptedIn: Millis?

    package init(
        id: String, token: String, node: NodeID, cluster: String, offering: Offering, state: String,
        preemptedIn: Millis? = nil
    ) {
        self.id = id
        self.token = token
        self.node = node
        self.cluster = cluster
        self.offering = offering
        self.state = state
        self.preemptedIn = preemptedIn
    }
}

/// `GET /v1/offerings`.
package struct OfferingsAnswer: Sendable, Codable, Equatable {
    /// Of the protocol that the provider speaks; nil: it does not say, which means 1.
    package var wireVersion: Int? = CloudVersion.current
    package var offerings: [Offering]
    package init(offerings: [Offering]) { self.offerings = offerings }
}

/// `GET /v1/instances?cluster=TAG`: all of them, or an error; never a part.
package struct InstancesAnswer: Sendable, Codable, Equatable {
    /// As in `OfferingsAnswer`.
    package var wireVersion: Int? = CloudVersion.current
    package var instances: [InstanceBody]
    package init(instances: [InstanceBody]) { self.instances = instances }
}
