import ArgumentParser
import Foundation
import Ingress
import Link
import Logging
import Model
import ServiceLifecycle
import Wire

struct RunProxy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy", abstract: "The ingress: takes requests to replicas.",
        discussion: "Example: tandem run proxy --state State --port 8000")

    @Option(help: "Name of this proxy; its last routes are kept under it.") var id = "proxy"
    @Option(help: "Address of the data port.") var host = "127.0.0.1"
    @Option(help: "Data port; 0 takes any.") var port = 8000
    @Option(help: "Event loops; default: one a core.") var loops: Int?
    @OptionGroup var place: StateOption

    func run() async throws {
        guard NameRule.accepts(id) else {
            throw ValidationError("--id \"\(id)\" is no name: letters, digits, - _ .")
        }
        let (paths, id, host, port, loops) = (StatePaths(place.state), id, host, port, loops)
        try await RoleProcess.run("proxy") { log in
            try paths.prepare()
            OpenFiles.raise()
            let token = try paths.loadToken(create: true)
            // A proxy that was here before takes the port it had.
            let before = port == 0 ? RunFile.read(paths.runFile("proxy"))?.port : nil
            func serve(_ port: Int) async throws {
                var settings = IngressSettings(
                    id: id, host: host, port: port, dataDirectory: paths.proxy(id), token: token)
                if let loops { settings.loops = max(1, loops) }
                let proxy = Proxy(settings: settings, link: { try Self.tier(paths, token) })
                try await cancelWhenGracefulShutdown {
                    try await proxy.run { bound in
                        do {
                            try RunFile.write(
                                paths.runFile("proxy"), address: "http://\(host):\(bound.data)",
                                metrics: "http://127.0.0.1:\(bound.metrics)")
                        } catch {
                            log.error("no run file", metadata: ["error": "\(error)"])
                        }
                    }
                }
            }
            do {
                if let before {
                    do { return try await serve(before) } catch IngressError.portTaken {}
                }
                try await serve(port)
            } catch let error as IngressError {
                throw Problem(code: "bind", message: "proxy: \(error)")
            }
        }
    }

    /// The serve tier as it was last heard of.
    private static func tier(_ paths: StatePaths, _ token: Token) throws -> Link {
        guard let file = RunFile.read(paths.runFile("serve")) else {
            throw Problem(code: "unavailable", message: "no serve tier has run on \(paths.root) yet")
        }
        return Link(try Endpoint(parsing: file.address), token: token)
    }
}

/// Descriptors of this process: as many as it may have. A proxy holds one for each client and each replica it talks to.
enum OpenFiles {
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
