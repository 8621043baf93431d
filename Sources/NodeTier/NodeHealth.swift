import Model
import Store

/// How many nodes may be given up for lost, and when nobody is: what is seen may be the fault of our own network.
enum HealthRule {
    /// Above so many percent of all nodes unready, and above so many nodes, nothing destructive is done: Cluster
    /// Autoscaler's `max-total-unready-percentage` and `ok-total-unready-count`.
    static let unreadyPercentMax = 45
    static let unreadyMax = 3
    /// Of a pool so many percent are replaced within `repairWindow`, and always one: Karpenter stops node repair when
    /// more than 20 % of a pool are unhealthy.
    static let repairPercentMax = 20
    static let repairWindow = Millis(600_000)
    /// A node whose agent comes back from so many silences within `flapWindow` is drained and replaced.
    static let flapsMax = 3
    static let flapWindow = Millis(600_000)

    static func halts(unready: Int, of all: Int) -> Bool {
        #if MUTANTS
            if Mutant.neverHalts.isOn { return false }
        #endif
        return unready > unreadyMax && unready * 100 > unreadyPercentMax * all
    }

    static func repairs(in pool: Int) -> Int {
        #if MUTANTS
            if Mutant.repairsAll.isOn { return Int.max }
        #endif
        return max(1, pool * repairPercentMax / 100)
    }
}

/// How many nodes of a type were replaced lately, of how many.
struct RepairRoom {
    private(set) var recent: Int
    /// Those that serve, and those that were replaced.
    let pool: Int
    /// Silent for so long that they are given up.
    let silent: Int
    /// Of these so many are being replaced in this step.
    private(set) var begun = 0
    /// When the first of the recent ones is no longer recent.
    private(set) var next: Moment?

    init(recent: Int, pool: Int, silent: Int, next: Moment?) {
        (self.recent, self.pool, self.silent, self.next) = (recent, pool, silent, next)
    }

    mutating func note(isAnew: Bool, isSilent: Bool, until: Moment) {
        if isAnew { recent += 1 }
        if isSilent { begun += 1 }
        next = next ?? until
    }
}

extension NodeStep {
    /// Why nothing may be given back, replaced or moved now; nil: it may. For scale-down, repair and consolidation alike,
    /// to be asked after `weighHealth`.
    var holdsDestruction: HoldRow? { state.holds[HoldRow.nodes] }

    /// Holds all destruction while too many agents are silent, and lets go by itself.
    mutating func weighHealth() {
        let serving = nodes(in: [.ready, .draining]).filter { !$0.provider.isEmpty }
        let unready = serving.filter { isSilent($0, for: settings.agentSilent) }
        unheard = unready.count
        if HealthRule.halts(unready: unready.count, of: serving.count) {
            hold(
                HoldRow.nodes, unready.count, of: serving.count, rule: "mass_unready",
                because:
                    "\(unready.count) of \(serving.count) nodes are not heard: nothing is given back, replaced or "
                    + "moved until most of them are")
        } else {
            release(
                HoldRow.nodes, rule: "mass_unready",
                because: "\(unready.count) of \(serving.count) nodes are not heard: all goes on")
        }
        for node in serving { noteSilence(node) }
    }

    private static let massUnready = "mass_unready"

    /// Counts how often an agent comes back. While most are silent it is not theirs to answer for.
    private mutating func noteSilence(_ node: NodeRow) {
        let known = state.troubles[node.id]
        var row = known ?? NodeTroubleRow(node: node.id, type: node.type)
        if isSilent(node, for: settings.agentSilent) {
            row.silentAt = row.silentAt ?? now
            if holdsDestruction != nil { row.cause = Self.massUnready }
        } else if row.silentAt != nil, reports[node.id] != nil || refused[node.id] != nil {
            row.silentAt = nil
            if row.cause != Self.massUnready { row.flaps = (row.flaps + [now]).suffix(HealthRule.flapsMax) }
            row.cause = ""
        } else {
            return
        }
        put(row)
    }

    /// A node whose agent flaps is emptied and replaced, once.
    mutating func checkFlaps(_ node: NodeRow) {
        guard state.nodes[node.id]?.phase == .ready, !node.provider.isEmpty,
            let trouble = state.troubles[node.id],
            trouble.flaps.count >= HealthRule.flapsMax, let first = trouble.flaps.first,
            first + HealthRule.flapWindow > now, mayRepair(node)
        else { return }
        noteRepair(node, "flapping")
        drain(
            node.id, by: now + NodeRule.drainTimeout, rule: "flapping",
            because:
                "its agent was silent \(trouble.flaps.count) times within \(HealthRule.flapWindow.rawValue / 60_000) min"
        )
    }

    /// Whether one more node of this pool may be replaced now: else it is left as it is, and what runs there goes on.
    mutating func mayRepair(_ node: NodeRow) -> Bool {
        if holdsDestruction != nil { return false }
        let scope = HoldRow.repair(node.type)
        let room = repairs[node.type] ?? repairRoom(of: node.type)
        repairs[node.type] = room
        guard room.recent >= HealthRule.repairs(in: room.pool) else { return true }
        wake(at: room.next)
        let waiting = room.silent - room.begun
        hold(
            scope, max(waiting, 1), of: room.pool, rule: "repair_limit",
            because: "\(room.recent) of \(room.pool) nodes of \(node.type) were replaced within "
                + "\(HealthRule.repairWindow.rawValue / 60_000) min: others wait, and what runs there goes on"
        )
        return false
    }

    /// Counted once in a step for all nodes of a type.
    private func repairRoom(of type: String) -> RepairRoom {
        let recent = state.troubles.values.filter {
            $0.type == type && ($0.repairedAt.map { $0 + HealthRule.repairWindow > now } ?? false)
        }
        let serving = nodes(in: [.ready, .draining]).filter { $0.type == type }
        return RepairRoom(
            recent: recent.count, pool: Set(serving.map(\.id) + recent.map(\.node)).count,
            silent: serving.count { isSilent($0, for: settings.agentLost) },
            next: recent.compactMap(\.repairedAt).min().map { $0 + HealthRule.repairWindow })
    }

    mutating func noteRepair(_ node: NodeRow, _ cause: String) {
        var row = state.troubles[node.id] ?? NodeTroubleRow(node: node.id, type: node.type)
        let (isAnew, until) = (
            row.repairedAt.map { $0 + HealthRule.repairWindow <= now } ?? true, now + HealthRule.repairWindow
        )
        let isSilent = isSilent(node, for: settings.agentLost)
        repairs[node.type]?.note(isAnew: isAnew, isSilent: isSilent, until: until)
        row.repairedAt = now
        row.cause = cause
        row.flaps = []
        row.silentAt = nil
        put(row)
    }

    /// Forgets flaps and repairs that are long ago, and repairs that nobody waits for any more.
    mutating func ageTroubles() {
        for id in state.troubles.keys.sorted() {
            guard var row = state.troubles[id] else { continue }
            let isThere = state.nodes[id].map { $0.phase == .ready || $0.phase == .draining } ?? false
            if !isThere { row.silentAt = nil }
            row.flaps = isThere ? row.flaps.filter { $0 + HealthRule.flapWindow > now } : []
            if let at = row.repairedAt, at + HealthRule.repairWindow <= now { row.repairedAt = nil }
            if row.silentAt == nil, row.flaps.isEmpty, row.repairedAt == nil {
                forget(trouble: id)
            } else {
                put(row)
                wake(at: row.flaps.first.map { $0 + HealthRule.flapWindow })
                wake(at: row.repairedAt.map { $0 + HealthRule.repairWindow })
            }
        }
        for scope in state.holds.keys.sorted() where scope.hasPrefix(HoldRow.repair("")) {
            let type = String(scope.dropFirst(HoldRow.repair("").count))
            let isWaited = nodes(in: [.ready, .draining]).contains { node in
                node.type == type && (isSilent(node, for: settings.agentLost) || isFlapping(node))
            }
            let isRecent = state.troubles.values.contains { $0.type == type && $0.repairedAt != nil }
            if !isWaited || !isRecent {
                release(scope, rule: "repair_limit", because: "no lost node of \(type) has to wait any more")
            }
        }
    }

    private func isFlapping(_ node: NodeRow) -> Bool {
        (state.troubles[node.id]?.flaps.count ?? 0) >= HealthRule.flapsMax
    }
}
