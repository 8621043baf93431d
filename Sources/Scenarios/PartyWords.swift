import Settings
import Simulation

extension Field {
    private static let parties = ["serve", "nodes", "proxy-1", "agent-1", "agents", "provider"]

    /// A process by its name; `right` names those that may stand here.
    func party(_ allowed: (Party) -> Bool, _ right: String) -> Party? {
        guard let word, let party = Party(word: word) else {
            let nearest = word.flatMap { Settings.nearest(to: $0, among: Self.parties) }
            refuse("is no process", nearest.map { "did you mean \($0)?" } ?? right)
            return nil
        }
        guard allowed(party) else {
            refuse("cannot stand here", right)
            return nil
        }
        return party
    }

    /// A process that can die.
    func process() -> Party? {
        party({ $0 != .provider }, "serve, nodes, proxy-1, agent-1 (the first machine's) or agents (all)")
    }

    /// A tier.
    func tier() -> Party? { party({ $0 == .serve || $0 == .nodes }, "serve or nodes") }

    /// A side of a link.
    func side() -> Party? { party({ _ in true }, "serve, nodes, proxy-1, agent-1, agents or provider") }
}

extension Party {
    /// Nil: nothing is called so.
    init?(word: String) {
        func number(_ prefix: String) -> Int? {
            guard word.hasPrefix(prefix), let number = Int(word.dropFirst(prefix.count)) else { return nil }
            return (1...1000).contains(number) ? number : nil
        }
        switch word {
        case "serve": self = .serve
        case "nodes": self = .nodes
        case "provider": self = .provider
        case "agents": self = .agent(0)
        default:
            if let number = number("proxy-") {
                self = .proxy(number)
            } else if let number = number("agent-") {
                self = .agent(number)
            } else {
                return nil
            }
        }
    }
}
