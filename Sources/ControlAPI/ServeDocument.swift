import Foundation
import Model
import Store

/// The answer of `GET /api/serve/applications/` in the shape of Ray Serve's schema v2. Fields of Ray's that this
/// version has no figure for are left out.
struct ServeDocument: Encodable {
    var proxies: [String: Proxy]
    var applications: [String: Application]
    var target_capacity: Int? = nil

    struct Proxy: Encodable {
        var node_id: String
        var status: String
        var address: String
    }

    struct Application: Encodable {
        var name: String
        var route_prefix: String?
        var status: String
        var message: String
        var last_deployed_time_s: Double
        var deployments: [String: Deployment]
    }

    struct Deployment: Encodable {
        var name: String
        var status: String
        var message: String
        var target_num_replicas: Int
        var required_resources: [String: Double]
        var replicas: [Replica]
    }

    struct Replica: Encodable {
        var replica_id: String
        var node_id: String?
        var state: String
        var pid: Int32?
        var start_time_s: Double
    }

    static func make(_ state: ClusterState) -> ServeDocument {
        ServeDocument(
            proxies: state.proxies.mapValues {
                Proxy(node_id: $0.id, status: "HEALTHY", address: $0.address)
            },
            applications: state.applications.mapValues { row in
                let deployments = state.deployments.values.filter { $0.application == row.name }
                return Application(
                    name: row.name, route_prefix: row.routePrefix, status: row.status.rawValue,
                    message: row.message,
                    last_deployed_time_s: Double(row.deployedUnixMs) / 1000,
                    deployments: Dictionary(
                        uniqueKeysWithValues: deployments.map { ($0.id.name, deployment($0, in: state)) }))
            })
    }

    private static func deployment(_ row: DeploymentRow, in state: ClusterState) -> Deployment {
        let replicas = state.replicas.values.filter { $0.deployment == row.id }.sorted { $0.id < $1.id }
        var required: [String: Double] = [:]
        for entry in row.settings.replica.resources.entries {
            required[entry.name] = Double(entry.amount) / (entry.name == Resources.memory ? 1 : 1000)
        }
        return Deployment(
            name: row.id.name, status: row.status.rawValue, message: row.message,
            target_num_replicas: row.target,
            required_resources: required, replicas: replicas.map { replica($0, in: state) })
    }

    private static func replica(_ row: ReplicaRow, in state: ClusterState) -> Replica {
        let placement = state.placements[row.id]
        return Replica(
            replica_id: row.id.rawValue, node_id: placement?.node?.rawValue, state: word(row, placement),
            pid: placement?.pid, start_time_s: Double(row.createdUnixMs) / 1000)
    }

    /// Ray's words for a replica's state.
    private static func word(_ row: ReplicaRow, _ placement: PlacementRow?) -> String {
        switch (row.phase, placement?.phase) {
        case (.draining, _), (.stopping, _): "STOPPING"
        case (.wanted, .ready): "RUNNING"
        case (.wanted, .stopping), (.wanted, .stopped), (.wanted, .failed), (.wanted, .lost): "STOPPING"
        case (.wanted, _): "STARTING"
        }
    }
}
