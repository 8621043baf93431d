import Model

/// `provider`.
struct ProviderSection {
    /// Machines of a type beyond this are taken for a mistake.
    static let machinesMax = 1_000_000

    let section: Section
    /// `capacity` and `prices` may name only these.
    let typeNames: [String]

    private static let fakeKeys = [
        "type", "boot_delay_s", "seed", "capacity", "error_rates", "prices", "offerings",
    ]
    private static let nativeKeys = ["type", "endpoint", "token_file"]

    func read() -> ProviderSettings? {
        let right = "fake (machines are processes here) or native (a provider over HTTP)"
        guard let field = section.required("type", "`type:` with \(right)"), let type = field.text(right)
        else { return nil }
        switch type {
        case "fake":
            section.check(known: Self.fakeKeys, unread: belongs(Self.nativeKeys, to: "native"))
            return .fake(fake())
        case "native":
            section.check(known: Self.nativeKeys, unread: belongs(Self.fakeKeys, to: "fake"))
            return native()
        default:
            let nearest = Spelling.nearest(to: type, among: ["fake", "native"])
            field.refuse("is no provider of this version", nearest.map { "did you mean \($0)?" } ?? right)
            return nil
        }
    }

    private func belongs(_ keys: [String], to type: String) -> [Unread] {
        keys.filter { $0 != "type" }.map { Unread(key: $0, sentence: "it belongs to `type: \(type)`") }
    }

    private func fake() -> FakeCloudSettings {
        var fake = FakeCloudSettings()
        if let delay = section["boot_delay_s"].flatMap(bootDelay) { fake.bootDelay = delay }
        if let field = section["seed"] { fake.seed = seed(field) ?? fake.seed }
        fake.capacity = byType("capacity") { $0.whole(in: 0...Self.machinesMax) }
            .map { FakeCloudSettings.TypeCapacity(type: $0, count: $1) }
        fake.prices = byType("prices") { $0.price() }
            .map { FakeCloudSettings.TypePrice(type: $0, microdollarsPerHour: $1) }
        fake.offerings = section["offerings"]?.section.map {
            OfferingsSection(section: $0, prices: section["prices"].flatMap(mapping), typeNames: typeNames)
                .read()
        }
        if let rates = section["error_rates"]?.section {
            rates.check(known: ["out_of_capacity", "rejected", "lost_reply"])
            fake.outOfCapacityPerMille = perMille(rates["out_of_capacity"])
            fake.rejectedPerMille = perMille(rates["rejected"])
            fake.lostReplyPerMille = perMille(rates["lost_reply"])
        }
        return fake
    }

    /// A fraction of all calls, 0 to 1.
    private func perMille(_ field: Field?) -> Int {
        field?.number(decimals: 3, in: 0...1000).map { Int($0) } ?? 0
    }

    private func seed(_ field: Field) -> UInt64? {
        guard let seed = field.plain.flatMap({ UInt64($0) }) else {
            field.refuse("is no seed", "a whole number of at least 0, at most \(UInt64.max)")
            return nil
        }
        return seed
    }

    /// `{TYPE: value}`, sorted by type.
    private func byType<Value>(_ key: String, _ value: (Field) -> Value?) -> [(String, Value)] {
        guard let map = section[key]?.section else { return [] }
        return map.entries.compactMap { name, place, field -> (String, Value)? in
            if let problem = Self.unknownType(name, among: typeNames) {
                section.findings.refuse(place, "\(map.path) \(problem.what)", name, problem.right)
            }
            return value(field).map { (name, $0) }
        }.sorted { $0.0 < $1.0 }
    }

    /// Nil: it is one of them.
    static func unknownType(_ name: String, among names: [String]) -> (what: String, right: String)? {
        guard !names.contains(name) else { return nil }
        let nearest = Spelling.nearest(to: name, among: names)
        return (
            "names no type of available_node_types",
            nearest.map { "did you mean \($0)?" } ?? "one of: \(names.joined(separator: ", "))"
        )
    }

    /// What is no mapping is told elsewhere.
    private func mapping(_ field: Field) -> Section? { field.isMapping ? field.section : nil }

    private func bootDelay(_ field: Field) -> FakeCloudSettings.BootDelay? {
        guard field.isMapping else { return field.seconds(aboveZero: false).map { .fixed($0) } }
        guard let delay = field.section else { return nil }
        delay.check(known: ["uniform", "lognormal"])
        let right = "seconds, {uniform: [1, 2]} or {lognormal: {median_s: 1, sigma: 0.5}}"
        switch (delay["uniform"], delay["lognormal"]) {
        case (let uniform?, nil): return self.uniform(uniform)
        case (nil, let lognormal?):
            guard let shape = lognormal.section else { return nil }
            shape.check(known: ["median_s", "sigma"])
            let median = shape.required("median_s", "`median_s:` in seconds")?.seconds(aboveZero: true)
            let sigma = shape.required("sigma", "`sigma:` of the logarithm, such as 0.5")?
                .number(decimals: 3, in: 0...10_000)
            guard let median, let sigma else { return nil }
            return .lognormal(median: median, sigma: Thousandths(sigma))
        default:
            field.refuse("must have exactly one shape", right)
            return nil
        }
    }

    private func uniform(_ field: Field) -> FakeCloudSettings.BootDelay? {
        let right = "two numbers of seconds, the smaller first: [1, 2]"
        guard let ends = field.list(right) else { return nil }
        guard ends.count == 2 else {
            field.refuse("must have two ends", right)
            return nil
        }
        guard let from = ends[0].seconds(aboveZero: false), let to = ends[1].seconds(aboveZero: false) else {
            return nil
        }
        guard from <= to else {
            ends[1].refuse("is below the other end", right)
            return nil
        }
        return .uniform(from: from, to: to)
    }

    private func native() -> ProviderSettings? {
        let right = "http://HOST:PORT or unix:/PATH"
        let endpoint = section.required("endpoint", "`endpoint:` with \(right)")
        let token = section.required("token_file", "`token_file:` with the path of a 0600 file")
        guard let endpoint, let text = endpoint.text(right, bytesMax: 1024) else { return nil }
        if !Self.isEndpoint(text) { endpoint.refuse("is no endpoint", right) }
        guard let token, let path = token.text("a path") else { return nil }
        if path.isEmpty { token.refuse("is empty", "the path of a 0600 file") }
        return .native(endpoint: text, tokenFile: path)
    }

    private static func isEndpoint(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return false }
        if text.hasPrefix("unix:/") { return text.utf8.count > 6 }
        guard text.hasPrefix("http://") else { return false }
        let rest = text.dropFirst(7)
        guard let colon = rest.lastIndex(of: ":"), !rest.contains(where: "@/?#".contains) else {
            return false
        }
        guard let port = Int(rest[rest.index(after: colon)...]) else { return false }
        return colon != rest.startIndex && (1...65535).contains(port)
    }
}
