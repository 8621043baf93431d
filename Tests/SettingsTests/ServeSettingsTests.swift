import Model
import Settings
import Testing

/// What a right serve file becomes.
struct ServeSettingsTests {
    func deployment(_ more: String) throws -> DeploymentSettings {
        let settings = try Settings.serve(text: ServeProblemsTests.file(more), file: "f")
        return try #require(settings.applications.first?.deployments.first)
    }

    func auto(_ more: String) throws -> AutoscalingSettings {
        guard case .auto(let auto) = try deployment(more).count else {
            throw SettingsProblems(problems: [])
        }
        return auto
    }

    @Test func whatIsLeftOutHasRaysDefaults() throws {
        let settings = try Settings.serve(
            text: "applications: [{deployments: [{name: d, command: [x]}]}]", file: "f")
        let application = try #require(settings.applications.first)
        #expect(application.name == "default" && application.routePrefix == "/")
        #expect(application.ingress == DeploymentID("default#d"))
        let expected = DeploymentSettings(
            id: DeploymentID("default#d"), replica: ReplicaSettings(command: ["x"]))
        #expect(application.deployments == [expected])
        #expect(settings.warnings.isEmpty && settings.http == nil)
    }

    @Test func nullIsAsLeftOut() throws {
        let more = "num_replicas: null\nautoscaling_config: ~\nmax_ongoing_requests:\nuser_config: null"
        #expect(try deployment(more) == deployment(""))
    }

    @Test func aNullPrefixIsNoRoute() throws {
        let text =
            "applications:\n- {name: a, route_prefix: null, import_path: a:b}\n"
            + "- {name: b, route_prefix: , import_path: a.b}"
        let settings = try Settings.serve(text: text, file: "f")
        #expect(settings.applications.map(\.routePrefix) == [nil, nil])
        #expect(settings.applications.map(\.importPath) == ["a:b", "a.b"])
    }

    @Test func autoBeginsWithAHundred() throws {
        #expect(try auto("num_replicas: auto").maxReplicas == 100)
        let laid = try auto("num_replicas: auto\nautoscaling_config: {target_ongoing_requests: 0.5}")
        #expect(laid.maxReplicas == 100 && laid.minReplicas == 1)
        #expect(laid.targetOngoing == Thousandths(500))
    }

    @Test func whatRayDoesNotHaveIsRead() throws {
        let own = try auto(
            """
            autoscaling_config: {aggregation_function: MAX, upscale_delay_value: mean, downscale_delay_value: min,
                delay_share: 1, count_starting: false, upscale_tolerance: 0.1, downscale_tolerance: 0.25,
                without_data: zero}
            """)
        #expect(own.aggregation == .max && own.upscaleDelayValue == .mean && own.downscaleDelayValue == .min)
        #expect(own.delayShare == .one && !own.countsStarting && own.withoutData == .zero)
        #expect(own.upscaleTolerance == Thousandths(100) && own.downscaleTolerance == Thousandths(250))
    }

    @Test func withoutAutoTheMostIsOne() throws {
        #expect(try auto("autoscaling_config: {}") == AutoscalingSettings())
        #expect(try auto("num_replicas: null\nautoscaling_config: {min_replicas: 0}").maxReplicas == 1)
    }

    @Test(arguments: [
        ("{}", 1000, 1000), ("{smoothing_factor: 0.5}", 500, 500),
        ("{smoothing_factor: 0.5, upscale_smoothing_factor: 0.6}", 600, 500),
        ("{upscale_smoothing_factor: 0.6, upscaling_factor: 0.7, downscaling_factor: 2}", 700, 2000),
        ("{smoothing_factor: 3, upscaling_factor: null}", 3000, 3000),
    ])
    func gainsFallBackAsInRay(config: String, up: Int64, down: Int64) throws {
        let auto = try auto("autoscaling_config: \(config)")
        #expect(auto.upscalingFactor == Thousandths(up))
        #expect(auto.downscalingFactor == Thousandths(down))
    }

    @Test func timesAreExactMilliseconds() throws {
        let auto = try auto(
            "autoscaling_config: {metrics_interval_s: 0.001, look_back_period_s: 0.29, upscale_delay_s: 1.10, "
                + "downscale_delay_s: 0, downscale_to_zero_delay_s: 1.005000}")
        #expect(auto.metricsInterval == Millis(1) && auto.lookBack == Millis(290))
        #expect(auto.upscaleDelay == Millis(1100) && auto.downscaleDelay == .zero)
        #expect(auto.downscaleToZeroDelay == Millis(1005))
    }

    @Test func aReplicaIsReadWhole() throws {
        let replica = try deployment(
            """
            environment: {Z: 5, A: yes, E: ""}
            working_dir: /srv
            ray_actor_options: {num_cpus: 0.5, num_gpus: 1, memory: 1.5 GiB, resources: {scanner: 2}}
            enforce_memory: true
            readiness: {path: /ready, timeout_s: 2, start_deadline_s: 9}
            health_check_period_s: 0.5
            """
        ).replica
        #expect(replica.environment.map(\.name) == ["A", "E", "Z"])
        #expect(replica.environment.map(\.value) == ["yes", "", "5"])
        #expect(replica.workingDirectory == "/srv" && replica.enforceMemory)
        let expected: [String: Int64] = ["CPU": 500, "GPU": 1000, "memory": 1_610_612_736, "scanner": 2000]
        #expect(replica.resources == Resources(expected))
        #expect(replica.health.path == "/ready" && replica.health.period == Millis(500))
        #expect(replica.health.timeout == Millis(2000) && replica.health.startDeadline == Millis(9000))
    }

    @Test func aReplicaMayTakeNothing() throws {
        let deployment = try deployment("ray_actor_options: {num_cpus: 0}\nmax_queued_requests: 7")
        #expect(deployment.replica.resources == Resources() && deployment.maxQueued == 7)
        #expect(try self.deployment("max_queued_requests: -1").maxQueued == nil)
    }

    @Test(arguments: [
        ("536870912", 536_870_912), ("512 MiB", 536_870_912), ("0.5GiB", 536_870_912),
        ("2 GB", 2_000_000_000),
        ("\"1 KiB\"", 1024), ("0", 0), ("1 TiB", 1 << 40),
    ])
    func memoryIsReadInBytes(text: String, bytes: Int64) throws {
        let replica = try deployment("ray_actor_options: {memory: \(text)}").replica
        #expect(replica.resources[Resources.memory] == bytes)
    }

    /// What `serve build` of Ray writes around an application is taken, and what it does not do is said.
    @Test func theFrameOfARayFileOnlyWarns() throws {
        let text = """
            proxy_location: EveryNode
            http_options: {host: 0.0.0.0, port: 8000}
            grpc_options: {port: 9000, grpc_servicer_functions: []}
            logging_config: {encoding: TEXT, log_level: INFO, enable_access_log: true}
            applications:
            - name: app1
              route_prefix: /
              import_path: text_ml:app
              runtime_env: {}
              deployments:
              - {name: Translator, num_replicas: 1, graceful_shutdown_wait_loop_s: 2}
            """
        let settings = try Settings.serve(text: text, file: "f")
        #expect(settings.http == HTTPOptions(host: "0.0.0.0", port: 8000))
        #expect(settings.applications.first?.deployments.first?.replica.command == [])
        #expect(
            settings.warnings.map(\.description) == [
                "f:4:51: enable_access_log in logging_config is not read by this version: true: "
                    + "no access log is written: false, or remove it"
            ])
    }

    @Test func aWindowOfOneReportIsWarnedOf() throws {
        let text = ServeProblemsTests.file("autoscaling_config: {look_back_period_s: 1}")
        let settings = try Settings.serve(text: text, file: "f")
        #expect(settings.warnings.map { "\($0.line):\($0.column)" } == ["6:30"])
    }
}
