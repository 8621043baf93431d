public import Model

extension MemoryCloud {
    /// What the cloud offers and how it behaves.
    public struct Settings: Sendable {
        /// What it sells. `available` is how many machines there are of each; nil: as many as are asked.
        public var offerings: [Offering]
        /// Machines there are of a type, in whatever way they are bought; a type not named has as many as are asked.
        public var capacity: [String: Int] = [:]
        /// From `create` to the start of the agent.
        public var bootDelay = Millis.zero
        /// A new machine is missing from lists for this long.
        public var listLag = Millis.zero
        /// From `terminate` to terminated.
        public var stopDelay = Millis.zero
        /// A terminated machine stays in lists for this long.
        public var remembersTerminated = Millis.seconds(300)
        /// The date on its clock when its own time is 0, for the dates of `Instance`.
        package var unixMsAtStart: Int64 = 1_700_000_000_000
        /// What goes wrong, and how often.
        public var faults = FaultPlan()
        /// When there is nothing of a type to be had, whatever `capacity` says.
        package var stockOuts: [Episode] = []
        /// What changes in `offerings` as time passes; of two at one instant the later in the list counts.
        package var prices: [PriceChange] = []
        /// A token makes one machine for this long, counted from the machine's creation; then it makes
        /// another, as with real clouds. Nil: for ever, as promise 1 of `CloudProvider` demands.
        package var tokenValidFor: Millis?
        /// How long an answer takes, each span of the range as likely as another.
        package var latency = Millis.zero...Millis.zero
        /// The callers' deadline: a call whose answer is lost takes this long.
        package var hangSpan = Millis.seconds(30)
        /// The oldest that a stale list can be.
        package var staleSpan = Millis.seconds(30)
        /// How long a machine is shown in a false state, at most.
        package var lieSpan = Millis.seconds(60)
        /// How long an agent outlives its terminated machine, at most.
        package var lingerSpan = Millis.seconds(60)

        public init(offerings: [Offering]) { self.offerings = offerings }
    }

    /// A time without machines of one type.
    package struct Episode: Hashable, Sendable {
        package var nodeType: String
        /// Nil: in every zone.
        package var zone: String?
        /// The first instant of it.
        package var from: Moment
        /// The first instant after it.
        package var until: Moment

        package init(nodeType: String, zone: String? = nil, from: Moment, until: Moment) {
            self.nodeType = nodeType
            self.zone = zone
            self.from = from
            self.until = until
        }

        func holds(_ offering: Offering, at now: Moment) -> Bool {
            offering.nodeType == nodeType && (zone.map { $0 == offering.zone } ?? true) && from <= now
                && now < until
        }
    }

    /// From an instant on, machines bought in this way cost what `offering` says; a way that was not sold
    /// before is sold from then on. Machines that are there keep their price.
    package struct PriceChange: Hashable, Sendable {
        package var from: Moment
        package var offering: Offering

        package init(from: Moment, offering: Offering) {
            self.from = from
            self.offering = offering
        }
    }
}
