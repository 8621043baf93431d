import Model
import Settings
import Testing

/// Serve files as Ray's users write them, with its layout of fields, are taken as they are. What they come to is
/// checked, and so is each warning.
@Suite struct RaySamplesTests {
    private func read(_ text: String) throws -> ServeSettings { try Settings.serve(text: text, file: "f") }

    private func deployment(_ settings: ServeSettings, _ id: String) throws -> DeploymentSettings {
        let all = settings.applications.flatMap(\.deployments)
        return try #require(all.first { $0.id.rawValue == id })
    }

    private func auto(_ settings: ServeSettings, _ id: String) throws -> AutoscalingSettings? {
        guard case .auto(let found) = try deployment(settings, id).count else { return nil }
        return found
    }

    @Test func severalApplications() throws {
        let settings = try read(Self.several)
        let (first, second) = (settings.applications[0], settings.applications[1])
        #expect(settings.applications.map(\.name) == ["speech", "sums"])
        #expect(settings.applications.map(\.routePrefix) == ["/speech", "/sums"])
        #expect(settings.applications.map(\.importPath) == ["speech.graph:app", "sums.graph.app"])
        #expect(first.arguments == #"{"language":"fr"}"# && second.arguments == nil)
        #expect(
            first.ingress == DeploymentID("speech#Entry") && second.ingress == DeploymentID("sums#Router"))
        let ids = settings.applications.flatMap(\.deployments).map(\.id.rawValue)
        #expect(ids == ["speech#Translator", "speech#Entry", "sums#Adder", "sums#Router"])
        let translator = try deployment(settings, "speech#Translator")
        #expect(translator.count == .fixed(2) && translator.maxOngoing == 10 && translator.maxQueued == 100)
        #expect(translator.replica.resources == Resources([Resources.cpu: 500]))
        #expect(translator.replica.userConfig == #"{"factor":3,"names":["a","b"]}"#)
        #expect(translator.replica.health.period == Millis(5_000))
        #expect(translator.replica.health.timeout == Millis(10_000))
        #expect(translator.gracefulShutdownTimeout == Millis(15_000))
        let router = try deployment(settings, "sums#Router")
        #expect(router.count == .fixed(1) && router.maxOngoing == 5 && router.maxQueued == nil)
        #expect(router.replica == ReplicaSettings(command: []))
        #expect(
            settings.warnings.map(\.what) == [
                "request_timeout_s in http_options is not read by this version",
                "enable_access_log in logging_config is not read by this version",
                "working_dir in applications[1].runtime_env is not read by this version",
            ])
    }

    private static let several = """
        # Two applications, each under a path of its own.
        proxy_location: EveryNode

        http_options:
          host: 0.0.0.0
          port: 8000
          request_timeout_s: 30

        grpc_options:
          port: 9000
          grpc_servicer_functions: []

        logging_config:
          encoding: TEXT
          log_level: INFO
          logs_dir: null
          enable_access_log: true
          additional_log_standard_attrs: []

        applications:

        - name: speech
          route_prefix: /speech
          import_path: speech.graph:app
          args:
            language: fr
          runtime_env: {}
          deployments:
          - name: Translator
            num_replicas: 2
            max_ongoing_requests: 10
            max_queued_requests: 100
            user_config:
              factor: 3
              names: [a, b]
            graceful_shutdown_wait_loop_s: 2.0
            graceful_shutdown_timeout_s: 15.0
            health_check_period_s: 5.0
            health_check_timeout_s: 10.0
            ray_actor_options:
              num_cpus: 0.5
              num_gpus: 0.0
          - name: Entry

        - name: sums
          route_prefix: /sums
          import_path: sums.graph.app
          runtime_env:
            working_dir: https://example.com/sums.zip
          deployments:
          - name: Adder
            num_replicas: 1
            ray_actor_options:
              num_cpus: 1.0
          - name: Router
            ray_actor_options: {}
        """

    @Test func autoscalingInItsNewAndItsOldWords() throws {
        let settings = try read(Self.autoscaling)
        let bare = try #require(try auto(settings, "default#Bare"))
        #expect(bare.minReplicas == 1 && bare.maxReplicas == 100 && bare.targetOngoing == Thousandths(2_000))
        let model = try #require(try auto(settings, "default#Model"))
        #expect(model.minReplicas == 0 && model.initialReplicas == 0 && model.maxReplicas == 200)
        #expect(model.targetOngoing == .one && model.lookBack == Millis(10_000))
        #expect(model.metricsInterval == Millis(2_000) && model.upscaleDelay == Millis(3_000))
        #expect(model.downscaleDelay == Millis(60_000) && model.downscaleToZeroDelay == Millis(90_000))
        #expect(model.upscalingFactor == Thousandths(300) && model.downscalingFactor == Thousandths(500))
        #expect(model.aggregation == .mean && model.longestDelay == Millis(90_000))
        let older = try #require(try auto(settings, "default#Older"))
        #expect(older.maxReplicas == 5 && older.upscalingFactor == Thousandths(600))
        #expect(older.downscalingFactor == Thousandths(800))
        #expect(try deployment(settings, "default#Model").maxOngoing == 3)
        #expect(settings.warnings == [])
    }

    private static let autoscaling = """
        applications:
        - name: default
          import_path: pictures:app
          deployments:
          - name: Bare
            num_replicas: auto
          - name: Model
            num_replicas: auto
            max_ongoing_requests: 3
            autoscaling_config:
              target_ongoing_requests: 1
              min_replicas: 0
              initial_replicas: 0
              max_replicas: 200
              upscale_delay_s: 3
              downscale_delay_s: 60
              downscale_to_zero_delay_s: 90
              upscaling_factor: 0.3
              downscaling_factor: 0.5
              metrics_interval_s: 2
              look_back_period_s: 10
              aggregation_function: mean
          - name: Older
            autoscaling_config:
              max_replicas: 5
              smoothing_factor: 0.8
              upscale_smoothing_factor: 0.6
              downscale_smoothing_factor: null
              policy:
                policy_function: ray.serve.autoscaling_policy:default_autoscaling_policy
        """

    @Test func aGPUReplicaTakesWhatItNames() throws {
        let settings = try read(
            """
            applications:
            - name: chat
              route_prefix: /
              import_path: chat.serve:app
              deployments:
              - name: Model
                num_replicas: 3
                ray_actor_options:
                  num_cpus: 4
                  num_gpus: 0.5
                  memory: 2000000000
                  accelerator_type: A10G
                  resources:
                    fast_disk: 0.25
                  runtime_env:
                    pip: [torch==2.4.0]
              - name: Whole
                ray_actor_options: {num_gpus: 1}
            """)
        let model = try deployment(settings, "chat#Model")
        #expect(
            model.replica.resources
                == Resources([
                    "CPU": 4_000, "GPU": 500, "memory": 2_000_000_000, "accelerator_type:A10G": 1,
                    "fast_disk": 250,
                ]))
        #expect(model.count == .fixed(3))
        let whole = try deployment(settings, "chat#Whole").replica.resources
        #expect(whole == Resources(["CPU": 1_000, "GPU": 1_000]))
        // A machine of a type with that accelerator holds it, and another does not.
        let cluster = try Settings.cluster(
            text: """
                provider: {type: fake}
                available_node_types:
                  a10g: {resources: {CPU: 16, GPU: 1, memory: 64 GiB, fast_disk: 1, "accelerator_type:A10G": 1}}
                  t4: {resources: {CPU: 16, GPU: 1, memory: 64 GiB, fast_disk: 1, "accelerator_type:T4": 1}}
                """, file: "c")
        #expect(cluster.nodeTypes.map { $0.resources.covers(model.replica.resources) } == [true, false])
        #expect(
            settings.warnings.map(\.what) == [
                "pip in applications[0].deployments[0].ray_actor_options.runtime_env is not read by this version"
            ])
    }

    private static func group(_ actor: String, _ bundles: String) -> String {
        """
        applications:
        - name: llm
          import_path: llm.serve:app
          deployments:
          - name: Engine
            num_replicas: 2
            ray_actor_options: {num_cpus: \(actor)}
            placement_group_bundles: \(bundles)
            placement_group_strategy: STRICT_PACK
        """
    }

    @Test func aPlacementGroupIsOneReplicaOfItsSum() throws {
        let settings = try read(Self.group("1", "[{CPU: 1, GPU: 1}, {CPU: 2, GPU: 1, scanner: 0.5}]"))
        let engine = try deployment(settings, "llm#Engine")
        #expect(engine.replica.resources == Resources(["CPU": 3_000, "GPU": 2_000, "scanner": 500]))
        #expect(engine.count == .fixed(2) && settings.warnings == [])
        let tooSmall = ServeProblemsTests.problems(Self.group("1.5", "[{CPU: 1}, {CPU: 2}]"))
        #expect(
            tooSmall == [
                "f:8:31: applications[0].deployments[0].placement_group_bundles[0] is smaller than what "
                    + "ray_actor_options asks for: a mapping: a first bundle that holds the replica itself"
            ])
    }

    @Test func loggingIsWarnedOfWhereverItStands() throws {
        let settings = try read(
            """
            logging_config:
              encoding: JSON
              logs_dir: /var/log/shop
              enable_access_log: false
            applications:
            - name: shop
              import_path: shop:app
              logging_config:
                log_level: DEBUG
              deployments:
              - name: Front
                logging_config:
                  log_level: WARNING
                  additional_log_standard_attrs: [name]
            """)
        #expect(settings.applications.first?.deployments.map(\.id.rawValue) == ["shop#Front"])
        #expect(
            settings.warnings.map(\.what) == [
                "encoding in logging_config is not read by this version",
                "logs_dir in logging_config is not read by this version",
                "log_level in applications[0].logging_config is not read by this version",
                "log_level in applications[0].deployments[0].logging_config is not read by this version",
                "additional_log_standard_attrs in applications[0].deployments[0].logging_config is not read by "
                    + "this version",
            ])
        #expect(
            settings.warnings.allSatisfy {
                $0.right == "logs are files in State/logs and State/nodes/NODE/logs: remove it"
            })
    }

    /// The nearest to the process wins, name by name.
    @Test func variablesReachEveryReplica() throws {
        let settings = try read(
            """
            applications:
            - name: shop
              import_path: shop:app
              runtime_env:
                env_vars: {FAR: application, MIDDLE: application, NEAR: application}
              deployments:
              - name: one
                environment: {NEAR: own}
                ray_actor_options:
                  runtime_env: {env_vars: {NEAR: actor, MIDDLE: actor}}
              - name: two
            """)
        func variables(_ id: String) throws -> [String] {
            try deployment(settings, id).replica.environment.map { "\($0.name)=\($0.value)" }
        }
        #expect(try variables("shop#one") == ["FAR=application", "MIDDLE=actor", "NEAR=own"])
        #expect(try variables("shop#two") == ["FAR=application", "MIDDLE=application", "NEAR=application"])
        #expect(settings.warnings == [])
    }
}
