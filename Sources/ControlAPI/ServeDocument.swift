import Foundation
import Model
import ServeTier
import Store
import Wire

/// The answer of `GET /api/serve/applications/` in the shape of Ray Serve's schema v2, as Ray 2.60's own client reads
/// it: on the three outer levels it refuses every key that it does not know, and asks for those written here.
package struct ServeDocument: Encodable, Sendable {
    var controller_info: ControllerInfo
    var proxies: [String: Proxy]
    var applications: [String: Application]
    var target_capacity = Nullable<Double>(nil)

    /// Ray's client takes a server without a node for one that runs no Serve.
    struct ControllerInfo: Encodable, Sendable {
        var node_id: String
        var node_ip: String
        var actor_name = "SERVE_CONTROLLER_ACTOR"
    }

    struct Proxy: Encodable, Sendable {
        var node_id: String
        var node_ip: String
        var actor_name: String
        var status: String
    }

    struct Application: Encodable, Sendable {
        var name: String
        var route_prefix: Nullable<String>
        var docs_path = Nullable<String>(nil)
        var status: String
        var message: String
        var last_deployed_time_s: Double
        var deployed_app_config: JSONValue
        var source = "declarative"
        var deployments: [String: Deployment]
        var external_scaler_enabled: Bool
    }

    struct Deployment: Encodable, Sendable {
        var name: String
        var status: String
        var status_trigger: String
        var message: String
        var deployment_config: DeploymentConfig
        var target_num_replicas: Int
        var required_resources: [String: Double]
        var replicas: [Replica]
    }

    struct Replica: Encodable, Sendable {
        var replica_id: String
        var actor_name: String
        var state: String
        var start_time_s: Double
        var node_id: String?
        var node_ip: String?
        var pid: Int32?
    }

    /// - Parameters:
    ///   - now: on the cluster clock; a proxy silent for longer than the cluster's setting says is shown as unwell.
    ///   - redacts: values of environment variables are left out.
    package static func make(_ state: ClusterState, now: Moment, redacts: Bool = false) -> ServeDocument {
        let silent = state.setting?.settings.proxySilent ?? ClusterSettings().proxySilent
        var byApplication: [String: [DeploymentRow]] = [:]
        for row in state.deployments.values { byApplication[row.application, default: []].append(row) }
        var byDeployment: [DeploymentID: [ReplicaRow]] = [:]
        for row in state.replicas.values { byDeployment[row.deployment, default: []].append(row) }
        return ServeDocument(
            controller_info: ControllerInfo(node_id: "serve", node_ip: "127.0.0.1"),
            proxies: state.proxies.mapValues { proxy in
                Proxy(
                    node_id: proxy.id, node_ip: String(proxy.address.prefix { $0 != ":" }),
                    actor_name: "SERVE_PROXY_ACTOR-\(proxy.id)",
                    status: proxy.heardAt + silent + ServeTier.heardEvery <= now ? "UNHEALTHY" : "HEALTHY")
            },
            applications: state.applications.mapValues { row in
                // As in Ray nothing is listed of what is being deleted but the application itself.
                let deployments = row.deleting ? [] : (byApplication[row.name] ?? []).filter { !$0.deleting }
                let config =
                    row.deleting
                    ? .null : ShownConfig.make(row, deployments.map(\.settings), redacts: redacts)
                return Application(
                    name: row.name, route_prefix: Nullable(row.routePrefix), status: row.status.rawValue,
                    message: row.message, last_deployed_time_s: Double(row.deployedUnixMs) / 1000,
                    deployed_app_config: config,
                    deployments: Dictionary(
                        deployments.map {
                            ($0.id.name, deployment($0, byDeployment[$0.id] ?? [], state, redacts))
                        },
                        uniquingKeysWith: { $1 }),
                    external_scaler_enabled: row.hasExternalScaler)
            }, target_capacity: Nullable(state.capacity.map { Double($0.percent.rawValue) / 1000 }))
    }

    private static func deployment(
        _ row: DeploymentRow, _ replicas: [ReplicaRow], _ state: ClusterState, _ redacts: Bool
    ) -> Deployment {
        Deployment(
            name: row.id.name, status: row.status.rawValue, status_trigger: row.trigger.rawValue,
            message: row.message, deployment_config: DeploymentConfig(row.settings),
            target_num_replicas: row.target, required_resources: row.settings.replica.resources.rayAmounts,
            replicas: replicas.sorted { $0.id < $1.id }.map { replica($0, in: state) })
    }

    private static func replica(_ row: ReplicaRow, in state: ClusterState) -> Replica {
        let placement = state.placements[row.id]
        return Replica(
            replica_id: row.id.rawValue, actor_name: "SERVE_REPLICA::\(row.id.rawValue)",
            state: word(row, placement, state), start_time_s: Double(row.createdUnixMs) / 1000,
            node_id: placement?.node?.rawValue, node_ip: placement?.host, pid: placement?.pid)
    }

    /// Ray's words for a replica's state.
    private static func word(_ row: ReplicaRow, _ placement: PlacementRow?, _ state: ClusterState) -> String {
        switch (row.phase, placement?.phase) {
        case (.draining, _), (.stopping, _): return "STOPPING"
        case (.wanted, .ready):
            let isLeaving = placement?.node.map { state.drainRequests[$0] != nil } ?? false
            if isLeaving { return "PENDING_MIGRATION" }
            return placement?.applied == row.adjustment ? "RUNNING" : "UPDATING"
        case (.wanted, .stopping), (.wanted, .stopped), (.wanted, .failed), (.wanted, .lost):
            return "STOPPING"
        case (.wanted, _): return "STARTING"
        }
    }
}

/// A key that is there also when it has no value.
struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
    private let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension Resources {
    /// In Ray's units: whole CPUs and GPUs, bytes of memory.
    var rayAmounts: [String: Double] {
        Dictionary(
            entries.map { ($0.name, Double($0.amount) / ($0.name == Resources.memory ? 1 : 1000)) },
            uniquingKeysWith: { $1 })
    }
}
