import Model
import Store

extension ServeStep {
    /// Recomputes every status from the rows; an application is as well as its worst deployment.
    mutating func planStatus() {
        eachLooked { step, id in
            guard let row = step.state.deployments[id] else { return }
            let (status, message) = step.status(of: row)
            let trigger = step.trigger(of: row, status)
            step.update(id) {
                $0.status = status
                $0.trigger = trigger
                $0.message = message
            }
        }
        // Also those without deployments, of which nothing else tells.
        let bare = state.applications.keys.filter { ofApplication[$0] == nil }
        for name in Set(looked.map(\.application)).union(bare).sorted() {
            let deployments = (ofApplication[name] ?? []).compactMap { state.deployments[$0] }
            guard let application = state.applications[name] else { continue }
            if application.deleting, deployments.isEmpty {
                remove(application: name)
                continue
            }
            let (status, message) = status(of: application, deployments)
            update(application: name) {
                $0.status = status
                $0.message = message
            }
        }
    }

    private static let needsPython =
        "import_path needs Python replicas, which this version does not have: name its command under import_paths of"
        + " the cluster file and deploy again"

    private func status(of row: DeploymentRow) -> (DeploymentStatus, String) {
        if row.settings.replica.command.isEmpty {
            return (.deployFailed, Self.needsPython + ", or give \(row.id.name) a command")
        }
        let replicas = wanted(of: row.id)
        let ready = replicas.count { isReady($0.id) }
        let old = replicas.count { $0.version != row.version && isReady($0.id) }
        if old > 0, row.isGivenUp {
            return (
                .deployFailed,
                "version \(row.version) is given up after \(row.failures) failures in a row, \(old) of \(row.target) replicas"
                    + " of the one before go on: deploy another; the latest: \(row.lastFailure)"
            )
        }
        let unwell = replicas.filter { state.placements[$0.id]?.unwellAt != nil }
        if let first = unwell.first {
            let answer = state.placements[first.id]?.unwellText ?? ""
            return (
                .unhealthy,
                "\(unwell.count) of \(replicas.count) replicas fail their health check, \(first.id): \(answer)"
            )
        }
        if row.failures > 0 {
            let words = "\(row.failures) failures in a row; the latest: \(row.lastFailure)"
            // What ran well once is not failed to deploy, however often it is tried now.
            let isFresh = row.status == .updating || row.status == .deployFailed
            guard ready == 0, isFresh else { return (.unhealthy, words) }
            return (FailureRule.hasFailedToDeploy(row) ? .deployFailed : .updating, words)
        }
        let adjusting = replicas.count { replica in
            state.placements[replica.id].map { $0.phase == .ready && $0.applied != replica.adjustment }
                ?? false
        }
        if adjusting > 0 { return (.updating, "\(adjusting) replicas are being reconfigured") }
        if replicas.contains(where: { $0.version != row.version }) {
            let new = replicas.count { $0.version == row.version && isReady($0.id) }
            return (
                .updating,
                "\(new) of \(row.target) replicas run version \(row.version)" + provingWords(row, replicas)
                    + roomWords(of: replicas)
            )
        }
        let was = row.status
        if ready < row.target {
            let fresh = was == .updating || was == .deployFailed
            return (
                fresh ? .updating : .upscaling,
                "\(ready) of \(row.target) replicas ready" + roomWords(of: replicas)
                    + unaskedWords(row, replicas)
            )
        }
        let leaving = self.replicas(of: row.id).count { $0.phase != .wanted }
        if replicas.count > row.target || leaving > 0 {
            return (.downscaling, "\(leaving) replicas on their way out")
        }
        return (.healthy, "")
    }

    /// Why old ones stay although new ones are ready.
    private func provingWords(_ row: DeploymentRow, _ replicas: [ReplicaRow]) -> String {
        guard let proven = provenAt(row, replicas), proven > now else { return "" }
        return ", the others when one has been ready for \(row.settings.rollout.minReady.rawValue / 1000) s"
    }

    /// As Ray words what led to a status.
    private func trigger(of row: DeploymentRow, _ status: DeploymentStatus) -> StatusTrigger {
        if row.deleting { return .deleting }
        switch status {
        case .updating: return .configUpdateStarted
        case .deployFailed: return .replicaStartupFailed
        case .unhealthy: return .healthCheckFailed
        case .upscaling, .downscaling:
            if row.status == status { return row.trigger }
            return row.settings.count.isAuto && row.status != .updating ? .autoscaling : .configUpdateStarted
        case .healthy:
            switch row.status {
            case .healthy where row.trigger != .configUpdateStarted: return row.trigger
            case .upscaling: return .upscaleCompleted
            case .downscaling: return .downscaleCompleted
            default: return .configUpdateCompleted
            }
        }
    }

    private func status(
        of application: ApplicationRow, _ deployments: [DeploymentRow]
    ) -> (ApplicationStatus, String) {
        if application.deleting { return (.deleting, "its replicas are being stopped") }
        let states = deployments.filter { !$0.deleting }.map { ($0, $0.status) }
        // Settings lets an application be without deployments only when it has an import_path.
        if states.isEmpty {
            return (.deployFailed, Self.needsPython + ", or give it deployments with a command")
        }
        if let (row, _) = states.first(where: { $0.1 == .deployFailed }) {
            return (.deployFailed, "\(row.id.name): \(row.message)")
        }
        if let (row, _) = states.first(where: { $0.1 == .unhealthy }) {
            return (.unhealthy, "\(row.id.name): \(row.message)")
        }
        if let (row, _) = states.first(where: { $0.1 == .updating }) {
            return (.deploying, "\(row.id.name): \(row.message)")
        }
        return (.running, "")
    }
}
