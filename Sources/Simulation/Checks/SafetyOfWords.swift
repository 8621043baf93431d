import Model
import Store

/// What operators were told, and what decisions say.
package enum SafetyOfWords {
    /// I-19: applications change though nobody asked.
    package static func unasked(_ changes: StateChanges) -> [Breach] {
        var found: [Breach] = []
        for change in changes.deployments {
            let id = change.after?.id ?? change.before?.id ?? DeploymentID("?")
            switch (change.before, change.after) {
            case (nil, .some): found.append(Breach("I-19", "deployment \(id) is made though nobody asked"))
            case (let before?, nil) where !before.deleting:
                found.append(Breach("I-19", "deployment \(id) is gone though nobody asked"))
            case (let before?, let after?)
            where before.settings != after.settings || before.deleting != after.deleting:
                found.append(Breach("I-19", "deployment \(id) is changed though nobody asked"))
            default: break
            }
        }
        for change in changes.applications {
            let name = change.after?.name ?? change.before?.name ?? "?"
            switch (change.before, change.after) {
            case (nil, .some): found.append(Breach("I-19", "application \(name) is made though nobody asked"))
            case (let before?, nil) where !before.deleting:
                found.append(Breach("I-19", "application \(name) is gone though nobody asked"))
            case (let before?, let after?)
            where before.routePrefix != after.routePrefix || before.ingress != after.ingress
                || before.deleting != after.deleting:
                found.append(Breach("I-19", "application \(name) is changed though nobody asked"))
            default: break
            }
        }
        return found
    }

    /// I-19: what was just said to be done is not so.
    package static func broken(_ applications: [ApplicationSettings], _ state: ClusterState) -> [Breach] {
        var found: [Breach] = []
        let wanted = applications.flatMap(\.deployments)
        for settings in wanted {
            let row = state.deployments[settings.id]
            if row?.settings != settings || row?.deleting != false {
                found.append(
                    Breach("I-19", "deployment \(settings.id) was applied and is not as it was said"))
            }
        }
        let names = Set(wanted.map(\.id))
        for row in state.deployments.values.sorted(by: { $0.id < $1.id })
        where !row.deleting && !names.contains(row.id) {
            found.append(Breach("I-19", "deployment \(row.id) was left out and is there"))
        }
        return found
    }

    /// I-28: targets that a rule has moved: `deployment before after`.
    package static func moved(_ changes: StateChanges) -> [String] {
        changes.deployments.compactMap { change in
            guard let before = change.before, let after = change.after, before.target != after.target,
                before.settings == after.settings, !after.deleting, !before.deleting
            else { return nil }
            return "\(after.id) \(before.target) \(after.target)"
        }
    }

    /// L-07: rows that move in a world where nothing happens.
    package static func unrest(_ changes: StateChanges) -> [Breach] {
        var found: [Breach] = []
        for change in changes.nodes where change.before?.phase != change.after?.phase {
            guard let row = change.after else { continue }  // long gone, and forgotten now
            found.append(Breach("L-07", "in a quiet world \(row.id) becomes \(row.phase)"))
        }
        for change in changes.replicas where change.before?.phase != change.after?.phase {
            let id = change.after?.id ?? change.before?.id ?? ReplicaID("?")
            found.append(Breach("L-07", "in a quiet world replica \(id) comes or goes"))
        }
        for change in changes.movePlans where change.before?.phase != change.after?.phase {
            guard let plan = change.after else { continue }  // over for long, and forgotten now
            found.append(Breach("L-07", "in a quiet world plan \(plan.id) is \(plan.phase): \(plan.reason)"))
        }
        for change in changes.deployments {
            guard let before = change.before, let after = change.after, before.target != after.target else {
                continue
            }
            found.append(
                Breach(
                    "L-07",
                    "in a quiet world the target of \(after.id) goes from \(before.target) to \(after.target)"
                ))
        }
        return found
    }
}
