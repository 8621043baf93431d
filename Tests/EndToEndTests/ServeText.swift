/// Text of a serve file.
struct Application {
    var name: String
    var prefix: String
    var command: [String]
    var replicas: Replicas = .fixed(1)
    var cpus = 1

    enum Replicas {
        case fixed(Int)
        case auto(from: Int, to: Int)
    }

    /// The built-in replica that answers after a while.
    static func sleeper(
        _ name: String = "demo", at prefix: String = "/", ms: Int = 100, replicas: Replicas = .fixed(1),
        cpus: Int = 1
    ) -> Application {
        Application(
            name: name, prefix: prefix, command: ["tandem", "replica", "sleep", "--ms", "\(ms)"],
            replicas: replicas,
            cpus: cpus)
    }

    /// Its deployment.
    var deployment: String { "\(name)#d" }

    fileprivate var text: String {
        let command = command.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
              - name: \(name)
                route_prefix: \(prefix)
                deployments:
                  - name: d
                    command: [\(command)]
                    readiness: {path: /-/healthz, period_s: 0.1, start_deadline_s: 30}
                    ray_actor_options: {num_cpus: \(cpus)}
            \(count)
            """
    }

    private var count: String {
        switch replicas {
        case .fixed(let count): "        num_replicas: \(count)\n"
        case .auto(let from, let to):
            """
                    num_replicas: auto
                    autoscaling_config:
                      min_replicas: \(from)
                      max_replicas: \(to)
                      target_ongoing_requests: 2
                      metrics_interval_s: 0.2
                      look_back_period_s: 1
                      upscale_delay_s: 0.5
                      downscale_delay_s: 1

            """
        }
    }
}

func serveFile(_ applications: Application...) -> String {
    applications.isEmpty ? "applications: []\n" : "applications:\n" + applications.map(\.text).joined()
}
