import Model
import Placement

/// A node with what stands on it, as the question whether it may go sees it.
package struct StandingNode: Sendable {
    package var node: NodeID
    /// Index of its type; nil: it is no longer configured.
    package var type: Int?
    /// Millionths of a dollar per hour.
    package var price: Int64
    /// By class; sorted.
    package var replicas: [Party.Member]
    package var createdAt: Moment
    /// When a replica last came or went.
    package var changedAt: Moment
    /// Known before any look at it: it stays.
    package var stay: NodeStay?
    /// It has to go, whatever it costs.
    package var cause: DisruptionCause?

    package init(
        node: NodeID, type: Int?, price: Int64, replicas: [Party.Member] = [], createdAt: Moment,
        changedAt: Moment, stay: NodeStay? = nil, cause: DisruptionCause? = nil
    ) {
        self.node = node
        self.type = type
        self.price = price
        self.replicas = replicas
        self.createdAt = createdAt
        self.changedAt = changedAt
        self.stay = stay
        self.cause = cause
    }

    /// The provider does not take it away.
    package var isOnDemand = false
    /// False: it is on its way out, and no longer counts for the minimum of its type.
    package var isStaying = true

    /// Of the replicas those that are members of gangs, by class.
    package var members: [Party.Member] = []
    /// Indices of the gangs of which members stand there.
    package var gangs: [Int] = []

    package var count: Int { replicas.reduce(0) { $0 + $1.count } }
}

/// A plan that has not begun to move: nobody knows yet whether its nodes will go.
package struct PlanAhead: Sendable {
    /// A node that it has yet to buy.
    package struct Coming: Hashable, Sendable {
        /// Index of its type.
        package var type: Int
        /// Index of its zone; nil: in none.
        package var zone: Int?
        /// Millionths of a dollar per hour.
        package var price: Int64

        package init(type: Int, zone: Int?, price: Int64) {
            self.type = type
            self.zone = zone
            self.price = price
        }
    }

    /// Indices of nodes.
    package var gives: [Int]
    package var comes: [Coming]
    /// Indices of nodes that were bought for it and do not take anything yet.
    package var coming: [Int]

    package init(gives: [Int], comes: [Coming] = [], coming: [Int] = []) {
        self.gives = gives
        self.comes = comes
        self.coming = coming
    }
}

/// All that is read to find nodes that can be given up.
package struct ConsolidationInput: Sendable {
    package var settings: ConsolidationSettings
    package var budgets: [DisruptionBudget]
    /// The market, the classes and the limits. Its nodes are those of `nodes`, in their order, with what is free of them;
    /// nothing is free of one that takes no replicas. Its single replicas are room that is to be kept free.
    package var fleet: FleetWorld
    package var nodes: [StandingNode]
    /// Gangs that stand on the nodes. One of which a member has to leave its node moves whole: new places for all of it are
    /// taken while it still holds the old ones.
    package var gangs: [Party] = []
    /// For each type how long a node of it takes from its order to its agent's hello.
    package var bootTimes: [Millis]
    /// Nodes of the cluster that are on their way out, or not heard.
    package var disturbed: Int
    /// Nodes that are there, whatever they do.
    package var there: Int
    /// Indices of nodes that are being emptied, or will be by a plan that has begun to: what their replicas name still needs
    /// a place elsewhere.
    package var leaving: [Int] = []
    package var ahead: [PlanAhead] = []
    /// Of each type the nodes that are not on their way out; nil: all that there are.
    package var staying: [Int]?
    /// Plans that may be made, at most.
    package var movesMax = 1
    /// Replicas wait for a place.
    package var isWaiting: Bool
    package var now: Moment
    /// Minutes since 1970 began, in UTC.
    package var unixMinute: Int64

    package init(
        settings: ConsolidationSettings, budgets: [DisruptionBudget] = [], fleet: FleetWorld,
        nodes: [StandingNode], bootTimes: [Millis], disturbed: Int = 0, there: Int, isWaiting: Bool = false,
        now: Moment, unixMinute: Int64 = 0
    ) {
        self.settings = settings
        self.budgets = budgets
        self.fleet = fleet
        self.nodes = nodes
        self.bootTimes = bootTimes
        self.disturbed = disturbed
        self.there = there
        self.isWaiting = isWaiting
        self.now = now
        self.unixMinute = unixMinute
    }
}

/// Nodes to give up, and those that come in their place.
package struct Move: Hashable, Sendable {
    package var cause: DisruptionCause
    /// Indices of nodes.
    package var gives: [Int]
    /// Indices of offers.
    package var launches: [Int]
    /// Millionths of a dollar per hour of all nodes in use: before and after, and what no nodes for the same replicas can go
    /// below.
    package var before: Int64
    package var after: Int64
    package var bound: Int64
    /// Replicas that move.
    package var replicas: Int

    package var saving: Int64 { before - after }
    /// How far from the least possible the nodes may still be.
    package var gap: Int64 { after - bound }
}

/// What is to be given up, and of every other node why it stays.
package struct ConsolidationPlan: Sendable {
    /// Disjoint, and each such that it holds with and without those before it.
    package var moves: [Move] = []
    /// In the order of the nodes; of those that a move names there is none.
    package var stays: [NodeStay] = []
    /// Look again then at the latest.
    package var wake: Moment?
    /// The present minute's budgets leave no room, and another minute's may.
    package var waitsForBudget = false
}

extension ConsolidationPlan {
    /// The first.
    package var move: Move? { moves.first }
}
