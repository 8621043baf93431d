/// One reason for which a node changes its phase: the table of a node's life, one line for each.
///
/// Ray's instance manager checks its moves against such a table too, and names no causes; an edge without a cause is one
/// that any code may take (kuberay#4720: instances that went round in TERMINATING for ever).
package struct NodeMove: Hashable, Sendable {
    /// Whose word or wish it is.
    package enum Actor: String, CaseIterable, Hashable, Sendable {
        case agent
        case provider
        /// A deadline on the cluster clock.
        case clock
        /// The planners of the node tier.
        case nodeTier = "node tier"
        case people
    }

    package var from: NodePhase
    package var to: NodePhase
    /// As it stands in `node_decision.rule`; a move that decides nothing has a name all the same.
    package var rule: String
    package var by: Actor
    /// What happened, for people.
    package var why: String

    private init(_ from: NodePhase, _ to: NodePhase, _ rule: String, _ by: Actor, _ why: String) {
        self.from = from
        self.to = to
        self.rule = rule
        self.by = by
        self.why = why
    }

    package static let all: [NodeMove] = coming + serving + ending

    static let successors: [NodePhase: Set<NodePhase>] = Dictionary(grouping: all, by: \.from)
        .mapValues { Set($0.map(\.to)) }

    /// Whether a decision by this rule may move a node so.
    package static func allows(_ from: NodePhase, _ to: NodePhase, rule: String) -> Bool {
        all.contains { $0.from == from && $0.to == to && $0.rule == rule }
    }

    private static let coming: [NodeMove] = [
        NodeMove(
            .requested, .booting, "launched", .provider, "it named the machine, in its answer or in a list"),
        NodeMove(.requested, .ready, "hello", .agent, "its hello overtook the provider's answer"),
        NodeMove(.requested, .terminating, "out_of_capacity", .provider, refusedLate),
        NodeMove(.requested, .terminating, "quota", .provider, refusedLate),
        NodeMove(.requested, .terminating, "rejected", .provider, refusedLate),
        NodeMove(
            .requested, .terminating, "unknown_outcome", .clock,
            "no definite answer came, and no list shows it"),
        NodeMove(.requested, .terminating, "join_deadline", .clock, "no hello by the join deadline"),
        NodeMove(.requested, .terminating, "not_needed", .nodeTier, "nothing waits for it any more"),
        NodeMove(.requested, .gone, "out_of_capacity", .provider, "it has none, and was asked once"),
        NodeMove(
            .requested, .gone, "quota", .provider, "the account's limit is reached, and it was asked once"),
        NodeMove(.requested, .gone, "rejected", .provider, "it refused the request, and was asked once"),
        NodeMove(.requested, .gone, "machine_ended", .provider, "the machine of its token has come and gone"),
        NodeMove(.requested, .gone, "down", .people, "`tandem down` ended the machines"),
        NodeMove(.booting, .ready, "hello", .agent, "its agent said hello"),
        NodeMove(.booting, .terminating, "join_deadline", .clock, "no hello by the join deadline"),
        NodeMove(.booting, .terminating, "not_needed", .nodeTier, "nothing waits for it any more"),
        NodeMove(.booting, .gone, "ended_while_booting", .provider, "lists show that its machine has ended"),
        NodeMove(.booting, .gone, "machine_ended", .provider, "the machine of its token has come and gone"),
        NodeMove(.booting, .gone, "down", .people, "`tandem down` ended the machines"),
    ]

    private static let refusedLate =
        "it refused; an earlier call may have made the machine, so lists must show none"

    private static let serving: [NodeMove] = [
        NodeMove(.ready, .draining, "idle_timeout", .nodeTier, "it was idle for its timeout"),
        NodeMove(.ready, .draining, "max_workers", .nodeTier, "it is idle and more than a limit allows"),
        NodeMove(
            .ready, .draining, "type_removed", .nodeTier, "it is idle and its type is no longer configured"),
        NodeMove(.ready, .draining, "consolidation", .nodeTier, "others hold what it holds for less"),
        NodeMove(.ready, .draining, "drift", .nodeTier, "its type is configured otherwise now"),
        NodeMove(.ready, .draining, "expiry", .nodeTier, "it is older than its type may be"),
        NodeMove(.ready, .draining, "drain", .nodeTier, "what runs there is to move"),
        NodeMove(.ready, .draining, "flapping", .clock, "its agent fell silent again and again"),
        NodeMove(.ready, .draining, "preempted", .provider, "it gave notice that it takes the machine away"),
        NodeMove(.ready, .draining, "provider_configured", .people, "the cluster has a provider now"),
        NodeMove(.ready, .terminating, "agent_lost", .clock, "its agent was silent for `agent_lost`"),
        NodeMove(
            .ready, .gone, "machine_lost", .provider, "lists do not show its machine, and its agent is silent"
        ),
        NodeMove(.ready, .gone, "down", .people, "`tandem down` ended the machines"),
    ]

    private static let ending: [NodeMove] = [
        NodeMove(.draining, .ready, "wanted_again", .nodeTier, "a replica fits there"),
        NodeMove(.draining, .ready, "plan_dropped", .nodeTier, "the plan that emptied it no longer pays"),
        NodeMove(.draining, .terminating, "drained", .agent, "it said that nothing runs there"),
        NodeMove(.draining, .terminating, "drain_deadline", .clock, "the drain deadline passed"),
        NodeMove(.draining, .gone, "drained", .agent, "nothing runs on this machine itself any more"),
        NodeMove(
            .draining, .gone, "drain_deadline", .clock, "the drain deadline of this machine itself passed"),
        NodeMove(
            .draining, .gone, "machine_lost", .provider,
            "lists do not show its machine, and its agent is silent"),
        NodeMove(.draining, .gone, "down", .people, "`tandem down` ended the machines"),
        NodeMove(.terminating, .gone, "terminated", .provider, "lists show that its machine has ended"),
        NodeMove(.terminating, .gone, "down", .people, "`tandem down` ended the machines"),
    ]
}
