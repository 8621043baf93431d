import Model
import ServeTier
import Store
import Testing
import TwoTiers

/// Applications that name a Python program, until there are replicas in Python.
@Suite struct ImportPathTests {
    private func world(_ paths: [ImportPath]) throws -> TwoTiers {
        var settings = ClusterSettings.cloud([.cpus("small", 8)])
        settings.importPaths = paths
        return try TwoTiers(settings)
    }

    private func application(_ deployments: [DeploymentSettings] = []) -> ApplicationSettings {
        var application = ApplicationSettings(
            name: "shop", routePrefix: "/", importPath: "shop.main:entry", deployments: deployments)
        application.arguments = #"{"model":"small"}"#
        return application
    }

    private let known = ImportPath(path: "shop.main:entry", command: ["python3", "shop.py"])

    @Test func anImportPathRunsItsCommand() async throws {
        let world = try world([known])
        try await world.run(.seconds(2))
        try world.apply([application()])
        try await world.run(.seconds(10))
        let id = DeploymentID(application: "shop", deployment: "entry")
        let replica = try #require(try world.replicas(id).first)
        #expect(replica.settings.command == ["python3", "shop.py"])
        let variables = replica.settings.environment.map { "\($0.name)=\($0.value)" }
        #expect(variables == [#"TANDEM_ARGS={"model":"small"}"#, "TANDEM_IMPORT_PATH=shop.main:entry"])
        #expect(world.routed(id) == [replica.id])
        // Nothing is replaced when the same file comes again.
        try world.apply([application()])
        try await world.run(.seconds(10))
        #expect(try world.replicas(id).map(\.id) == [replica.id])
    }

    @Test func everyDeploymentItListsRunsIt() async throws {
        let world = try world([known])
        try await world.run(.seconds(2))
        var own = DeploymentSettings.named("own", .fixed(1), command: "other")
        own.replica.resources = Resources(["CPU": 500])
        var bare = DeploymentSettings.named("bare", .fixed(2))
        bare.replica.command = []
        try world.apply([application([bare, own])])
        try await world.run(.seconds(10))
        #expect(try world.replicas(bare.id).map(\.settings.command) == [known.command, known.command])
        #expect(try world.replicas(own.id).map(\.settings.command) == [["other"]])
    }

    @Test func oneThatIsNotNamedFailsWithTheWayOut() async throws {
        let world = try world([ImportPath(path: "other:app", command: ["x"])])
        try await world.run(.seconds(2))
        try world.apply([application()])
        try await world.run(.seconds(5))
        let row = try #require(try world.state().applications["shop"])
        #expect(row.status == .deployFailed && row.message.contains("under import_paths of the cluster file"))
    }
}
