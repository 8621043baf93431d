import Foundation
import Model
import Settings
import Store
import Wire

/// An application's configuration as it was put, made readable for Ray's client. That one checks every value that it
/// knows the key of, and of a document with one wrong value it shows nothing at all, not even the other applications.
/// Our files may say more than Ray's (`512 MiB`, null for "as if absent"), and hold keys of which we only warn.
enum ShownConfig {
    /// - Parameter deployments: in force; their values stand in for those that Ray writes in another way.
    /// - Parameter redacts: values of environment variables are left out.
    static func make(
        _ row: ApplicationRow, _ deployments: [DeploymentSettings], redacts: Bool
    ) -> JSONValue {
        guard case .object(let put)? = JSONValue(text: row.config) else { return .null }
        var entries = put.filter { keeps($0.key, $0.value) }
        // Ray's client wants one, which an application of commands has none of.
        if entries["import_path"] == nil { entries["import_path"] = .text("tandem:command") }
        if case .list(let list)? = entries["deployments"] {
            let inForce = Dictionary(deployments.map { ($0.id.name, $0) }, uniquingKeysWith: { $1 })
            entries["deployments"] = .list(list.map { shown($0, inForce) })
        }
        let config = JSONValue.object(entries)
        return redacts ? config.redacted(under: ["env_vars", "environment"]) : config
    }

    private static func shown(_ entry: JSONValue, _ inForce: [String: DeploymentSettings]) -> JSONValue {
        guard case .object(let put) = entry else { return entry }
        var kept = put.filter { keeps($0.key, $0.value) }
        if case .object(let options)? = kept["ray_actor_options"] {
            kept["ray_actor_options"] = .object(inBytes(options).filter { keeps($0.key, $0.value) })
        }
        if case .list(let bundles)? = kept["placement_group_bundles"] {
            kept["placement_group_bundles"] = .list(
                bundles.map { if case .object(let amounts) = $0 { .object(inBytes(amounts)) } else { $0 } })
        }
        if case .object(let answer)? = kept["backpressure_config"] {
            kept["backpressure_config"] = .object(answer.filter { $0.value != .null })
        }
        guard case .text(let name)? = kept["name"], let settings = inForce[name],
            let data = try? JSONEncoder().encode(DeploymentConfig(settings)),
            let effective = JSONValue(text: String(decoding: data, as: UTF8.self))
        else { return .object(kept) }
        return JSONValue.object(kept).numbered(as: effective)
    }

    /// Memory as Ray wants it.
    private static func inBytes(_ amounts: [String: JSONValue]) -> [String: JSONValue] {
        var amounts = amounts
        if case .text(let text)? = amounts[Resources.memory] {
            amounts[Resources.memory] = Settings.bytes(text).map { .whole($0) } ?? .null
        }
        return amounts.filter { $0.value != .null }
    }

    /// Whether Ray's client can read it. What is refused at the door need not be looked at here.
    private static func keeps(_ key: String, _ value: JSONValue) -> Bool {
        switch (key, value) {
        case ("route_prefix", .null): true
        case (_, .null): false
        case (_, .list(let list)) where list.isEmpty: false
        case ("graceful_shutdown_wait_loop_s", .whole(let seconds)): seconds >= 0
        case ("graceful_shutdown_wait_loop_s", .number(let seconds)): seconds >= 0
        case ("graceful_shutdown_wait_loop_s", _): false
        case ("runtime_env", .object(let entries)):
            (entries["working_dir"].map(isRemote) ?? true)
                && modules(entries["py_modules"]).allSatisfy(isRemote)
        case ("runtime_env", _): false
        default: true
        }
    }

    private static func modules(_ value: JSONValue?) -> [JSONValue] {
        if case .list(let list)? = value { list } else { value.map { [$0] } ?? [] }
    }

    /// Ray's client takes code only from where every node can fetch it, and packed (2.60, `runtime_env/validation.py`).
    private static func isRemote(_ value: JSONValue) -> Bool {
        guard case .text(let address) = value else { return false }
        return ["https://", "s3://", "gs://", "azure://", "abfss://", "file://"].contains {
            address.hasPrefix($0)
        } && [".zip", ".whl", ".jar"].contains { address.hasSuffix($0) }
    }
}

extension JSONValue {
    /// Itself, with the other's number wherever that one has a number and this a text: `512 MiB` becomes bytes.
    fileprivate func numbered(as other: JSONValue) -> JSONValue {
        switch (self, other) {
        case (.text, _) where other.isNumber: return other
        case (.object(let mine), .object(let others)):
            return .object(
                mine.reduce(into: mine) { result, pair in
                    if let value = others[pair.key] { result[pair.key] = pair.value.numbered(as: value) }
                })
        default: return self
        }
    }
}
