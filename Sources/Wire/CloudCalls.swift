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
    /// When it began to be paid for, on the provider's clock; providers of earlier hands do not say.
    package var createdUnixMs: Int64?
    /// When that ended; nil: it has not.
    package var endedUnixMs: Int64?

    package init(
        id: String, token: String, node: NodeID, cluster: String, offering: Offering, state: String,
        preemptedIn: Millis? = nil, createdUnixMs: Int64? = nil, endedUnixMs: Int64? = nil
    ) {
        self.id = id
        self.token = token
        self.node = node
        self.cluster = cluster
        self.offering = offering
        self.state = state
        self.preemptedIn = preemptedIn
        self.createdUnixMs = createdUnixMs
        self.endedUnixMs = endedUnixMs
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

/// One line of `BillAnswer`.
package struct BilledMachine: Sendable, Codable, Equatable {
    package var instance: String
    package var node: NodeID
    /// As it was bought.
    package var offering: Offering
    package var createdUnixMs: Int64
    /// Nil: it still runs, and is paid until now.
    package var endedUnixMs: Int64?
    /// That are paid.
    package var timeMs: Millis

    package init(
        instance: String, node: NodeID, offering: Offering, createdUnixMs: Int64, endedUnixMs: Int64?,
        timeMs: Millis
    ) {
        self.instance = instance
        self.node = node
        self.offering = offering
        self.createdUnixMs = createdUnixMs
        self.endedUnixMs = endedUnixMs
        self.timeMs = timeMs
    }
}

/// `GET /v1/bill?cluster=TAG`, of the fake cloud alone: what each machine that it remembers has cost.
package struct BillAnswer: Sendable, Codable, Equatable {
    /// The cloud's date: until then machines that run are paid.
    package var asOfUnixMs: Int64
    package var machines: [BilledMachine]

    package init(asOfUnixMs: Int64, machines: [BilledMachine]) {
        self.asOfUnixMs = asOfUnixMs
        self.machines = machines
    }

    /// Of the exact sum, what is less than one of them is left out.
    package var microdollars: Int64 {
        let exact = machines.reduce(Int128(0)) { sum, line in
            sum + Int128(line.offering.microdollarsPerHour) * Int128(line.timeMs.rawValue)
        }
        return Int64(exact / 3_600_000)
    }
}
