import Model
import Placement

extension ProvisioningStep {
    /// Chooses the idle nodes that go.
    mutating func giveBack() {
        // Nodes that stay: draining and terminating ones are on their way out already.
        var staying = Dictionary(
            input.types.map { ($0.type.name, $0.ready + $0.launching) }, uniquingKeysWith: +)
        var all = input.types.reduce(0) { $0 + $1.ready + $1.launching }
        let types = Dictionary(
            input.settings.nodeTypes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        unplacedShapes = Array(
            Dictionary(
                input.unplaced.filter(\.demand.buys).map { ($0.demand.resources, $0) },
                uniquingKeysWith: { first, _ in first }
            ).values)
        let longestFirst = input.idle.filter { !plan.awaited.contains($0.node) }.sorted {
            $0.idleSince != $1.idleSince ? $0.idleSince < $1.idleSince : $0.node < $1.node
        }
        for idle in longestFirst {
            let type = types[idle.type]
            let present = staying[idle.type] ?? 0
            guard present > least(of: type) else { continue }
            guard let cause = cause(idle, type, present: present, all: all) else { continue }
            staying[idle.type] = present - 1
            all -= 1
            end(idle, cause, present: present)
        }
    }

    /// Nodes of a type that stay though they are idle.
    private func least(of type: NodeType?) -> Int {
        #if MUTANTS
            if Mutant.forgetsMinimum.isOn { return 0 }
        #endif
        return min(type?.minWorkers ?? 0, type?.maxWorkers ?? 0)
    }

    /// Why a node goes now; nil: it stays, and `wake` is set for when its timeout ends.
    private mutating func cause(
        _ idle: IdleNode, _ type: NodeType?, present: Int, all: Int
    ) -> (rule: String, reason: String)? {
        guard let type else {
            guard idle.generationApplied else { return nil }
            return ("type_removed", "Node type \(idle.type) is no longer configured, and the node is idle.")
        }
        if present > type.maxWorkers || all > input.settings.maxWorkers {
            guard idle.generationApplied else { return nil }
            let (whose, limit, count) =
                present > type.maxWorkers
                ? (type.name, type.maxWorkers, present) : ("the cluster", input.settings.maxWorkers, all)
            return (
                "max_workers", "\(count) nodes are more than max_workers \(limit) of \(whose); it is idle."
            )
        }
        let timeout = type.idleTimeout ?? input.settings.idleTimeout
        guard input.now - idle.idleSince >= timeout else {
            #if MUTANTS
                if Mutant.forgetsWake.isOn { return nil }
            #endif
            wake(at: idle.idleSince + timeout)
            return nil
        }
        guard idle.generationApplied, !isNeeded(idle, type) else { return nil }
        let seconds = Resources.decimal((input.now - idle.idleSince).rawValue)
        return (
            "idle_timeout", "Idle for \(seconds) s, the timeout is \(Resources.decimal(timeout.rawValue)) s."
        )
    }

    /// Unplaced demand would fit, but for something that passes: placement has not said that the node is too small, or
    /// another than is asked for.
    private func isNeeded(_ idle: IdleNode, _ type: NodeType) -> Bool {
        unplacedShapes.contains { shape in
            type.resources.covers(shape.demand.resources)
                && !shape.refusals.contains { $0.candidate == idle.node.rawValue && $0.code.lasts }
        }
    }

    private mutating func end(_ idle: IdleNode, _ cause: (rule: String, reason: String), present: Int) {
        plan.terminate.append(Termination(node: idle.node, reason: cause.reason))
        plan.decisions.append(
            Decision(
                .cordon, idle.node.rawValue, before: "ready", after: "draining", rule: cause.rule,
                reason: cause.reason,
                inputs: [
                    .init("idle_ms", (input.now - idle.idleSince).rawValue),
                    .init("nodes_of_type", Int64(present)),
                    .init("unplaced", Int64(input.unplaced.count)),
                ]))
    }
}
