import Model
import Store

/// What holds of every row that this tier writes. A step that would break it is a fault of the program: it ends
/// before it commits, and the process is started again on the rows as they were.
package enum ServeInvariants {
    /// Nil: sound. Else what is wrong with the deployment.
    package static func fault(of deployment: DeploymentRow) -> String? {
        let counts = [
            ("target", Int64(deployment.target)), ("failures", Int64(deployment.failures)),
            ("route_generation", deployment.routeGeneration),
        ]
        return counts.first { $0.1 < 0 }.map { "deployment \(deployment.id): \($0.0) is \($0.1)" }
    }
}

extension ServeStep {
    /// The first thing about the rows to be written that cannot be.
    var fault: String? {
        for id in touchedDeployments.sorted() {
            if let fault = state.deployments[id].flatMap(ServeInvariants.fault) { return fault }
        }
        return starts.first { $0.count < 1 }.map { "deployment \($0.deployment): \($0.count) starts" }
    }
}
