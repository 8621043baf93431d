import Model
import Placement
import Store

/// What happens to a gang of which somebody is missing.
enum GangRule {
    /// Why the others go (Ray: `runtime_failure_policy: RESTART_GANG`).
    static let restarts = "its gang restarts as a whole"
}

extension ServeStep {
    /// The wanted replicas of the gang that a replica is in; of one that stands alone itself.
    func gang(of replica: ReplicaRow) -> [ReplicaRow] {
        guard let gang = replica.gang else { return [replica] }
        return wanted(of: replica.deployment).filter { $0.gang == gang }
    }

    /// A gang is whole or it goes: where a member has failed, was lost or fails its health check, the others leave by the
    /// usual drain, and a new gang is ordered.
    mutating func endBrokenGangs(_ id: DeploymentID) {
        let members = wanted(of: id).filter { $0.settings.placing?.gang != nil }
        guard !members.isEmpty else { return }
        let gangs = Dictionary(grouping: members) { $0.gang ?? $0.serial }
        for (first, members) in gangs.sorted(by: { $0.key < $1.key }) {
            guard let one = members.first, let size = one.settings.placing?.gang?.size,
                members.count < size || one.gang == nil
            else { continue }
            decisions.append(
                Decision(
                    .replace, one.id.rawValue, before: "wanted", after: "draining", rule: "gang_broken",
                    reason:
                        "Of gang \(first) of \(id) \(size - members.count) of \(size) are gone: the others"
                        + " go too, since a gang restarts as a whole.",
                    inputs: [.init("gang_size", Int64(size)), .init("left", Int64(members.count))]))
            for member in members { release(member.id, because: GangRule.restarts) }
        }
    }

    /// Candidates by gang, those of which all members are candidates; in the order of their first replicas.
    func wholeGangs(_ candidates: [VictimCandidate]) -> [[VictimCandidate]] {
        Dictionary(grouping: candidates) { replicas[$0.replica]?.gang ?? -$0.replica.serial }
            .sorted { $0.key < $1.key }.map(\.value)
            .filter { members in
                members.first.flatMap { replicas[$0.replica] }.map {
                    members.count == $0.settings.placing?.gang?.size ?? 1
                } ?? false
            }
    }

    /// Gangs among replicas that were found running, by their numbers: those of a gang are drawn together, so that a run of
    /// numbers as long as some whole gangs is those gangs. What is left over restarts.
    mutating func regroup(_ id: DeploymentID) {
        let found = wanted(of: id).filter { $0.gang == nil && $0.settings.placing?.gang != nil }
            .sorted { $0.serial < $1.serial }
        var run: [ReplicaRow] = []
        for replica in found {
            if let last = run.last, last.serial + 1 != replica.serial || last.version != replica.version {
                name(run)
                run = []
            }
            run.append(replica)
        }
        name(run)
    }

    private mutating func name(_ run: [ReplicaRow]) {
        guard let size = run.first?.settings.placing?.gang?.size, run.count % size == 0 else { return }
        for (index, replica) in run.enumerated() {
            update(replica.id) { $0.gang = run[index / size * size].serial }
        }
    }
}
