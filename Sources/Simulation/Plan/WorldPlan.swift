import Cloud
import Model
import Store

/// Everything that a simulated run is made of. Equal plans give equal runs, to the last event, in every process.
package struct WorldPlan: Sendable {
    /// Of all dice in the world.
    package var seed: UInt64
    package var cluster: ClusterSettings
    /// Applied in one go at the start.
    package var applications: [ApplicationSettings]
    package var proxies = 1
    /// How replicas behave, by the first word of their command; others as `usualConduct`.
    package var conduct: [String: Conduct] = [:]
    package var usualConduct = Conduct()
    package var clients: [ClientPlan] = []
    /// Clients, samples and the horizon begin when every first replica is routed by every proxy, ten minutes after the
    /// beginning at the latest: as people who deploy, look, and then send load.
    package var waitsForReady = false
    package var cloud: CloudPlan
    /// Of this machine itself, when the cluster has no provider.
    package var localCPUs = 8
    /// How often what goes wrong by the dice.
    package var faults = FaultMix()
    /// What happens at stated instants.
    package var script: [Deed] = []
    /// Which effects are repeated or followed by a crash.
    package var torment = Torment.none
    /// How long the run lasts.
    package var horizon: Millis
    /// From here on nothing goes wrong any more by the dice, what is down comes up, and after `settleWithin` the
    /// world must have settled. Nil: no such verdict.
    package var healAt: Millis?
    package var settleWithin = Millis(3_000_000)
    /// Nobody asks for anything for so long before the world is called quiet.
    package var quietBefore = Millis(600_000)
    /// Once it has settled the run ends after so long, if that is before the horizon. Nil: at the horizon.
    package var quietFor: Millis?
    /// Of so many steps at which a tier could rest one is planned, and must find nothing to do.
    package var restSampleEvery = Rest.sampleEvery
    /// Between two samples of the timeline; nil: none are kept.
    package var sampleEvery: Millis?
    /// A request whose whole time is beyond this misses its objective.
    package var objective = Millis(1_000)
    /// Violations kept; the run ends at the first when this is 1.
    package var violationsMax = 20

    package init(seed: UInt64, cluster: ClusterSettings, applications: [ApplicationSettings], horizon: Millis)
    {
        self.seed = seed
        self.cluster = cluster
        self.applications = applications
        self.horizon = horizon
        cloud = CloudPlan(offerings: cluster.nodeTypes.map(Offering.usual))
    }
}

/// What the provider sells and how it behaves when nothing goes wrong.
package struct CloudPlan: Sendable {
    package var offerings: [Offering]
    /// Machines there are of a type; a type not named has as many as are asked.
    package var capacity: [String: Int] = [:]
    /// From `create` to the start of the agent.
    package var bootDelay = Millis(30_000)
    /// A new machine is missing from lists for this long.
    package var listLag = Millis(500)
    /// From `terminate` to terminated.
    package var stopDelay = Millis(2_000)
    /// A terminated machine stays in lists for this long.
    package var remembersTerminated = Millis(300_000)
    /// From a call to its answer.
    package var callTime = Millis(50)
    /// When there is nothing of a type to be had.
    package var stockOuts: [MemoryCloud.Episode] = []

    package init(offerings: [Offering]) { self.offerings = offerings }
}

extension Offering {
    /// On demand in one zone, at one cent an hour for each CPU: for worlds in which prices do not matter.
    package static func usual(_ type: NodeType) -> Offering {
        Offering(
            nodeType: type.name, zone: "z1", capacityType: "on_demand",
            microdollarsPerHour: max(type.resources[Resources.cpu] / 1000, 1) * 10_000)
    }
}

/// How the processes of one command behave.
package struct Conduct: Hashable, Sendable {
    /// From start to ready; nil: never.
    package var readyAfter: Millis? = Millis(200)
    /// From start to an end by itself, with code 1; nil: it goes on.
    package var failsAfter: Millis?
    /// From the order to stop, or from the last request after it, to the end.
    package var stopsAfter = Millis(20)
    package var service = ServiceTime.fixed(Millis(200))
    /// Requests worked on at a time; others wait in the replica. Nil: all at once.
    package var slots: Int?

    package init() {}
}

/// How long a replica works on a request.
package enum ServiceTime: Hashable, Sendable {
    case fixed(Millis)
    /// Exponential of a normal value: median in milliseconds, sigma in thousandths.
    case lognormal(median: Millis, sigmaMilli: Int64)
    /// As the trace says, request by request; one without a word takes this long.
    case traced(otherwise: Millis)
}

/// Somebody who sends requests.
package struct ClientPlan: Sendable {
    /// When how much is asked.
    package enum Load: Sendable {
        /// So many each second from this instant on, evenly thrown (Poisson): steps in the order of time.
        case open([Step])
        /// So many users from this instant on, each of whom waits for its answer, thinks, and asks again. One who
        /// leaves finishes its request first.
        case closed([Step], think: Millis)
        /// As recorded; sorted by time.
        case trace([Arrival])
    }

    /// From `at` on it is `amount`: requests a second in thousandths for open load, users for closed load.
    package struct Step: Hashable, Sendable {
        package var at: Millis
        package var amount: Int64
        package init(at: Millis, amount: Int64) {
            self.at = at
            self.amount = amount
        }
    }

    /// The path that is asked for, which the route table resolves.
    package var path: String
    package var load: Load
    /// Tries after a failed one; each 1 s after the last, doubled. 0: none.
    package var retries = 0

    package init(path: String, load: Load) {
        self.path = path
        self.load = load
    }
}

/// One request of a recorded load.
package struct Arrival: Hashable, Sendable {
    /// Microseconds from the start of the run.
    package var at: Int64
    /// Microseconds of work; nil: as the replica's conduct says.
    package var service: Int64?

    package init(at: Int64, service: Int64? = nil) {
        self.at = at
        self.service = service
    }
}
