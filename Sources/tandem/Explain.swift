import ArgumentParser
import ControlAPI
import Model
import Store
import Wire

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Why something is as it is: a replica, a node, a deployment or a node type.",
        discussion: """
            A replica: why it waits, and what each candidate lacks. A node: why it was bought, why it still runs, what it
            costs. A deployment: why it has as many replicas, and what it would take to place the rest. A type: its nodes,
            whether it can be had, and what it answers replicas that wait. Each with the latest decisions about it.

            Reads the database, so it also works while the tiers are down.

            Example: tandem explain replica 'default#Sleep#3'
                     tandem explain node n2 --json
            """)

    @Argument(help: "replica, node, deployment or type.") var kind: Kind
    @Argument(help: "Its name, as in tandem status.") var name: String
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case replica, node, deployment, type

        var explained: Explanation.Kind {
            switch self {
            case .replica: .replica
            case .node: .node
            case .deployment: .deployment
            case .type: .type
            }
        }
    }

    func run() async throws {
        let reader = try StoreReader(directory: StatePaths(place.state).root)
        let explanation: Explanation
        do {
            explanation = try Explanation.of(kind.explained, name) { sql, arguments throws(StoreError) in
                try reader.query(sql, arguments)
            }
        } catch let problem as Problem {
            throw ValidationError(problem.message)
        }
        if json { return try printJSON(explanation) }
        for sentence in explanation.sentences { print(Printable.text(sentence)) }
        for reason in explanation.reasons {
            let alike = reason.alike == 0 ? "" : " (and \(reason.alike) more like it)"
            print("  - \(Printable.text(reason.sentence)) [\(reason.code)]\(alike)")
        }
        guard !explanation.history.isEmpty else { return }
        print("\nDecisions, latest first (UTC):")
        for past in explanation.history {
            let change = past.before.isEmpty ? past.after : "\(past.before) → \(past.after)"
            print(Printable.text("  \(past.at)  \(past.kind)  \(change)  \(past.reason) [\(past.rule)]"))
        }
    }
}

struct Cost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the machines cost, and for what.",
        discussion: """
            Every moment of every machine, from its creation to its end as the provider says, is somebody's: a
            deployment's by its dominant share of the node, or of no deployment: (idle), (headroom), (fragmentation) is room
            on a node in use that nothing fits into, (starting), (ending), (stray). The sum is what the provider bills; the
            fake cloud's bill is shown by tandem cloud bill.

            Reads the database, so it also works while the tiers are down.

            Example: tandem cost
                     tandem cost --by node --json
            """)

    @Option(help: "A line for each deployment, cause, node or type.") var by = Grouping.deployment
    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    enum Grouping: String, ExpressibleByArgument, CaseIterable {
        case deployment, cause, node, type
    }

    func run() async throws {
        let reader = try StoreReader(directory: StatePaths(place.state).root)
        let grouping = CostStatement.Grouping(rawValue: by.rawValue) ?? .deployment
        let statement = try CostStatement.read(by: grouping) { sql, arguments throws(StoreError) in
            try reader.query(sql, arguments)
        }
        if json { return try printJSON(statement) }
        print(
            StatusTable.table(
                [by.rawValue.uppercased(), "USD/H", "NODE HOURS", "USD"],
                statement.lines.map { line in
                    [
                        line.name, Money.text(line.microusdPerHour), Money.hours(line.timeUs),
                        Money.text(line.microusd),
                    ]
                }), terminator: "")
        print(
            "in all \(Money.text(statement.microusdPerHour)) USD an hour, \(Money.text(statement.microusd)) USD so far"
        )
        let tier = RunFile.read(StatePaths(place.state).runFile("nodes"))
        if statement.microusdPerHour > 0, !(tier?.isAlive ?? false) {
            say("the node tier does not run: these are the machines as it last saw them")
        }
        if statement.estimates > 0 {
            say("of \(statement.estimates) machines the provider never said when they ended: estimates")
        }
        if statement.isCut { say("more than \(QueryResult.rowsMax) lines: ask by deployment, cause or type") }
    }
}
