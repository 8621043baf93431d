extension Rule {
    /// What must come true once all trouble is over.
    static let liveness: [Rule] = [
        Rule(
            "L-01", "Every feasible deployment has as many ready replicas as it wants.",
            .checked("when the world must have settled, and at the end")),
        Rule(
            "L-02", "Every intent to buy has become a node or has been given up.",
            .checked("no node is requested or booting when the world must have settled")),
        Rule(
            "L-03", "Every surplus or leaked machine is gone.",
            .checked("the provider's machines are just those of the ready nodes")),
        Rule(
            "L-04", "There are no more nodes than the replicas need.",
            .partly(
                "no node beyond the minimum of its type is without replicas; emptying nodes by moving replicas "
                    + "comes later", waitsFor: .nodeTier)),
        Rule(
            "L-05", "Nothing stays in between beyond its deadline.",
            .checked(
                "no replica, placement, node or deployment is on its way when the world must have settled")),
        Rule(
            "L-06", "Soon after trouble ends all but one in twenty requests succeed again.",
            .checked("of those that arrive from ten minutes after the end of trouble")),
        Rule(
            "L-07", "Where nothing changes, nothing is done.",
            .checked(
                "no call, order, route, start, stop or plan of moves once settled without load; no step without end"
            )),
        Rule(
            "L-08", "A deleted deployment leaves no process, row or route.",
            .checked("when the world must have settled")),
        Rule(
            "L-09", "After a change of a tier's process the tier soon decides again.",
            .partly("both tiers renew when the world must have settled", waitsFor: .serveTier)),
        Rule("L-10", "Safe mode ends by an operator's word, and always can.", .waits(for: .security)),
    ]
}
