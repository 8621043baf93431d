import Model
import Yams

/// The top of a serve file: Ray Serve's schema for several applications, as far as this version reads it.
struct ServeFile {
    let findings: Findings

    func read(_ root: Node) -> ServeSettings {
        var settings = ServeSettings()
        guard let top = Section(root, path: "", findings: findings) else { return settings }
        top.check(known: Self.known, unread: Self.unread)
        settings.targetCapacity = top["target_capacity"]?.number(decimals: 3, in: 0...100_000, " percent").map
        {
            Thousandths($0)
        }
        settings.http = top["http_options"].flatMap(http)
        let right = "`applications:` with a list, [] for none"
        guard let list = top.required("applications", right)?.list("a list of applications, [] for none")
        else { return settings }
        settings.applications = applications(list)
        return settings
    }

    /// The entries of a list of applications, each with a name and a prefix of its own.
    func applications(_ list: [Field]) -> [ApplicationSettings] {
        var applications: [ApplicationSettings] = []
        var names: [String: Place] = [:]
        var prefixes: [String: Place] = [:]
        for field in list {
            guard let section = field.section else { continue }
            var application = ApplicationSection(section: section).read()
            application.config = field.node.applicationJSON
            let place = section["name"]?.place ?? section.place
            refuseAgain(
                &names, application.name, place, "application name", section.path, "a name of its own")
            if let prefix = application.routePrefix {
                let place = section["route_prefix"]?.place ?? section.place
                refuseAgain(
                    &prefixes, prefix, place, "route_prefix", section.path,
                    "a prefix of its own, or null for an application without a route")
            }
            applications.append(application)
        }
        return applications
    }

    private func refuseAgain(
        _ seen: inout [String: Place], _ value: String, _ place: Place, _ what: String, _ path: String,
        _ right: String
    ) {
        if let first = seen[value] {
            let taken = "the \(what) of \(path) is taken by the application at line \(first.line)"
            findings.refuse(place, taken, value, right)
        } else {
            seen[value] = place
        }
    }

    private func http(_ field: Field) -> HTTPOptions? {
        guard let section = field.section else { return nil }
        section.check(known: Self.knownHTTP, unread: Self.unreadHTTP)
        let options = HTTPOptions(
            host: section["host"]?.text("an address"), port: section["port"]?.whole(in: 0...65535))
        return options == HTTPOptions() ? nil : options
    }

    private static let inApplication = "write it inside an entry of `applications:`"

    static let known = ["applications", "http_options", "target_capacity"]

    static let unread = [
        Unread(
            key: "proxy_location", sentence: "proxies are started apart: remove it",
            harmless: ["EveryNode", "HeadOnly"]),
        .grpc, .logging, .controller, .tracing,
        Unread(key: "import_path", sentence: inApplication),
        Unread(key: "deployments", sentence: inApplication),
        Unread(key: "route_prefix", sentence: inApplication),
        Unread(key: "runtime_env", sentence: inApplication),
        Unread(key: "name", sentence: inApplication),
        Unread(key: "args", sentence: inApplication),
        Unread(key: "host", sentence: "set ports.ingress_host in the cluster file"),
        Unread(key: "port", sentence: "set ports.ingress in the cluster file"),
    ]

    static let knownHTTP = ["host", "port"]
    static let unreadHTTP = [
        Unread(key: "root_path", sentence: "use route_prefix of the applications", harmless: [""]),
        Unread(
            key: "request_timeout_s", sentence: "the time limit of requests is the proxy's own: remove it",
            onlyWarns: true),
        Unread(
            key: "keep_alive_timeout_s",
            sentence: "the time limit of idle connections is the proxy's own: remove it",
            onlyWarns: true),
        Unread(key: "ssl_keyfile", sentence: "TLS is not served yet: put a TLS proxy in front"),
        Unread(key: "ssl_certfile", sentence: "TLS is not served yet: put a TLS proxy in front"),
        Unread(
            key: "ssl_keyfile_password", sentence: "TLS is not served yet: put a TLS proxy in front",
            harmless: [""]),
        Unread(key: "ssl_ca_certs", sentence: "TLS is not served yet: put a TLS proxy in front"),
    ]
}
