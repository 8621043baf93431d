import ArgumentParser
import Foundation
import Model
import Store
import Wire

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show applications, replicas and nodes.",
        discussion: """
            Reads the database, so it also works while the tiers are down. In safe mode, when the database is not the
            one this cluster ran on, it says why and what to do.

            Example: tandem status
                     tandem status --json | python3 -m json.tool
            """)

    @OptionGroup var place: StateOption
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let document = try StatusDocument.read(StatePaths(place.state))
        if json { try printJSON(document) } else { print(StatusTable.text(document), terminator: "") }
    }
}

/// What `tandem status --json` prints.
struct StatusDocument: Codable {
    /// Tiers that wait for a person; the database is then not shown.
    var safeMode: [SafeTier] = []
    var applications: [Application]
    var deployments: [Deployment]
    var replicas: [Replica]
    var nodes: [Node]
    var processes: [Process]
    var warnings: [String]

    struct SafeTier: Codable {
        var role: String
        var reason: String
        var wayOut: String
    }

    struct Application: Codable {
        var name: String
        var routePrefix: String?
        var status: String
        var message: String
    }

    struct Deployment: Codable {
        var id: String
        var status: String
        var message: String
        var target: Int
        /// Ready and wanted.
        var ready: Int
        /// All that are wanted, ready or not.
        var wanted: Int
        var ongoing: Int
        var queued: Int
        var failures: Int
    }

    struct Replica: Codable {
        var id: String
        var deployment: String
        /// What the serve tier wants: wanted, draining, stopping.
        var phase: String
        /// How it fares: pending, assigned, starting, ready, stopping, …
        var placement: String
        var node: String?
        var pid: Int?
        var address: String?
        var createdMs: Int
        var readyMs: Int?
        var routedMs: Int?
        var why: String
    }

    struct Node: Codable {
        var id: String
        var type: String
        var phase: String
        var provider: String
        var instance: String?
        /// Nil: the provider has none.
        var zone: String?
        /// on_demand, spot, or the provider's own word.
        var capacityType: String?
        var cpusMilli: Int
        var cpusUsedMilli: Int
        var gpusMilli: Int
        var gpusUsedMilli: Int
        var replicas: Int
        var microusdPerHour: Int
        var why: String
    }

    struct Process: Codable {
        var role: String
        var pid: Int32
        var address: String
        var alive: Bool
    }

    static func read(_ paths: StatePaths) throws -> StatusDocument {
        let files = ["up", "serve", "nodes", "proxy", "cloud", "agent"].compactMap { role in
            RunFile.read(paths.runFile(role)).map { (role: role, file: $0) }
        }
        let processes = files.map {
            Process(role: $0.role, pid: $0.file.pid, address: $0.file.address, alive: $0.file.isAlive)
        }
        let safe = files.compactMap { role, file in
            file.isAlive
                ? file.safeMode.map { SafeTier(role: role, reason: $0.reason, wayOut: $0.wayOut) } : nil
        }
        guard safe.isEmpty else {
            return StatusDocument(
                safeMode: safe, applications: [], deployments: [], replicas: [], nodes: [],
                processes: processes, warnings: warnings(processes))
        }
        let reader = try StoreReader(directory: paths.root)
        func rows(_ sql: String) throws -> [Row] {
            let result = try reader.query(sql)
            return result.rows.map { Row(result.columns, $0) }
        }
        let readopt = try? reader.query(StatusQueries.readopt).rows.first?.first
        let refused = try? reader.query(StatusQueries.refusedFile).rows.first?.first
        let refusals = if case .text(let words)? = refused { [words] } else { [String]() }
        let rebuilding = if case .text(let words)? = readopt { [words] } else { [String]() }
        return StatusDocument(
            applications: try rows(StatusQueries.applications).map(Application.init),
            deployments: try rows(StatusQueries.deployments).map(Deployment.init),
            replicas: try rows(StatusQueries.replicas).map(Replica.init),
            nodes: try rows(StatusQueries.nodes).map(Node.init), processes: processes,
            warnings: rebuilding + refusals + elsewhere(reader)
                + ((try? rows(StatusQueries.troubles)) ?? []).map { $0.text("reason") }
                + warnings(processes))
    }

    /// That the applications are reached elsewhere than their file wants.
    private static func elsewhere(_ reader: StoreReader) -> [String] {
        func rows(_ sql: String) -> [Row] {
            guard let result = try? reader.query(sql) else { return [] }
            return result.rows.map { Row(result.columns, $0) }
        }
        guard let wish = rows(StatusQueries.httpWish).first else { return [] }
        return HTTPOptions(host: wish.textOrNil("host"), port: wish.intOrNil("port"))
            .difference(from: rows(StatusQueries.proxies).map { $0.text("address") }).map { [$0] } ?? []
    }

    private static func warnings(_ processes: [Process]) -> [String] {
        guard processes.contains(where: \.alive) else {
            return ["nothing runs: this is the state as it was left; tandem up goes on with it"]
        }
        var warnings = processes.filter { !$0.alive }.map { "\($0.role) is not running" }
        if let proxy = processes.first(where: { $0.role == "proxy" }),
            !["127.0.0.1", "localhost", "[::1]"].contains(where: { proxy.address.contains("//\($0):") })
        {
            warnings.append("the data port is open beyond this machine: \(proxy.address)")
        }
        return warnings
    }

    /// One result row by column name.
    struct Row {
        private let values: [String: StoreValue]
        init(_ columns: [String], _ row: [StoreValue]) {
            values = Dictionary(zip(columns, row), uniquingKeysWith: { first, _ in first })
        }
        func text(_ name: String) -> String { textOrNil(name) ?? "" }
        func textOrNil(_ name: String) -> String? {
            if case .text(let text)? = values[name] { return text }
            return nil
        }
        func int(_ name: String) -> Int { intOrNil(name) ?? 0 }
        func intOrNil(_ name: String) -> Int? {
            if case .integer(let number)? = values[name] { return Int(number) }
            return nil
        }
    }
}

enum StatusQueries {
    /// Why the cluster file as it is now is not in force.
    static let refusedFile = """
        SELECT 'the cluster file was not taken, the last good one is in force: ' || refused FROM setting
        WHERE refused <> ''
        """

    static let httpWish = "SELECT host, port FROM http_wish"
    static let proxies = "SELECT address FROM proxy"

    /// How far the making anew of the state is, while it is under way.
    static let readopt = """
        SELECT 'the state is being made anew: ' || heard || ' of ' || machines || ' nodes heard, ' || replicas
          || ' replicas found; until it is done nothing is started or stopped' FROM readopt WHERE phase <> 'done'
        """

    /// What is held because of failures, and what the provider refused until a person changes it.
    static let troubles = """
        SELECT reason FROM hold
        UNION ALL SELECT 'the provider ' || provider || ' says that it is called too often: the next call is in '
          || max(0, (until_ms - now_ms + 999) / 1000) || ' s' FROM provider_pace, clock_now WHERE until_ms > now_ms
        UNION ALL SELECT offering || CASE kind WHEN 'quota' THEN ': the account''s limit is reached: '
            WHEN 'rejected' THEN ': the provider refuses the request: '
            ELSE ': ' || failures || ' machines in a row did not join: ' END
          || reason || '; asked again in ' || max(0, (until_ms - now_ms + 59999) / 60000) || ' min'
        FROM availability, clock_now WHERE NOT trusted AND (kind IN ('quota', 'rejected') OR kind = 'join' AND failures >= 3)
        """

    static let applications = "SELECT name, route_prefix, status, message FROM application ORDER BY name"

    /// Load is that of each proxy's newest bucket: at most one reporting interval old.
    static let deployments = """
        WITH latest AS (
          SELECT deployment, proxy, ongoing, queued, max(end_ms) FROM load_bucket GROUP BY deployment, proxy)
        SELECT d.id, d.status, d.message, d.target, d.failures,
          (SELECT count(*) FROM replica r JOIN placement p ON p.replica = r.id
            WHERE r.deployment = d.id AND r.phase = 'wanted' AND p.phase = 'ready') AS ready,
          (SELECT count(*) FROM replica r WHERE r.deployment = d.id AND r.phase = 'wanted') AS wanted,
          (SELECT coalesce(sum(ongoing), 0) FROM latest WHERE deployment = d.id) AS ongoing,
          (SELECT coalesce(sum(queued), 0) FROM latest WHERE deployment = d.id) AS queued
        FROM deployment d ORDER BY d.application, d.position
        """

    static let replicas = """
        SELECT r.id, r.deployment, r.phase, coalesce(p.phase, 'pending') AS placement, p.node, p.pid,
          p.host || ':' || p.port AS address, r.created_ms, p.ready_ms, r.routed_ms,
          CASE WHEN r.stop_reason <> '' THEN r.stop_reason
            ELSE coalesce((SELECT group_concat(json_extract(value, '$.candidate') || ' ' || json_extract(value, '$.code'), ', ')
              FROM json_each(p.refusals_json)), '') END AS why
        FROM replica r LEFT JOIN placement p ON p.replica = r.id ORDER BY r.deployment, r.serial
        """

    static let nodes = """
        SELECT n.id, n.type, n.phase, n.provider, n.instance, n.microusd_per_hour, n.why,
          nullif(n.zone, '') AS zone, nullif(n.capacity_type, '') AS capacity_type,
          coalesce(json_extract(n.resources_json, '$.CPU'), 0) AS cpus,
          coalesce(json_extract(n.resources_json, '$.GPU'), 0) AS gpus,
          (SELECT count(*) FROM placement p WHERE p.node = n.id
            AND p.phase IN ('assigned','starting','ready','stopping')) AS replicas,
          (SELECT coalesce(sum(json_extract(p.resources_json, '$.CPU')), 0) FROM placement p WHERE p.node = n.id
            AND p.phase IN ('assigned','starting','ready','stopping')) AS used,
          (SELECT coalesce(sum(json_extract(p.resources_json, '$.GPU')), 0) FROM placement p WHERE p.node = n.id
            AND p.phase IN ('assigned','starting','ready','stopping')) AS gpus_used
        FROM node n WHERE n.phase <> 'gone' ORDER BY n.created_ms, n.id
        """
}

extension StatusDocument.Application {
    init(_ row: StatusDocument.Row) {
        name = row.text("name")
        routePrefix = row.textOrNil("route_prefix")
        status = row.text("status")
        message = row.text("message")
    }
}

extension StatusDocument.Deployment {
    init(_ row: StatusDocument.Row) {
        id = row.text("id")
        status = row.text("status")
        message = row.text("message")
        target = row.int("target")
        ready = row.int("ready")
        wanted = row.int("wanted")
        ongoing = row.int("ongoing")
        queued = row.int("queued")
        failures = row.int("failures")
    }
}

extension StatusDocument.Replica {
    init(_ row: StatusDocument.Row) {
        id = row.text("id")
        deployment = row.text("deployment")
        phase = row.text("phase")
        placement = row.text("placement")
        node = row.textOrNil("node")
        pid = row.intOrNil("pid")
        address = row.textOrNil("address")
        createdMs = row.int("created_ms")
        readyMs = row.intOrNil("ready_ms")
        routedMs = row.intOrNil("routed_ms")
        why = row.text("why")
    }
}

extension StatusDocument.Node {
    init(_ row: StatusDocument.Row) {
        id = row.text("id")
        type = row.text("type")
        phase = row.text("phase")
        provider = row.text("provider")
        instance = row.textOrNil("instance")
        zone = row.textOrNil("zone")
        capacityType = row.textOrNil("capacity_type")
        gpusMilli = row.int("gpus")
        gpusUsedMilli = row.int("gpus_used")
        cpusMilli = row.int("cpus")
        cpusUsedMilli = row.int("used")
        replicas = row.int("replicas")
        microusdPerHour = row.int("microusd_per_hour")
        why = row.text("why")
    }
}
