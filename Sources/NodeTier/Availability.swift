import Cloud
import Model
import Provisioning
import Store

/// How long what could not be had is left alone.
enum AvailabilityRule {
    /// The first wait, doubled with each failure in a row: Cluster Autoscaler's `initial-node-group-backoff-duration`.
    static let first = Millis(300_000)
    /// Its `max-node-group-backoff-duration`. A rejected request waits so long at once: sent again it is refused again,
    /// until somebody changes something at the provider.
    static let longest = Millis(1_800_000)
    /// Its `node-group-backoff-reset-timeout`: so long after the latest failure all are forgotten.
    static let memory = Millis(10_800_000)
    /// Each wait is up to so much longer or shorter, so that offerings and clusters do not return together.
    static let jitterPerMille: Int64 = 200
    /// Machines in a row that were made and never said hello: from then on it is the pool, not the machine, and its waits
    /// are the long ones.
    static let joinFailures = 3
    /// A pool is left alone for this long after a machine that did not join, so that another one is tried meanwhile.
    static let afterNoJoin = Millis(30_000)

    /// - Parameter failures: in a row, this one too.
    static func wait(_ kind: AvailabilityRow.Kind, failures: Int, dice: String) -> Millis {
        #if MUTANTS
            if Mutant.stockOutForEver.isOn { return Millis(1 << 50) }
        #endif
        let usual: Millis =
            switch kind {
            case .rejected: longest
            case .join where failures < joinFailures: afterNoJoin
            case .join: doubled(failures - joinFailures)
            case .stockOut, .quota, .unknown: doubled(failures - 1)
            }
        let spread = UInt64(2 * jitterPerMille + 1)
        let share = 1000 - jitterPerMille + Int64(Fingerprint(of: "\(dice) \(failures)").value % spread)
        return Millis(usual.rawValue * share / 1000)
    }

    private static func doubled(_ times: Int) -> Millis {
        min(Millis(first.rawValue << Int64(min(max(times, 0), 12))), longest)
    }
}

/// Whether an offering may be asked for now.
enum Admission: Equatable {
    case free
    /// Its wait is over: one launch tries it, and no second one before that is answered.
    case probe
    /// Not before then; nil: not before the launch that tries it is answered.
    case closed(until: Moment?)

    /// Launches that may name it now; nil: as many as are wanted.
    var atMost: Int? {
        switch self {
        case .free: nil
        case .probe: 1
        case .closed: 0
        }
    }

    /// The stricter one.
    static func strictest(_ a: Admission, _ b: Admission) -> Admission {
        switch (a, b) {
        case (.closed(let one?), .closed(let other?)): .closed(until: max(one, other))
        case (.closed(nil), .closed), (.closed, .closed(nil)): .closed(until: nil)
        case (.closed, _): a
        case (_, .closed): b
        case (.probe, _), (_, .probe): .probe
        case (.free, .free): .free
        }
    }
}

extension NodeStep {
    /// The key of an offering in the memory of failures.
    func key(of offering: Offering) -> String {
        "\(pool(of: offering.nodeType))/\(offering.zone)/\(offering.capacityType)"
    }

    /// The key of all machines of a type.
    func pool(of type: String) -> String { "\(settings.provider?.name ?? "")/\(type)" }

    /// What machines of a type are made from: another configuration deserves another try.
    func fingerprint(of type: String) -> String {
        guard let config = typeByName[type]?.config else { return "" }
        return Fingerprint(of: config).text
    }

    /// May this offering be asked for now, until when not, and how often.
    func admission(of offering: Offering) -> Admission {
        .strictest(
            admission(by: key(of: offering), offering), admission(by: pool(of: offering.nodeType), offering))
    }

    private func admission(by key: String, _ offering: Offering) -> Admission {
        guard let row = state.availability[key], !row.isTrusted,
            row.config == fingerprint(of: offering.nodeType)
        else { return .free }
        if row.until > now { return .closed(until: row.until) }
        return isBeingTried(row, offering) ? .closed(until: nil) : .probe
    }

    /// A launch is on its way that began after the wait. Of a pool it is answered by the hello of its agent, else by the
    /// provider.
    private func isBeingTried(_ row: AvailabilityRow, _ offering: Offering) -> Bool {
        let phases: [NodePhase] = row.kind == .join ? [.requested, .booting] : [.requested]
        return nodes(in: phases).contains { node in
            guard node.createdAt >= row.until, !node.provider.isEmpty else { return false }
            return row.kind == .join
                ? node.type == offering.nodeType : node.offerings.contains { $0.isSameWay(as: offering) }
        }
    }

    /// The catalogue as a planner may take it now: `available` says how often each may be asked for at most. Of a pool
    /// that is being tried again one launch in all may be made.
    func askable() -> [Offering] {
        var tried: Set<String> = []
        let ranked = offerings.sorted {
            ($0.microdollarsPerHour, $0.zone, $0.capacityType) < (
                $1.microdollarsPerHour, $1.zone, $1.capacityType
            )
        }
        return ranked.map { offering in
            var offering = offering
            guard let most = admission(of: offering).atMost else { return offering }
            let pool = admission(by: pool(of: offering.nodeType), offering)
            let isLater =
                most > 0 && offering.available != 0 && pool == .probe
                && !tried.insert(offering.nodeType).inserted
            offering.available = min(offering.available ?? Int.max, isLater ? 0 : most)
            return offering
        }
    }

    /// For the planner: until when what cannot be asked for is closed.
    func unavailable() -> [Unavailable] {
        offerings.compactMap { offering in
            guard case .closed(let until?) = admission(of: offering) else { return nil }
            return Unavailable(offering: offering, until: until)
        }
    }

    /// Of several launches of this step that name an offering which one launch may try, the first does. One that is left
    /// without a way waits for the next step.
    mutating func leaveProbesToOne() {
        var named: Set<String> = []
        for index in purchases.indices {
            let kept = purchases[index].offerings.filter { offering in
                admission(of: offering) == .free || named.insert(key(of: offering)).inserted
            }
            purchases[index].offerings = kept
        }
        guard purchases.contains(where: \.offerings.isEmpty) else { return }
        purchases.removeAll(where: \.offerings.isEmpty)
        wake(at: now + upscalingStep)
    }
}

// MARK: - Learning

extension NodeStep {
    /// The provider has answered a launch with an error about these offerings.
    mutating func fail(_ node: NodeRow, _ kind: AvailabilityRow.Kind, of named: [Offering], reason: String) {
        let failed =
            named.isEmpty
            ? node.offerings
            : node.offerings.filter { own in
                named.contains { $0.isSameWay(as: own) }
            }
        for offering in failed.isEmpty ? node.offerings : failed {
            note(key(of: offering), kind, of: node, reason: reason)
        }
    }

    /// A machine was made and its agent never said hello.
    mutating func failToJoin(_ node: NodeRow, reason: String) {
        note(pool(of: node.type), .join, of: node, reason: reason)
    }

    private mutating func note(_ key: String, _ kind: AvailabilityRow.Kind, of node: NodeRow, reason: String)
    {
        let config = fingerprint(of: node.type)
        let known = state.availability[key].flatMap {
            $0.config == config && $0.failedAt + AvailabilityRule.memory > now ? $0 : nil
        }
        // Launches that were on their way together fail together: that is one failure of the offering. (That several
        // machines in a row did not join is what tells a bad image from a bad machine, so there each counts.)
        if let known, kind != .join, node.createdAt <= known.failedAt, known.until > now { return }
        let failures = (known?.failures ?? 0) + 1
        let wait = AvailabilityRule.wait(kind, failures: failures, dice: "\(key) \(node.id)")
        var row = AvailabilityRow(
            offering: key, kind: kind, since: known?.since ?? now, failedAt: now, until: now + wait,
            failures: failures, reason: reason)
        row.config = config
        put(row)
    }

    /// The provider has made a machine: what it was bought as can be had, and what the request liked better could not,
    /// for a provider makes the first that can be had (`CloudProvider.create`).
    mutating func learnOfferings(of node: NodeRow, _ instance: Instance) {
        let chosen = node.offerings.firstIndex { $0.isSameWay(as: instance.offering) }
        for offering in node.offerings.prefix(chosen ?? 0) {
            note(key(of: offering), .stockOut, of: node, reason: "\(node.id) was made as another offering")
        }
        guard var row = state.availability[key(of: instance.offering)], !row.isTrusted else { return }
        row.isTrusted = true
        put(row)
    }

    /// Its agent has said hello: the image is sound.
    mutating func learnJoin(of node: NodeRow) { forget(availability: pool(of: node.type)) }

    /// Forgets what is long over, and what was said of another configuration.
    mutating func ageAvailability() {
        for key in state.availability.keys.sorted() {
            guard let row = state.availability[key] else { continue }
            let end = row.failedAt + AvailabilityRule.memory
            let type = settings.nodeTypes.first {
                key == pool(of: $0.name) || key.hasPrefix(pool(of: $0.name) + "/")
            }
            if end <= now || type.map({ fingerprint(of: $0.name) != row.config }) ?? false {
                forget(availability: key)
            } else {
                wake(at: end)
            }
        }
    }
}
