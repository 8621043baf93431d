/// What Package.swift says of its targets, read as text: which rooms and which outside modules each may use.
struct Manifest {
    struct Target {
        var rooms: Set<String> = []
        var outside: Set<String> = []
    }

    /// By name: rooms, the program, and the targets of tests.
    var targets: [String: Target] = [:]

    init(_ text: String) throws {
        // let grdb = Target.Dependency.product(name: "GRDB", …
        let declared = #/let (\w+) = Target\.Dependency\.product\(\s*name: "(\w+)"/#
        let modules = Dictionary(
            text.matches(of: declared).map { (String($0.output.1), String($0.output.2)) },
            uniquingKeysWith: { first, _ in first })
        let opening = #/(?:room|tests|\.target|\.executableTarget)\(\s*(?:name: )?"(\w+)"/#
        for match in text.matches(of: opening) {
            let call = Self.call(text[match.range.upperBound...])
            var target = Target()
            target.rooms = Set(call.matches(of: #/"(\w+)"/#).map { String($0.output.1) })
            target.outside = Set(call.matches(of: #/\w+/#).compactMap { modules[String($0.output)] })
            targets[String(match.output.1)] = target
        }
    }

    /// The rest of a call, up to the parenthesis that closes it.
    private static func call(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }
}

/// The plan of the house: which room may know which. Package.swift may draw fewer arrows, never others; a new
/// arrow is drawn here first, on purpose.
enum HousePlan {
    /// No async, no clock, no dice of their own, no I/O, no Foundation, no fractions in floating point.
    static let pureRooms: Set<String> = [
        "Model", "Scaling", "Placement", "Provisioning", "Routing", "Supervision",
    ]

    /// Where tasks may be born without a parent: the shells around sockets and processes.
    static let shells: Set<String> = [
        "Agent", "ControlAPI", "Ingress", "Link", "Listener", "LocalCloud", "tandem",
    ]

    static let arrows: [String: Set<String>] = [
        "Model": [],
        "Scaling": ["Model"],
        "Placement": ["Model"],
        "Provisioning": ["Model", "Placement"],
        "Routing": ["Model"],
        "Supervision": ["Model"],
        "Cloud": ["Model"],
        "Schema": [],
        "CPlatform": [],
        "Pictures": [],
        "Traces": [],
        "Load": [],
        "Store": ["Model", "Schema", "CPlatform"],
        "Wire": ["Model"],
        "Link": ["Model", "Wire"],
        "Listener": ["Model", "Wire"],
        "Settings": ["Model"],
        "ServeTier": ["Model", "Scaling", "Placement", "Store"],
        "NodeTier": ["Model", "Placement", "Provisioning", "Cloud", "Store"],
        "Simulation": [
            "Model", "Placement", "Provisioning", "Routing", "Supervision", "Cloud", "Store", "ServeTier",
            "NodeTier", "Wire",
        ],
        "WhatIf": ["Model", "Placement", "Provisioning", "Wire"],
        "Scenarios": ["Model", "Cloud", "Settings", "Simulation"],
        "ControlAPI": [
            "Model", "ServeTier", "NodeTier", "Cloud", "Store", "Settings", "Wire", "Listener",
        ],
        "CloudAdapters": ["Model", "Cloud", "Wire", "Link"],
        "LocalCloud": ["Model", "Cloud", "Wire", "CPlatform", "Listener"],
        "Agent": ["Model", "Supervision", "Wire", "Link", "CPlatform", "Listener"],
        "Ingress": ["Model", "Routing", "Wire", "Link", "CPlatform"],
    ]

    /// Outside modules, each in the rooms that answer for it.
    static let outside: [String: Set<String>] = [
        "ArgumentParser": ["tandem"],
        "AsyncHTTPClient": ["Link", "Load"],
        "GRDB": ["Store"],
        "HTTPTypes": ["tandem"],
        "Histogram": ["Ingress", "Load"],
        "Hummingbird": ["Agent", "ControlAPI", "Listener", "LocalCloud", "tandem"],
        "Logging": ["Agent", "ControlAPI", "Ingress", "Link", "Listener", "LocalCloud", "tandem"],
        "NIOCore": ["Ingress", "Link", "Listener", "Load", "tandem"],
        "NIOHTTP1": ["Ingress", "Link", "Load"],
        "NIOPosix": ["Ingress", "Link", "Load"],
        "ServiceLifecycle": ["Listener", "tandem"],
        "UnixSignals": ["tandem"],
        "Yams": ["Settings"],
    ]

    /// Part of the toolchain, open to all rooms that are not pure; `Synchronization` to those as well.
    static let toolchain: Set<String> = [
        "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization",
    ]
}
