/// The fields that are read, section by section. (What is not read stands in the sections' own lists.)
extension FieldTable {
    static let top: [FieldRow] = [
        FieldRow(
            "applications", "what runs: those missing from it are deleted", default: "required; [] for none",
            test: "ServeTierTests/ApplyTests.applicationsThatAreNotNamedAreDeleted"),
        FieldRow(
            "http_options", "where the file wants to be reached: see below", default: "none",
            test: "ServeTierTests/HTTPOptionsTests.aDifferenceIsToldAndNothingMoves"),
        FieldRow(
            "target_capacity",
            "percent of every count that runs, half a replica rounded up, at least one where one is wanted",
            default: "all", test: "ServeTierTests/TargetCapacityTests.targetCapacityScalesEveryCount"),
    ]

    static let http: [FieldRow] = ["host", "port"].map { key in
        FieldRow(
            key,
            "as in Ray nothing moves after the start: where the proxies listen elsewhere, the answer and the status say so",
            default: "that of the cluster file",
            test: "ServeTierTests/HTTPOptionsTests.aDifferenceIsToldAndNothingMoves")
    }

    static let application: [FieldRow] = [
        FieldRow(
            "name", "its name, unique", default: "default",
            test: "ServeTierTests/ApplyTests.applicationsThatAreNotNamedAreDeleted"),
        FieldRow(
            "route_prefix", "requests whose path begins with it go here, the longest wins; null: no route",
            default: "/", test: "RoutingTests/RouteTests.longestPrefixOnSegmentBoundariesWins"),
        FieldRow(
            "import_path", "a Python application, run by its command under import_paths of the cluster file",
            default: "none: the deployments have commands",
            test: "ServeTierTests/ImportPathTests.anImportPathRunsItsCommand"),
        FieldRow(
            "args", "arguments of the import_path: its command finds them in TANDEM_ARGS, as JSON",
            default: "{}", test: "ServeTierTests/ImportPathTests.anImportPathRunsItsCommand"),
        FieldRow(
            "runtime_env", "variables of all its deployments: see below", default: "{}",
            test: "ServeTierTests/FieldEffectTests.variablesReachTheProcess"),
        FieldRow(
            "deployments", "what it consists of; the last one answers the requests",
            default: "required without import_path",
            test: "ServeTierTests/ApplyTests.aDeploymentLeftOutOfItsApplicationIsDeleted"),
        FieldRow(
            "external_scaler_enabled", "counts may be set by a call, where num_replicas is fixed",
            default: "false",
            test: "ServeTierTests/ExternalScalerTests.aCallSetsTheCountUntilTheDeploymentChanges"),
    ]

    static let runtimeEnvironment: [FieldRow] = [
        FieldRow(
            "env_vars", "variables of the process; environment wins, then ray_actor_options",
            default: "{}", test: "ServeTierTests/FieldEffectTests.variablesReachTheProcess")
    ]

    static let deployment: [FieldRow] = [
        FieldRow(
            "name", "its name, unique in the application", default: "required",
            test: "ServeTierTests/ApplyTests.aDeploymentLeftOutOfItsApplicationIsDeleted"),
        FieldRow(
            "num_replicas", "a number, or auto: as many as the traffic asks for", default: "1",
            test: "ServeTierTests/ScalingTests.aNewFixedCountIsTakenOverWithoutReplacingAnything"),
        FieldRow(
            "max_ongoing_requests", "requests at once in one replica", default: "5",
            test: "IngressTests/AdmissionTests.theCapHoldsUnderManyClients"),
        FieldRow(
            "max_queued_requests", "requests that may wait in each proxy, more are refused",
            default: "-1: the proxy's own bound", test: "IngressTests/AdmissionTests.aFullQueueRefusesByName"),
        FieldRow(
            "autoscaling_config", "how the count follows the traffic: see below",
            default: "none; with num_replicas auto, its own defaults",
            test: "ServeTierTests/ScalingTests.theCountAtAPlateauIsLoadOverTarget"),
        FieldRow(
            "graceful_shutdown_timeout_s",
            "seconds that a replica may finish what it has, before it is stopped hard",
            default: "20", test: "ServeTierTests/DrainTests.theDeadlineEndsWhatDoesNotFinish"),
        FieldRow(
            "rolling_update_percentage", "the part that a new version replaces at a time, one at least",
            default: "0.2", test: "ServeTierTests/RolloutTests.aBatchIsReplacedAtATime"),
        FieldRow(
            "max_surge_percent", "percent more than wanted that may run meanwhile; 0: old ones leave first",
            default: "none: as many as there is room for",
            test: "ServeTierTests/RolloutTests.aBatchIsReplacedAtATime"),
        FieldRow(
            "max_constructor_retry_count", "failures, or three a replica, that end a new version",
            default: "20", test: "ServeTierTests/RolloutTests.aNewVersionIsGivenUpAfterSoManyFailures"),
        FieldRow(
            "min_ready_s",
            "seconds for which one of a new version must be ready before more than a batch follows, and old ones leave",
            default: "10", test: "ServeTierTests/RolloutTests.aVersionThatEndsSoonTakesABatchAtMost"),
        FieldRow(
            "max_unavailable", "so many, or such a part, may be unready for a planned change",
            default: "what is replaced at a time",
            test: "ServeTierTests/RolloutTests.noMoreAreUnreadyThanMaxUnavailable"),
        FieldRow(
            "backpressure_config", "the answer when too many requests wait: see below", default: "{}",
            test: "IngressTests/AdmissionTests.aFullQueueRefusesAsConfigured"),
    ]

    /// What one replica is.
    static let replica: [FieldRow] = [
        FieldRow(
            "command", "program and arguments of one replica, without a shell",
            default: "required without import_path", test: "AgentTests/LifeTests.startsFindsReadyAndStops"),
        FieldRow(
            "environment", "variables of the process", default: "{}",
            test: "AgentTests/OutputTests.theEnvironmentIsCleanAndMarked"),
        FieldRow(
            "working_dir", "where the process starts, an absolute path", default: "the agent's own directory",
            test: "AgentTests/LifeTests.saysWhyADirectoryCannotBeEntered"),
        FieldRow(
            "readiness", "when it is ready, and whether it is well: see below", default: "{}",
            test: "AgentTests/LifeTests.startsFindsReadyAndStops"),
        FieldRow(
            "enforce_memory", "also hold the process to its memory", default: "false",
            test: "AgentTests/LifeTests.refusedMemoryIsCalledByItsName"),
        FieldRow(
            "ray_actor_options", "what it takes of a node: see below", default: "{num_cpus: 1}",
            test: "PlacementTests/PlacingTests.halfACoreFits"),
        FieldRow(
            "health_check_period_s", "as period_s of readiness", default: "10",
            test: "ServeTierTests/AdjustTests.aHealthCheckChangesWithoutARestart"),
        FieldRow(
            "health_check_timeout_s", "as timeout_s of readiness", default: "30",
            test: "SupervisionTests/SupervisorTests.startsProbesAndBecomesReady"),
        FieldRow(
            "user_config", "JSON for the program, in TANDEM_USER_CONFIG and by POST to reconfigure_path",
            default: "none", test: "ServeTierTests/AdjustTests.userConfigReachesWhatRuns"),
        FieldRow(
            "reconfigure_path", "takes user_config before it is ready, and while it runs when that changes",
            default: "none: another user_config replaces the processes",
            test: "SupervisionTests/ConfigureTests.aConfigurationIsTakenBeforeReadiness"),
        FieldRow(
            "placement_group_bundles", "a replica is one process, and takes their sum of one node",
            default: "none", test: "ServeTierTests/FieldEffectTests.whatIsAskedOfANodeChoosesItsMachine"),
        FieldRow(
            "placement_group_strategy",
            "PACK or STRICT_PACK, which comes to the same; the other two are refused: one process has one node",
            default: "PACK", test: "ServeTierTests/FieldEffectTests.whatIsAskedOfANodeChoosesItsMachine"),
    ]

    static let readiness: [FieldRow] = [
        FieldRow(
            "path", "answers 2xx when it is ready, and later when it is well",
            default: "none: an accepted connection is enough",
            test: "AgentTests/LifeTests.oneThatFallsIllIsReportedAndGoesOn"),
        FieldRow(
            "period_s", "seconds between two checks; one that fails three in a row is replaced",
            default: "10", test: "ServeTierTests/HealthTests.unwellOnesAreReplacedAFewAtATime"),
        FieldRow(
            "timeout_s", "seconds for one check", default: "30",
            test: "SupervisionTests/SupervisorTests.startsProbesAndBecomesReady"),
        FieldRow(
            "start_deadline_s", "seconds from start to ready; later it has failed", default: "120",
            test: "SupervisionTests/SupervisorTests.endsOneThatIsNotReadyInTime"),
    ]

    static let actorOptions: [FieldRow] = [
        FieldRow(
            "num_cpus", "CPUs of its node", default: "1", test: "PlacementTests/PlacingTests.halfACoreFits"),
        FieldRow(
            "num_gpus", "GPUs of its node; machines with GPUs are bought for such replicas only",
            default: "0",
            test: "ProvisioningTests/ChoiceTests.theCheapestNodesThatHoldTheDemand"),
        FieldRow(
            "memory", "bytes of its node, or with KiB, MiB, GiB or TiB", default: "0",
            test: "PlacementTests/PlacingTests.theTightestRoomIsChosen"),
        FieldRow(
            "resources", "amounts of your own names, which node types have too", default: "{}",
            test: "ServeTierTests/FieldEffectTests.whatIsAskedOfANodeChoosesItsMachine"),
        FieldRow(
            "accelerator_type", "only machines whose type has such a resource: `accelerator_type:A100`",
            default: "any", test: "ServeTierTests/FieldEffectTests.whatIsAskedOfANodeChoosesItsMachine"),
        FieldRow(
            "runtime_env", "variables of the process: see above", default: "{}",
            test: "ServeTierTests/FieldEffectTests.variablesReachTheProcess"),
    ]

    static let backpressure: [FieldRow] = [
        FieldRow(
            "status_code", "503 or 429", default: "503",
            test: "IngressTests/AdmissionTests.aFullQueueRefusesAsConfigured"),
        FieldRow(
            "retry_after_s", "the header Retry-After, in whole seconds rounded up",
            default: "1 with 503, none with 429",
            test: "IngressTests/AdmissionTests.aFullQueueRefusesAsConfigured"),
    ]
}
