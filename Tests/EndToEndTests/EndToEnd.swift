import Foundation
import Testing

/// The built program as a whole, from outside: commands, requests, signals, SQL. One test at a time, since each
/// measures what real processes do and there may be few cores.
@Suite(.serialized)
enum EndToEnd {
    /// Tests that leave the cluster as they found it share one.
    @Suite(.sharedCluster)
    struct Shared {}

    /// Tests that need a cluster, or a state directory, of their own.
    @Suite
    struct Alone {}
}

/// Hands one running cluster to all tests of a suite, and ends it after the last.
struct SharedCluster: SuiteTrait, TestScoping {
    @TaskLocal static var present: Cluster?

    /// Machines that boot at once and are soon given back. One is always kept.
    static let settings = """
        cluster_name: shared
        max_workers: 4
        idle_timeout_s: 1
        provider: {type: fake, boot_delay_s: 0.2}
        available_node_types:
          small: {resources: {CPU: 4}, min_workers: 1}

        """

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let cluster = try Cluster(settings: Self.settings)
        defer { cluster.clear() }
        try await cluster.start(apps: nil)
        try await Self.$present.withValue(cluster) { try await function() }
        #expect(try await cluster.stop() == [], "tandem down leaves nothing running")
    }
}

extension Trait where Self == SharedCluster {
    static var sharedCluster: SharedCluster { SharedCluster() }
}

extension EndToEnd.Shared {
    /// The shared cluster with just these applications, on so many machines and no other.
    func cluster(_ applications: String, nodes: Int = 1) async throws -> Cluster {
        let cluster = try #require(SharedCluster.present)
        // A test that failed may have left it half dead.
        if !cluster.isUp { try await cluster.start(apps: nil) }
        try await cluster.deploy(applications)
        try await cluster.atRest(nodes: nodes)
        return cluster
    }
}

extension Cluster {
    /// Until the provider's latest list and our nodes agree: a list is some seconds old at most.
    func nothingLeaks() async throws {
        try await eventually("no leak is suspected") {
            try await number("SELECT count(*) FROM leak_suspects") == 0
        }
    }

    /// Until there are so many machines, and none on its way in or out.
    func atRest(nodes wanted: Int = 1) async throws {
        try await eventually("\(wanted) nodes, at rest", within: .seconds(40)) {
            let nodes = try await status().nodes
            return nodes.count == wanted && nodes.allSatisfy { $0.phase == "ready" }
        }
    }
}
