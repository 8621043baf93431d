import Model

/// One run of the swarm, in words that make it again: which plan, what torments it, and what is left out.
package struct Trial: Hashable, Sendable {
    /// Where its plan comes from.
    package enum Source: Hashable, Sendable {
        /// A drawn plan.
        case seed(UInt64)
        /// A small world, by name.
        case plan(String)
    }

    package var source: Source
    package var torment = Torment.none
    package var cut = PlanCut()

    package init(_ source: Source, torment: Torment = .none, cut: PlanCut = PlanCut()) {
        self.source = source
        self.torment = torment
        self.cut = cut
    }

    static let options = ["seed", "plan", "torment"] + PlanCut.options

    /// - Parameter words: as `words`; the first may be the bare seed or name.
    package init(words: [String]) throws(SwarmProblem) { try self.init(Words(words, options: Self.options)) }

    init(_ words: Words) throws(SwarmProblem) {
        guard let source = try Self.source(words) else {
            throw SwarmProblem("which run? --seed N, or --plan NAME with one of \(SmallWorlds.namesInWords)")
        }
        self.source = source
        if let text = words["torment"] {
            guard let torment = Torment(text) else {
                throw SwarmProblem(
                    "--torment \"\(text)\": twice, or crash, store, call, reply or answer, as in call:17"
                )
            }
            self.torment = torment
        }
        cut = try PlanCut(words)
    }

    /// Nil: none is named.
    static func source(_ words: Words) throws(SwarmProblem) -> Source? {
        var found: [Source] = []
        if let seed: UInt64 = try words.number("seed", atLeast: 0) { found.append(.seed(seed)) }
        for name in [words["plan"]].compactMap(\.self) { found.append(try plan(name)) }
        for word in words.bare {
            if let seed = UInt64(word) { found.append(.seed(seed)) } else { found.append(try plan(word)) }
        }
        guard found.count <= 1 else { throw SwarmProblem("one seed or one plan, not \(found.count)") }
        return found.first
    }

    private static func plan(_ name: String) throws(SwarmProblem) -> Source {
        guard SmallWorlds.names.contains(name) else {
            throw SwarmProblem("there is no plan \"\(name)\"; there are \(SmallWorlds.namesInWords)")
        }
        return .plan(name)
    }

    /// Words that make it again.
    package var words: [String] {
        var words: [String]
        switch source {
        case .seed(let seed): words = ["--seed", "\(seed)"]
        case .plan(let name): words = ["--plan", name]
        }
        if torment != .none { words += ["--torment", torment.text] }
        return words + cut.words
    }

    /// What it runs.
    package var plan: WorldPlan {
        var plan: WorldPlan
        switch source {
        case .seed(let seed): plan = DrawnPlan.make(seed: seed)
        case .plan(let name): plan = SmallWorlds.make(name) ?? DrawnPlan.make(seed: 0)
        }
        if torment != .none { plan.torment = torment }
        return cut.applied(to: plan)
    }
}

/// The ways in which boundaries are struck one after the other.
package enum TormentKind: String, CaseIterable, Sendable {
    case crash, store, call, reply, answer
    /// Not at a boundary: everything, once more.
    case twice

    /// - Parameter number: from 1; 0 strikes none, and counts them.
    func torment(at number: Int) -> Torment {
        switch self {
        case .crash: .crash(at: number)
        case .store: .failStore(at: number)
        case .call: .failCall(at: number)
        case .reply: .loseReply(at: number)
        case .answer: .loseAnswer(at: number)
        case .twice: .everythingTwice
        }
    }
}

extension Torment {
    /// The boundary that is struck; nil: none in particular.
    var boundary: Int? {
        switch self {
        case .none, .everythingTwice: nil
        case .crash(let at), .failStore(let at), .failCall(let at), .loseReply(let at), .loseAnswer(let at):
            at
        }
    }

    /// Nil for a text that names none.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let kind = parts.first.flatMap({ TormentKind(rawValue: String($0)) }) else { return nil }
        if kind == .twice {
            guard parts.count == 1 else { return nil }
            self = .everythingTwice
        } else {
            guard parts.count == 2, let number = Int(parts[1]), number >= 0 else { return nil }
            self = kind.torment(at: number)
        }
    }

    var text: String {
        switch self {
        case .none: "none"
        case .everythingTwice: "twice"
        case .crash(let at): "crash:\(at)"
        case .failStore(let at): "store:\(at)"
        case .failCall(let at): "call:\(at)"
        case .loseReply(let at): "reply:\(at)"
        case .loseAnswer(let at): "answer:\(at)"
        }
    }
}
