import Foundation
import Testing

/// What `tandem cost --json` and `tandem cloud bill --json` print, as far as the test looks.
private struct Statement: Decodable {
    var microusd: Int64
    var timeUs: Int64
    var estimates: Int
}

private struct Bill: Decodable {
    struct Machine: Decodable {
        var node: String
        var timeMs: Int64
        var endedUnixMs: Int64?
    }
    var machines: [Machine]
}

extension EndToEnd.Shared {
    @Test(.timeLimit(.minutes(1)))
    func whyAndWhatForAreAnswered() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let deployment = try await cluster.tandem("explain", "deployment", "demo#d")
        #expect(
            deployment.code == 0 && deployment.output.contains("demo#d wants 1 replica"),
            "\(deployment.whole)")
        let replica = try #require(try await cluster.status().replicas.first { $0.placement == "ready" })
        let placed = try await cluster.tandem("explain", "replica", replica.id)
        #expect(placed.code == 0 && placed.output.contains("It has been ready for"), "\(placed.whole)")
        let name = try #require(replica.node)
        let node = try await cluster.tandem("explain", "node", name)
        for words in ["It was bought because: ", "It is not given back, since ", "USD an hour", "launch"] {
            #expect(node.output.contains(words), "\(node.whole)")
        }
        let wrong = try await cluster.tandem("explain", "node", name + "x")
        #expect(wrong.code != 0 && wrong.whole.contains("near ones: \(name)"), "\(wrong.whole)")
        #expect(try await cluster.tandem("explain", "moon", name).code != 0)
        #expect(try await cluster.tandem("cost", "--by", "cause").output.contains("deployment"))
    }

    /// The ledger is as of the latest renewal, the bill as of now: some seconds of each machine that runs lie between.
    @Test(.timeLimit(.minutes(1)))
    func theCostsAreTheBill() async throws {
        let cluster = try await cluster(serveFile(.sleeper(ms: 0)))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let statement = try decoder.decode(
            Statement.self, from: Data(try await cluster.output("cost", "--json").utf8))
        let bill = try decoder.decode(
            Bill.self, from: Data(try await cluster.output("cloud", "bill", "--json").utf8))
        let billed = bill.machines.reduce(0) { $0 + $1.timeMs }
        let running = Int64(bill.machines.count { $0.endedUnixMs == nil })
        #expect(statement.estimates == 0 && running > 0)
        #expect(statement.timeUs / 1_000 <= billed)
        #expect(statement.timeUs / 1_000 >= billed - running * 10_000, "\(statement) of \(billed) ms")
    }
}
