import Model
import Placement
import Store

extension ServeStep {
    /// Where nodes cannot be had: how many of each deployment are asked for, and who gives way to whom.
    ///
    /// A deployment of which more is wanted than can be placed asks for its part of the room and for one more, which is
    /// what the node tier tries to buy for. What others hold beyond their part goes to those who have less than theirs,
    /// as fast as `GivingBudget` allows, and only where it has been shown to be of use: a replica that was placed while the other one
    /// waited stays, since that one would have been placed there if it could.
    mutating func divideRoom() {
        guard !looked.isEmpty else { return }
        if !state.feasible.isEmpty {
            let book = RoomBook(self)
            let division = divide(Array(book.claims.values), among: Array(book.berths.values))
            var sharing = Sharing(book: book, division: division, budget: givingBudget(book))
            for id in state.feasible.keys.sorted(by: { isServedBefore($0, $1, book) }) {
                giveWay(to: id, &sharing)
            }
            cap(sharing)
        }
        for id in Set(capsBefore.keys).union(caps.keys) where capsBefore[id] != caps[id] { lookNext(at: id) }
    }

    /// Replicas that are asked for: what is wanted, as far as there is room.
    func asked(_ row: DeploymentRow) -> Int { min(row.target, caps[row.id] ?? row.target) }

    private func isServedBefore(_ a: DeploymentID, _ b: DeploymentID, _ book: RoomBook) -> Bool {
        let (mine, other) = (book.claims[a]?.priority ?? 0, book.claims[b]?.priority ?? 0)
        return mine != other ? mine > other : a < b
    }

    // MARK: - How many are asked for

    private mutating func cap(_ sharing: Sharing) {
        var queues: [Queue] = []
        for id in Set(sharing.book.claims.keys).union(state.feasible.keys).sorted() {
            guard state.deployments[id].map({ !$0.deleting }) ?? false else { continue }
            let isLimited = state.feasible[id] != nil
            let isContested = sharing.isContested(id)
            guard isLimited || isContested else { continue }
            let part = sharing.division?.count(of: id) ?? 0
            // While room changes hands nobody asks anew for more than his part: he might get what another one waits
            // for. Who waits already goes on to, or the room on its way to him would be asked for by turns.
            let (held, isProbed, drained) = held(id)
            let least = max(part, held) + drained
            let asks = wanted(of: id).count - drained
            let most = max(1, !isLimited ? max(least, asks) : isProbed ? least : least + 1)
            caps[id] = state.deployments[id]?.settings.inGangs(most) ?? most
            if isLimited, isOfOneVersion(id) {
                queues.append(Queue(id, homeless(id), parts: max(0, part - held)))
            }
        }
        for probe in Queue.early(queues) {
            earlyProbes.insert(probe)
            lookNext(at: probe.deployment)
        }
    }

    /// Those without a place, the oldest first: for as many there is a part of the room, the next one is asked for to try.
    private struct Queue {
        var deployment: DeploymentID
        var parts: ArraySlice<ReplicaID>
        var probe: ReplicaID?

        init(_ deployment: DeploymentID, _ homeless: [ReplicaID], parts: Int) {
            self.deployment = deployment
            self.parts = homeless.prefix(parts)
            probe = homeless.dropFirst(parts).first
        }

        /// Probes that are older than somebody else's replica for which there is a part: of the same size the node tier
        /// serves the oldest first.
        static func early(_ queues: [Queue]) -> [ReplicaID] {
            let latest = queues.compactMap { queue in
                queue.parts.last.map { (serial: $0.serial, deployment: queue.deployment) }
            }.sorted { $0.serial > $1.serial }.prefix(2)
            return queues.compactMap(\.probe).filter { probe in
                latest.contains { $0.deployment != probe.deployment && $0.serial > probe.serial }
            }.sorted()
        }
    }

    private func isOfOneVersion(_ id: DeploymentID) -> Bool {
        wanted(of: id).allSatisfy { $0.version == state.deployments[id]?.version }
    }

    private func homeless(_ id: DeploymentID) -> [ReplicaID] {
        wanted(of: id).filter(isHomeless).map { ($0.serial, $0.id) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func isHomeless(_ replica: ReplicaRow) -> Bool {
        state.placements[replica.id].map { $0.isStuck || $0.phase == .pending && $0.refusals.isEmpty }
            ?? true
    }

    /// Replicas with a place, or a node on its way, on nodes that stay; whether such a node is only asked for yet; and
    /// those on nodes that are being emptied, which are to be replaced.
    private func held(_ id: DeploymentID) -> (count: Int, isProbed: Bool, drained: Int) {
        var held = (count: 0, isProbed: false, drained: 0)
        for replica in wanted(of: id) {
            guard let placement = state.placements[replica.id] else { continue }
            let coming = placement.refusals.first { $0.code == .coming }?.candidate
            if isDrained(placement) {
                held.drained += 1
            } else if placement.phase.holdsRoom {
                held.count += 1
            } else if placement.phase == .pending, let coming {
                held.count += 1
                let phase = state.nodes[NodeID(coming)]?.phase
                if phase == nil || phase == .requested { held.isProbed = true }
            }
        }
        return held
    }

    private func isDrained(_ placement: PlacementRow) -> Bool {
        placement.node.map { state.drainRequests[$0] != nil } ?? false
    }

    /// Takes back what is asked for beyond the room there is, the newest first. A rollout ends its own.
    mutating func withdraw(_ row: DeploymentRow) {
        guard caps[row.id] != nil else { return }
        let known = state.feasible[row.id]
        var staying = wanted(of: row.id).filter { replica in
            state.placements[replica.id].map { !isDrained($0) } ?? true
        }
        guard staying.allSatisfy({ $0.version == row.version }) else { return }
        // One that is asked for only to try stands behind those for whom there is a part: it is ordered anew.
        for probe in staying where earlyProbes.contains(probe.id) {
            for member in gang(of: probe) { release(member.id, because: "others come before it") }
        }
        staying.removeAll { replicas[$0.id]?.phase != .wanted }
        let surplus = staying.count - asked(row)
        guard surplus > 0 else { return }
        let goes = staying.filter(isHomeless).map { ($0.id.serial, $0) }
            .sorted { $0.0 < $1.0 }.suffix(surplus).map(\.1)
        guard !goes.isEmpty else { return }
        for replica in goes { release(replica.id, because: "there is no room for it") }
        let left = staying.count - goes.count
        let room = known?.room ?? held(row.id).count
        let why = known?.reason.rawValue ?? "what is free is waited for by others"
        decisions.append(
            Decision(
                .stop, row.id.rawValue, before: "\(staying.count)", after: "\(left)", rule: "feasible",
                reason:
                    "\(row.target) are wanted and \(room) have a place, since nodes cannot be had (\(why)): \(left) are asked for until there is room.",
                inputs: [
                    .init("target", Int64(row.target)), .init("room", Int64(room)),
                    .init("asked", Int64(asked(row))), .init("priority", Int64(row.settings.priority)),
                    .init("weight", Int64(row.settings.weight)),
                ], refusals: known?.refusals ?? []))
    }
}

/// The division, and what has been given and taken on the way to it.
struct Sharing {
    let book: RoomBook
    /// Nil: too many to divide, everyone keeps what he has.
    let division: Division?
    /// Nodes on which room changes hands, and who gets it.
    private var handed: [NodeID: Set<DeploymentID>] = [:]
    private var reserved: [NodeID: Resources] = [:]
    private var givenAway: [DeploymentID: [NodeID: Int]] = [:]
    var budget: GivingBudget

    init(book: RoomBook, division: Division?, budget: GivingBudget) {
        self.book = book
        self.division = division
        self.budget = budget
    }

    mutating func hand(_ node: NodeID, to id: DeploymentID) { handed[node, default: []].insert(id) }
    mutating func reserve(_ resources: Resources, on node: NodeID) {
        reserved[node] = (reserved[node] ?? Resources()) + resources
    }
    mutating func give(_ id: DeploymentID, on node: NodeID) {
        givenAway[id, default: [:]][node, default: 0] += 1
    }

    /// What is free there, or will be once everyone has left who is leaving, and nobody was promised.
    func free(on node: NodeID) -> Resources {
        var free = (book.berths[node]?.free ?? Resources()) - (reserved[node] ?? Resources())
        for (id, nodes) in givenAway {
            for _ in 0..<(nodes[node] ?? 0) { free = free + (book.claims[id]?.resources ?? Resources()) }
        }
        return free
    }

    /// Deployments with replicas there that do not go before `claim`, the least important first.
    func holders(on node: NodeID, after claim: Claim) -> [Claim] {
        book.claims.values.filter { other in
            other.deployment != claim.deployment && other.priority <= claim.priority
                && excess(other, on: node) > 0
        }.sorted { $0.priority != $1.priority ? $0.priority < $1.priority : $0.deployment < $1.deployment }
    }

    /// Replicas of a deployment there that are beyond its part.
    func excess(_ claim: Claim, on node: NodeID) -> Int {
        guard let part = division?.parts[claim.deployment] else { return 0 }
        let away = givenAway[claim.deployment] ?? [:]
        let here = (claim.standing[node] ?? 0) - (away[node] ?? 0) - (part[node] ?? 0)
        let all =
            claim.standing.values.reduce(0, +) - away.values.reduce(0, +) - part.values.reduce(0, +)
        return min(here, all)
    }

    /// Room that another one waits for could be taken by a replica of this one.
    func isContested(_ id: DeploymentID) -> Bool {
        handed.contains { node, receivers in
            guard receivers != [id], let claim = book.claims[id], let berth = book.berths[node] else {
                return false
            }
            return berth.room.covers(claim.resources) && claim.nodes?.contains(node) ?? true
        }
    }
}
