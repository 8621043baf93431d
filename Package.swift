// swift-tools-version: 6.2
import PackageDescription

/// Every room is held to the same rules: warnings are errors, existentials are spelled out, and a file
/// imports what it uses (HouseTests reads those imports to guard the walls of the house).
let rules: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func room(
    _ name: String, _ rooms: [Target.Dependency] = [], outside: [Target.Dependency] = [],
    resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: rooms + outside, resources: resources, swiftSettings: rules)
}

func tests(_ name: String, _ rooms: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: rooms, swiftSettings: rules)
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "tandem",
    products: [
        .executable(name: "tandem", targets: ["tandem"]),
        .library(name: "Cloud", targets: ["Cloud", "Model"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The vocabulary and the pure planners: no I/O, no clock, no dice of their own, no Foundation.
        room("Model"),
        room("Scaling", ["Model"]),
        room("Placement", ["Model"]),
        room("Provisioning", ["Model", "Placement"]),
        room("Routing", ["Model"]),
        room("Supervision", ["Model"]),
        // The seams: one outside thing each.
        room("Cloud", ["Model"]),
        room("Schema", resources: [.embedInCode("SQL")]),
        .target(name: "CPlatform", linkerSettings: [.linkedLibrary("sqlite3")]),
        room("Store", ["Model", "Schema", "CPlatform"], outside: [grdb]),
        room("Wire", ["Model"]),
        room("Link", ["Model", "Wire"], outside: [asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix]),
        room("Listener", ["Model", "Wire"], outside: [hummingbird, lifecycle, logging, nioCore]),
        room("Settings", ["Model"], outside: [yams]),
        room("Pictures"),
        room("Traces"),
        // The tiers and the shells.
        room("ServeTier", ["Model", "Scaling", "Placement", "Store"]),
        room("NodeTier", ["Model", "Placement", "Provisioning", "Cloud", "Store"]),
        room(
            "ControlAPI",
            ["Model", "ServeTier", "NodeTier", "Cloud", "Store", "Settings", "Wire", "Listener"],
            outside: [hummingbird, logging]),
        room("CloudAdapters", ["Model", "Cloud", "Wire", "Link"]),
        room(
            "LocalCloud", ["Model", "Cloud", "Wire", "CPlatform", "Listener"],
            outside: [hummingbird, logging]),
        room(
            "Agent", ["Model", "Supervision", "Wire", "Link", "CPlatform", "Listener"],
            outside: [hummingbird, logging]),
        room(
            "Ingress", ["Model", "Routing", "Wire", "Link", "CPlatform"],
            outside: [histogram, logging, nioCore, nioHTTP1, nioPosix]),
        room(
            "Simulation",
            [
                "Model", "Placement", "Provisioning", "Routing", "Supervision", "Cloud", "Store", "ServeTier",
                "NodeTier", "Wire",
            ]),
        room("WhatIf", ["Model", "Placement", "Provisioning", "Wire"]),
        room("Scenarios", ["Model", "Cloud", "Settings", "Simulation"]),
        room("Load", outside: [asyncHTTPClient, histogram, nioCore, nioHTTP1, nioPosix]),
        .executableTarget(
            name: "tandem",
            dependencies: [
                "Agent", "Cloud", "CloudAdapters", "ControlAPI", "CPlatform", "Ingress", "Link", "Listener",
                "Load", "LocalCloud", "Model", "NodeTier", "Pictures", "Placement", "Provisioning",
                "Routing", "Scaling", "Scenarios", "ServeTier", "Settings", "Simulation", "Store",
                "Supervision", "Traces", "WhatIf", "Wire",
                argumentParser, httpTypes, hummingbird, lifecycle, logging, nioCore, unixSignals,
            ], swiftSettings: rules),
        tests("RoutingTests", ["Model", "Routing"]),
        tests(
            "IngressTests", ["Ingress", "Model", "Routing", "Support", "Wire", nioCore, nioHTTP1, nioPosix]),
        tests("LoadTests", ["Load", nioCore, nioHTTP1, nioPosix]),
        tests("HouseTests", []),
        // What several test targets share: a provider's contract, made to be run against any of them.
        .target(
            name: "Support", dependencies: ["Cloud", "Model"], path: "Tests/Support", swiftSettings: rules),
        tests(
            "LinkTests",
            [
                "Link", "Listener", "Model", "Support", "Wire", hummingbird, lifecycle, logging, nioCore,
                nioPosix,
            ]),
        tests(
            "CloudTests",
            [
                "Cloud", "CloudAdapters", "Link", "Listener", "LocalCloud", "Model", "Support", "Wire",
                hummingbird,
            ]),
        tests("ScalingTests", ["Model", "Scaling"]),
        tests("PlacementTests", ["Model", "Placement"]),
        tests("WhatIfTests", ["Model", "Placement", "WhatIf"]),
        tests("ProvisioningTests", ["Model", "Placement", "Provisioning"]),
        tests("SupervisionTests", ["Model", "Supervision"]),
        tests("AgentTests", ["Model", "Supervision", "Wire", "CPlatform", "Agent", logging]),
        tests("SettingsTests", ["Model", "Settings", yams]),
        tests("PicturesTests", ["Pictures"]),
        tests("StoreTests", ["Model", "Schema", "Store"]),
        // Both tiers on one database in virtual time, with a scripted provider, agents and proxies.
        .target(
            name: "TwoTiers", dependencies: ["Cloud", "Model", "NodeTier", "ServeTier", "Store"],
            path: "Tests/TwoTiers", swiftSettings: rules),
        // Runs drawn worlds; built once more with the mutants of our own code in it.
        .executableTarget(
            name: "swarm", dependencies: ["CPlatform", "Simulation"], path: "Tests/Swarm",
            exclude: ["saved-seeds.txt"],
            swiftSettings: rules),
        tests("ServeTierTests", ["Cloud", "Model", "ServeTier", "Settings", "Store", "TwoTiers", "Wire"]),
        tests("NodeTierTests", ["Cloud", "Model", "NodeTier", "Store", "TwoTiers"]),
        tests(
            "ControlAPITests",
            [
                "Cloud", "ControlAPI", "Listener", "Model", "NodeTier", "ServeTier", "Store", "TwoTiers",
                "Wire",
                logging, nioCore, nioPosix,
            ]),
        // The built program as a whole: it must be built before.
        tests("EndToEndTests", []),
        tests("TracesTests", ["Traces"]),
        tests("SimulationTests", ["Cloud", "Model", "Simulation", "Wire"]),
        tests("ScenarioTests", ["Model", "Scenarios", "Settings", "Simulation"]),
        // tests end
    ]
)
