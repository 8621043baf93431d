import Model
import Settings
import Simulation

extension Field {
    // MARK: - Clients

    /// One entry of `clients`.
    func client() -> ClientPlan? {
        guard let section else { return nil }
        section.check(only: ["path", "rps", "users", "think", "retries"])
        let path = section["path"]?.text("a path such as /", bytesMax: 1024) ?? "/"
        let load: ClientPlan.Load
        switch (section["rps"], section["users"]) {
        case (let rps?, nil):
            load = .open(rps.steps { $0.number(decimals: 3, in: 0...100_000_000, " requests a second") })
            if let think = section["think"] { think.refuse("is of no use beside rps", "remove it") }
        case (nil, let users?):
            let steps = users.steps { $0.whole(in: 0...10_000).map(Int64.init) }
            load = .closed(steps, think: section["think"]?.span() ?? .zero)
        default:
            refuse("must have rps or users, not both", "`users: 4` or `rps: {0s: 2, 30s: 20}`")
            return nil
        }
        var client = ClientPlan(path: path, load: load)
        if let retries = section["retries"]?.whole(in: 0...10) { client.retries = retries }
        return client
    }

    /// One number from the start on, or `{0s: 1, 30s: 4}`.
    private func steps(_ amount: (Field) -> Int64?) -> [ClientPlan.Step] {
        guard isMapping else { return amount(self).map { [ClientPlan.Step(at: .zero, amount: $0)] } ?? [] }
        guard let section else { return [] }
        var steps: [ClientPlan.Step] = []
        for entry in section.entries {
            guard let at = Span.parse(entry.name), at >= .zero else {
                section.findings.refuse(
                    entry.place, "\(path) has a key that is no time", entry.name, Span.right)
                continue
            }
            if let last = steps.last, at <= last.at {
                section.findings.refuse(
                    entry.place, "\(path) goes back in time", entry.name,
                    "a time after \(Span.words(last.at))")
            }
            if let amount = amount(entry.field) { steps.append(.init(at: at, amount: amount)) }
        }
        return steps
    }

    // MARK: - Conduct

    /// By the first word of the command; `usual` for all that are not named.
    func conducts() -> [String: Conduct] {
        guard let section else { return [:] }
        return Dictionary(
            section.entries.compactMap { entry in entry.field.conduct().map { (entry.name, $0) } },
            uniquingKeysWith: { $1 })
    }

    func conduct() -> Conduct? {
        guard let section else { return nil }
        section.check(only: ["ready", "fails", "stops", "service", "slots"])
        var conduct = Conduct()
        if let field = section["ready"] { conduct.readyAfter = field.word == "never" ? nil : field.span() }
        if let field = section["fails"] { conduct.failsAfter = field.span() }
        if let span = section["stops"]?.span() { conduct.stopsAfter = span }
        if let service = section["service"]?.service() { conduct.service = service }
        if let slots = section["slots"]?.whole(in: 1...1_000_000) { conduct.slots = slots }
        return conduct
    }

    private func service() -> ServiceTime? {
        guard isMapping else { return span().map { .fixed($0) } }
        guard let section else { return nil }
        section.check(only: ["median", "sigma"])
        let median = section.required("median", "`median:` with a span")?.span()
        let sigma = section.required("sigma", "`sigma:` of the logarithm, such as 0.5")?
            .number(decimals: 3, in: 0...3_000)
        guard let median, let sigma else { return nil }
        return .lognormal(median: median, sigmaMilli: sigma)
    }

    // MARK: - Torment

    func torment() -> Torment? {
        let right =
            "everything_twice, or one of {crash: 7}, {fail_store: 7}, {fail_call: 7}, {lose_reply: 7}, "
            + "{lose_answer: 7}"
        if word == "everything_twice" { return .everythingTwice }
        guard isMapping, let section, let entry = section.entries.first, section.entries.count == 1 else {
            refuse("is no torment", right)
            return nil
        }
        section.check(only: ["crash", "fail_store", "fail_call", "lose_reply", "lose_answer"])
        guard let place = entry.field.whole(in: 1...1_000_000) else { return nil }
        switch entry.name {
        case "crash": return .crash(at: place)
        case "fail_store": return .failStore(at: place)
        case "fail_call": return .failCall(at: place)
        case "lose_reply": return .loseReply(at: place)
        case "lose_answer": return .loseAnswer(at: place)
        default: return nil
        }
    }
}
