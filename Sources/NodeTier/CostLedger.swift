import Cloud
import Model
import Store

/// What the ledger keeps in mind between steps; all of it is found anew after a restart.
struct CostMemory {
    /// The provider's latest list, and what was created since.
    private(set) var listed: [String: Instance] = [:]
    /// Accounts of which the answers of this step say something.
    private(set) var news: Set<String> = []
    /// When the latest list was heard.
    private var listedAt: Moment?
    /// Of machines that are in no list any more: the latest that showed them.
    private(set) var lastShown: [String: Moment] = [:]
    /// One of them was a list.
    private(set) var hasList = false
    /// Nodes whose shares may have changed since the last commit.
    fileprivate(set) var touched: Set<NodeID> = []
    /// What replicas asked for at the last look.
    fileprivate(set) var shapes: [Resources] = []
    /// Nothing was booked and committed yet: everything is looked at.
    private(set) var isFresh = true

    mutating func hear(_ answers: [ProviderAnswer], _ now: Moment) {
        news = []
        hasList = false
        for answer in answers {
            switch answer {
            case .list(.success(let list)):
                let before = listed
                listed = Dictionary(list.map { ($0.account, $0) }, uniquingKeysWith: { first, _ in first })
                for id in before.keys where listed[id] == nil { lastShown[id] = listedAt }
                for id in listed.keys { lastShown[id] = nil }
                listedAt = now
                news = Set(listed.keys)
                hasList = true
            case .create(_, .success(let instance)):
                listed[instance.account] = instance
                news.insert(instance.account)
            default: break
            }
        }
        if isFresh { news = Set(listed.keys) }
    }

    /// The same list once more.
    mutating func hearsTheSame(_ now: Moment) { listedAt = now }

    /// What is asked of it no more.
    fileprivate mutating func forget(_ id: String) { lastShown[id] = nil }

    /// What was booked is in SQLite.
    mutating func committed() {
        touched = []
        isFresh = false
    }
}

extension NodeStep {
    /// Keeps the accounts of the machines: opens those that are new, shares their time as it is shared from now on, and
    /// ends those that have ended.
    ///
    /// Paid is from `createdUnixMs` to `endedUnixMs` as the provider says. On the cluster clock an account begins at the
    /// same instant as near as the two clocks tell, and lasts exactly as long.
    mutating func bookCosts(_ memory: inout CostMemory, unixMillis: Int64) {
        hasBooked = true
        let shapes = CostShares.shapes(of: state)
        let isWhole = memory.isFresh || shapes != memory.shapes
        memory.shapes = shapes
        memory.touched.formUnion(touchedNodes.union(touchedKept).union(roomed))
        for id in memory.news.sorted() {
            guard let instance = memory.listed[id] else { continue }
            note(instance, id, shapes, unixMillis: unixMillis)
            memory.touched.insert(instance.node)
        }
        let open = state.costAccounts.values.filter { $0.endedAt == nil }
        if memory.hasList {
            for account in open.filter({ memory.listed[$0.id] == nil && isGone($0) }).sorted(by: {
                $0.id < $1.id
            }) {
                // Gone from the lists without a word of its end: it was there when a list last showed it, or its agent spoke.
                let heard = max(account.since, state.nodes[account.node]?.heardAt ?? account.since)
                end(account.id, at: min(memory.lastShown[account.id] ?? heard, now), isEstimate: true)
            }
        }
        for id in memory.lastShown.keys where state.costAccounts[id]?.endedAt != nil { memory.forget(id) }
        let touched = memory.touched
        for account in open.filter({ isWhole || touched.contains($0.node) }).sorted(by: { $0.id < $1.id }) {
            guard let account = state.costAccounts[account.id], account.endedAt == nil else { continue }
            share(account.id, shares(account.node, account.instance, shapes))
        }
    }

    /// Its node is no more, or has another machine.
    private func isGone(_ account: CostAccountRow) -> Bool {
        state.nodes[account.node].map { $0.phase == .gone || $0.instance != account.instance } ?? true
    }

    private func shares(_ node: NodeID, _ instance: String, _ shapes: [Resources]) -> [CostShare] {
        CostShares(state: state, shapes: shapes).of(
            state.nodes[node], instance: instance, replicas: onNode[node] ?? [])
    }

    private mutating func note(
        _ instance: Instance, _ id: String, _ shapes: [Resources], unixMillis: Int64
    ) {
        let isDated = instance.createdUnixMs != nil
        if state.costAccounts[id] == nil {
            // Of what had ended before it was seen nothing is known without dates.
            guard isDated || instance.state != .terminated else { return }
            open(instance, id, shapes, unixMillis: unixMillis)
        }
        guard let account = state.costAccounts[id] else { return }
        // What the provider has said of an end stands, whatever a stale list may show later.
        guard account.endedAt == nil || account.isEstimate else { return }
        if let created = instance.createdUnixMs, let ended = instance.endedUnixMs {
            end(id, at: account.beganAt + Millis(max(ended - created, 0)), isEstimate: false)
        } else if instance.state == .terminated {
            // Without dates, or not true: with dates an end comes with its date.
            if !isDated, account.endedAt == nil { end(id, at: now, isEstimate: true) }
        } else if account.endedAt != nil {
            reopen(id, shapes)
        }
    }

    private mutating func open(
        _ instance: Instance, _ id: String, _ shapes: [Resources], unixMillis: Int64
    ) {
        // A date is of use as far as it fits with what is known: no machine is older than its intent.
        let earliest = min(state.nodes[instance.node]?.createdAt ?? Moment(0), now)
        let said = instance.createdUnixMs.map { now - Millis(unixMillis - $0) } ?? now
        let began = min(max(said, earliest), now)
        // What went before it was first seen is taken to have been as it is now.
        put(
            CostAccountRow(
                id: id, instance: instance.id, node: instance.node, type: instance.offering.nodeType,
                zone: instance.offering.zone, capacityType: instance.offering.capacityType,
                microdollarsPerHour: instance.offering.microdollarsPerHour,
                createdUnixMs: instance.createdUnixMs, beganAt: began,
                shares: shares(instance.node, instance.id, shapes)), [], isFact: true)
    }

    private mutating func end(_ id: String, at moment: Moment, isEstimate: Bool) {
        guard var account = state.costAccounts[id] else { return }
        let booked = account.end(at: moment, isEstimate: isEstimate)
        put(account, booked, isFact: true)
    }

    private mutating func reopen(_ id: String, _ shapes: [Resources]) {
        guard var account = state.costAccounts[id] else { return }
        account.reopen(as: shares(account.node, account.instance, shapes))
        put(account, [], isFact: true)
    }

    private mutating func share(_ id: String, _ shares: [CostShare]) {
        guard var account = state.costAccounts[id], account.shares != shares else { return }
        let booked = account.share(shares, from: now)
        put(account, booked, isFact: false)
    }
}

extension Instance {
    /// The key of its account.
    fileprivate var account: String { "\(id)@\(createdUnixMs.map { "\($0)" } ?? "")" }
}
