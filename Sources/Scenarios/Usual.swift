import Model
import Settings

extension ScenarioFile {
    /// The cluster of a scenario that names none.
    package static let usualClusterText = """
        cluster_name: scenario
        max_workers: 4
        idle_timeout_s: 30
        join_deadline_s: 60
        provider: {type: fake, boot_delay_s: 5}
        available_node_types:
          small: {resources: {CPU: 4}}

        """

    /// The application of a scenario that names none: two replicas, of which a machine holds two.
    package static let usualApplicationsText = """
        applications:
          - name: shop
            deployments:
              - name: model
                command: [model]
                ray_actor_options: {num_cpus: 2}
                num_replicas: 2

        """

    static let usualCluster: ClusterSettings = {
        do {
            return try Settings.cluster(text: usualClusterText, file: "usual cluster")
        } catch { preconditionFailure("the usual cluster is wrong: \(error)") }
    }()

    static let usualApplications: [ApplicationSettings] = {
        do {
            return try Settings.serve(text: usualApplicationsText, file: "usual applications").applications
        } catch { preconditionFailure("the usual applications are wrong: \(error)") }
    }()
}
