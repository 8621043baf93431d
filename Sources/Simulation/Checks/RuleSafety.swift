extension Rule {
    /// What must hold at every instant.
    static let safety: [Rule] = [
        Rule(
            "I-01", "For one idempotency token there is never more than one machine.",
            .checked("after each create, in the provider's books; not where the provider is told to lie")),
        Rule(
            "I-02", "Every machine of ours has a row that was committed before the call for it left.",
            .checked("at each create call against the rows, and at each new machine in the provider's books")),
        Rule(
            "I-03", "Every machine that is paid for is known: by its node, as a leak suspect, or it is new.",
            .checked("at each hundredth commit and at the end, against the provider's books")),
        Rule(
            "I-04", "There are never more machines than max_workers, of a type and in all.",
            .checked("in the rows at each launch, in the provider's books after each create")),
        Rule(
            "I-05",
            "A machine is given back only by a committed row of this epoch, and never another cluster's.",
            .checked("at each terminate call against the rows and the provider's tags")),
        Rule(
            "I-06",
            "One faulty list, or a short silence, takes no node away; and never many at once.",
            .checked(
                "at each node's end: two lists without it, or a silence of agent_lost, or no replica on it; within"
                    + " ten minutes a fifth of a pool, or one; none while 45 % and more than three are not heard"
            )),
        Rule(
            "I-07", "What is bought is at most what waits, less what is on its way.",
            .checked("at each launch, by counting the replicas that wait and the places that come")),
        Rule(
            "I-08", "Every commit carries its role's present epoch, and epochs never fall.",
            .checked("the epoch of the process at each commit, and the epochs in the rows")),
        Rule(
            "I-09", "No agent or proxy obeys a lower fence than the highest it has obeyed.",
            .checked("at each order and route that is put in force, over restarts of the receiver")),
        Rule(
            "I-10", "Nodes, replicas and placements change only along the published edges.",
            .checked("at each commit, against the phases' successors in Model")),
        Rule(
            "I-11", "Generations never fall.",
            .checked("of nodes and routes at each commit, over deletion and restore for routes at a proxy")),
        Rule(
            "I-12", "What is placed on a node never exceeds it, in any resource.",
            .checked("at each commit for the nodes touched, from sums kept here")),
        Rule(
            "I-13", "Nothing is placed on a node that is not ready, is asked to drain, or is silent.",
            .checked("at each assignment; and no node is given back that holds a replica")),
        Rule(
            "I-14", "A request goes only to a replica of the route in force, and arrives at just that one.",
            .checked("at each request that is sent and each that arrives; a proxy never fences itself")),
        Rule(
            "I-15", "Places taken at a proxy equal its open exchanges, and its queues keep their bound.",
            .checked("at each hundredth commit and at the end, from the proxies' open requests")),
        Rule(
            "I-16", "No request is begun twice by replicas.",
            .checked("at each request that arrives at a replica")),
        Rule(
            "I-17", "Every request ends in exactly one answer.",
            .checked("at each end, and in sum at the end of the run")),
        Rule(
            "I-18", "Planned changes fail no request.",
            .checked(
                "each failure must be excused by what befell; no stop while a proxy that speaks routes to it")
        ),
        Rule(
            "I-19", "What an operator or a proxy was told is done stays done.",
            .checked(
                "when it is told, and at every later change of applications without an operator; one of four"
                    + " times that a proxy forgets load, which must then be in SQLite")),
        Rule("I-20", "The same idempotency key has one effect and one answer.", .waits(for: .serveTier)),
        Rule(
            "I-21",
            "What is not seen does not shrink: blind or with the other tier silent nothing decreases.",
            .checked("at each fall of a target and each idle node given back")),
        Rule(
            "I-22",
            "A target keeps the bounds of its deployment, and a scale-down stops no more than it says.",
            .checked("at each commit that touches a deployment or a replica")),
        Rule(
            "I-23", "Calls keep their ceilings.",
            .partly("provider calls on their way at once", waitsFor: .adapters)),
        Rule(
            "I-24", "Every table keeps its bound.",
            .partly("histories against the retention at each hundredth commit", waitsFor: .serveTier)),
        Rule(
            "I-25", "The database is whole, and what a tier keeps in mind equals it.",
            .checked("foreign keys at each hundredth commit, all of it at the end; kept states each time")),
        Rule(
            "I-26", "A replica runs in one place at a time.",
            .checked("at each start, against every process that is alive; after a restore no more")),
        Rule("I-27", "No secret stands in a row, a log or an answer.", .waits(for: .security)),
        Rule(
            "I-28", "Every change of a target has a decision with before and after.",
            .partly("at each change of a target, in serve_decision", waitsFor: .serveTier)),
        Rule(
            "I-29", "The state followed change by change equals the state read as a whole.",
            .checked("at each hundredth commit and at the end, the sums kept here too")),
        Rule(
            "I-30", "What the ledger says was paid for each machine is what the provider bills for it.",
            .checked(
                "each account at each hundredth commit and at the end; the sum at the end, where every end of a machine was"
                    + " told")),
    ]
}
