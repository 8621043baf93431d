import Model

/// `ports`. Zero is any free port.
struct PortsSection {
    let section: Section

    func read() -> PortSettings {
        var ports = PortSettings()
        section.check(
            known: ["ingress_host", "ingress", "control", "nodes", "replicas"], unread: Self.unread,
            renamed: ["host": "ingress_host", "port": "ingress", "http": "ingress", "dashboard": "control"])
        if let field = section["ingress_host"], let host = host(field) { ports.ingressHost = host }
        if let port = section["ingress"]?.whole(in: 0...65535) { ports.ingress = port }
        if let port = section["control"]?.whole(in: 0...65535) { ports.control = port }
        if let port = section["nodes"]?.whole(in: 0...65535) { ports.nodes = port }
        if let field = section["replicas"], let range = range(field) {
            ports.replicasFirst = range.lowerBound
            ports.replicasLast = range.upperBound
        }
        checkApart(ports)
        return ports
    }

    private func host(_ field: Field) -> String? {
        let right = "an address such as 127.0.0.1, or 0.0.0.0 for every one"
        guard let host = field.text(right, bytesMax: 253) else { return nil }
        let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"
        guard !host.isEmpty, host.allSatisfy(allowed.contains) else {
            field.refuse("is no address", right)
            return nil
        }
        return host
    }

    /// `20000-32000`.
    private func range(_ field: Field) -> ClosedRange<Int>? {
        let right = "a range such as 20000-32000, within 1024-65535"
        guard let text = field.text(right, bytesMax: 32) else { return nil }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { try? DecimalText.parse(String($0), decimals: 0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 1024, last <= 65535,
            first < last
        else {
            field.refuse("is no range of ports", right)
            return nil
        }
        return Int(first)...Int(last)
    }

    private func checkApart(_ ports: PortSettings) {
        let named = [("ingress", ports.ingress), ("control", ports.control), ("nodes", ports.nodes)]
        for (index, (name, port)) in named.enumerated() where port != 0 {
            let place = section[name]?.place ?? section.place
            if let twin = named[..<index].first(where: { $0.1 == port }) {
                section.findings.refuse(
                    place, "ports.\(name) is the same as ports.\(twin.0)", "\(port)",
                    "a port of its own, or 0")
            }
            if (ports.replicasFirst...ports.replicasLast).contains(port) {
                section.findings.refuse(
                    place, "ports.\(name) lies in the range of ports.replicas", "\(port)",
                    "a port outside \(ports.replicasFirst)-\(ports.replicasLast)")
            }
        }
    }

    private static let loopback = "control listens on 127.0.0.1 only: remove it, and use an SSH tunnel"
    private static let unread = [
        Unread(key: "control_host", sentence: loopback), Unread(key: "nodes_host", sentence: loopback),
    ]
}
