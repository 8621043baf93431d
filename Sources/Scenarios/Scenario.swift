import Model
import Settings
import Simulation

/// A named story: what befalls a cluster, and what must hold all the same. One text file each.
package struct Scenario: Sendable {
    /// As the file's, without `.yaml`.
    package var name: String
    /// Failure modes of the catalogue that it plays: `F01` ….
    package var modes: [String]
    /// One sentence: what happened to whom.
    package var what: String
    /// Where somebody reported it; empty: nowhere in particular.
    package var thread = ""
    package var plan: WorldPlan
    package var musts: [Must]
    /// What the script does, in words, at its times.
    package var deeds: [(at: Millis, words: String)] = []

    /// - Parameter file: how messages name the text; its last part without `.yaml` is the scenario's name.
    /// - Throws: everything that is wrong with the text, each with line and column.
    package static func read(text: String, file: String) throws(SettingsProblems) -> Scenario {
        let top = try Settings.section(text: text, file: file)
        let scenario = ScenarioFile(top: top).read(name: stem(of: file))
        try top.findings.check()
        return scenario
    }

    /// `lost-reply` of `Config/scenarios/lost-reply.yaml`.
    package static func stem(of file: String) -> String {
        let last = file.split(separator: "/").last ?? ""
        return String(last.hasSuffix(".yaml") ? last.dropLast(5) : last)
    }
}

/// Something that must hold in a scenario.
package struct Must: Hashable, Sendable {
    /// As the file says it.
    package var text: String
    package var demand: Demand

    /// What is looked at.
    package enum Demand: Hashable, Sendable {
        case claim(Claim, When)
        /// No two machines for one token, at any time.
        case oneMachinePerToken
        /// Everything has come to rest by then, as the checks of L-01 … say.
        case settled(by: Millis)
    }

    /// A number that is compared.
    package struct Claim: Hashable, Sendable {
        package var quantity: Quantity
        package var comparison: Comparison
        package var number: Int64
    }

    /// How the number seen and the number wanted must stand.
    package enum Comparison: Hashable, Sendable {
        case equal, atMost, atLeast

        func holds(_ value: Int64, _ number: Int64) -> Bool {
            switch self {
            case .equal: value == number
            case .atMost: value <= number
            case .atLeast: value >= number
            }
        }
    }

    /// At which instants of the run a claim is looked at.
    package enum When: Hashable, Sendable {
        /// At the end of the run.
        case end
        /// At some instant from the first to the second.
        case sometime(from: Millis, until: Millis)
        /// At every instant from the first to the second.
        case always(from: Millis, until: Millis)
    }
}
