public import Model

/// Where nodes come from. Implement these four calls to teach Tandem a new cloud; `honoursTheContract` in
/// Tests/Support checks an implementation against every promise below.
///
/// Promises of an implementation:
/// 1. **One machine per token.** `create` with a token that has been used returns the machine it made, whatever else
///    the request says; it never makes a second one. Tokens stay good for at least a day.
/// 2. **Tags come back.** `list` returns token, node and cluster of each instance exactly as `create` was given them.
/// 3. **A list is whole.** `list` returns every instance of the cluster that is not long gone, or throws. An instance
///    just created may be missing for a short while; Tandem never takes one absence as proof. One that has ended stays,
///    with its `endedUnixMs`, for some minutes at least: where it is gone sooner its cost is an estimate.
/// 4. **Terminate is idempotent.** Terminating what is gone, or was never there, succeeds.
/// 5. **Errors say what the caller does next.** See `CloudError`; when in doubt whether a call took effect, throw
///    `outcomeUnknown`.
/// 6. Calls may run concurrently, and may be cancelled by their task; a cancelled call throws `outcomeUnknown`.
public protocol CloudProvider: Sendable {
    /// What can be had, with prices. Asked at start and then now and then.
    func offerings() async throws(CloudError) -> [Offering]

    /// Makes one machine of the first of `request.offerings` that can be had, and starts an agent on it.
    func create(_ request: CreateRequest) async throws(CloudError) -> Instance

    /// Every instance with this cluster tag.
    func list(cluster: String) async throws(CloudError) -> [Instance]

    /// Gives the machine back. Success means that the wish is accepted; `list` shows when it is done.
    func terminate(instance: String) async throws(CloudError)
}

/// One machine to be made.
public struct CreateRequest: Hashable, Sendable {
    /// Idempotency token, at most 64 ASCII characters.
    public var token: String
    /// The name under which the agent says hello.
    public var node: NodeID
    /// Exact tag of this cluster.
    public var cluster: String
    /// Acceptable offerings, best first; never empty.
    public var offerings: [Offering]
    /// What the agent there is told.
    public var join: Join

    public init(token: String, node: NodeID, cluster: String, offerings: [Offering], join: Join) {
        self.token = token
        self.node = node
        self.cluster = cluster
        self.offerings = offerings
        self.join = join
    }
}

/// What the agent on a new machine must be told.
public struct Join: Hashable, Sendable {
    /// Base URL of the agents' endpoint, e.g. `http://127.0.0.1:6380`.
    public var endpoint: String
    /// Path, on the machine, of the 0600 file with the bearer token.
    public var tokenFile: String
    /// The range in which this node's replicas listen.
    public var ports: ClosedRange<Int>

    public init(endpoint: String, tokenFile: String, ports: ClosedRange<Int>) {
        self.endpoint = endpoint
        self.tokenFile = tokenFile
        self.ports = ports
    }
}

/// One machine as the provider shows it.
public struct Instance: Hashable, Sendable {
    /// The provider's own id.
    public var id: String
    /// As given to `create`; so are `node` and `cluster`.
    public var token: String
    /// The name under which its agent says hello.
    public var node: NodeID
    /// The exact tag of its cluster.
    public var cluster: String
    /// The way in which it was bought; its price is what is paid.
    public var offering: Offering
    /// As the provider shows it now.
    public var state: State
    /// Set: a preemption notice; the machine goes after this long.
    public var preemptedIn: Millis?
    /// When the machine began to be paid for, in milliseconds on the provider's clock; nil: the provider does not say.
    public var createdUnixMs: Int64?
    /// Set once nothing more is paid for it: what is billed is from `createdUnixMs` to here, at the price of `offering`.
    public var endedUnixMs: Int64?

    /// Where the machine is in its life, in the provider's eyes.
    public enum State: Hashable, Sendable {
        case pending, running, stopping, terminated
        /// A word this version does not know. The node is held: nothing is placed on it and it is not given back.
        case unknown(String)
    }

    public init(
        id: String, token: String, node: NodeID, cluster: String, offering: Offering, state: State,
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

/// Why a call failed: one case for each thing the caller does next.
///
/// Where offerings are named, the error is of these alone; none named: of all that the request asked for.
public enum CloudError: Error, Hashable, Sendable {
    /// None to be had of these offerings now: others are tried in the same step, these again after a back-off.
    case outOfCapacity(String, of: [Offering] = [])
    /// The account's limit: not retried until the operator or time changes it; shown in status.
    case quotaReached(String, of: [Offering] = [])
    /// Too many calls: wait this long before the next call of any kind.
    case throttled(retryAfter: Millis)
    /// The request itself is wrong (unknown type, bad token): never retried unchanged; shown in status.
    case rejected(String, of: [Offering] = [])
    /// Certainly nothing happened (no connection, refused): may be repeated at once.
    case unavailable(String)
    /// It may have happened. Only the same token is sent again, or `list` is asked.
    case outcomeUnknown(String)
}
