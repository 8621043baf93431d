/// Ray's `http_options`: where a serve file wants its applications to be reached.
package struct HTTPOptions: Equatable, Sendable {
    package var host: String?
    package var port: Int?

    package init(host: String? = nil, port: Int? = nil) {
        self.host = host
        self.port = port
    }

    /// That no proxy listens there, in a sentence. As in Ray a file does not move what is running.
    /// - Parameter proxies: the addresses at which proxies listen, `host:port`.
    /// - Returns: nil when one does, or when there is none.
    package func difference(from proxies: [String]) -> String? {
        guard !proxies.isEmpty, !proxies.contains(where: isMet) else { return nil }
        let wish = "\(host ?? "any host"), port \(port.map { "\($0)" } ?? "any")"
        return "http_options of the applications file ask for \(wish), and the proxies listen at "
            + proxies.sorted().joined(separator: ", ")
            + ": nothing was moved; set ports.ingress and ports.ingress_host in the cluster file, and restart"
    }

    private func isMet(by address: String) -> Bool {
        let parts = address.split(separator: ":")
        guard let end = parts.last else { return false }
        let start = String(address.dropLast(end.count + 1))
        let isHost = host.map { Self.plain($0) == Self.plain(start) } ?? true
        return isHost && (port.map { "\($0)" == end } ?? true)
    }

    /// One name for each address that has several.
    private static func plain(_ host: String) -> String {
        switch host {
        case "localhost": "127.0.0.1"
        case "::": "0.0.0.0"
        default:
            host.hasPrefix("[") && host.hasSuffix("]") ? plain(String(host.dropFirst().dropLast())) : host
        }
    }
}
