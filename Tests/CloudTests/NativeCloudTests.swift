import Cloud
import CloudAdapters
import Hummingbird
import Link
import Listener
import LocalCloud
import Model
import Testing
import Wire

private let token = Token(secret: String(repeating: "c", count: 64))
private let offering = """
    {"node_type":"small","zone":"a","capacity_type":"spot","microdollars_per_hour":5}
    """

private func instance(
    id: String = "i-1", token: String = "t", node: String = "n1", cluster: String = "c",
    state: String = "running", offering: String = offering, more: String = ""
) -> String {
    """
    {"id":"\(id)","token":"\(token)","node":"\(node)","cluster":"\(cluster)","state":"\(state)",\
    "offering":\(offering)\(more)}
    """
}

private func request(_ token: String = "t") -> CreateRequest {
    CreateRequest(
        token: token, node: NodeID("n1"), cluster: "c",
        offerings: [Offering(nodeType: "small", zone: "a", capacityType: "spot", microdollarsPerHour: 5)],
        join: Join(endpoint: "http://127.0.0.1:1", tokenFile: "/token", ports: 1...2))
}

/// A provider that answers every call alike.
private func whileAnswering(
    _ answer: @escaping @Sendable () throws -> Response,
    _ body: @escaping @Sendable (NativeCloud) async throws -> Void
) async throws {
    let (ports, bell) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { bell.finish() }
            try await Listener(name: "test", bind: .tcp(port: 0), token: token).run(
                routes: { router in
                    router.get("**") { _, _ in try answer() }
                    router.post("**") { _, _ in try answer() }
                    router.delete("**") { _, _ in try answer() }
                }, onBound: { bell.yield($0) })
        }
        group.addTask {
            for await port in ports {
                return try await body(
                    NativeCloud(Link(.tcp(host: "127.0.0.1", port: port), token: token)))
            }
        }
        defer { group.cancelAll() }
        try await group.next()
    }
}

private func isOutcomeUnknown(_ error: CloudError?) -> Bool {
    if case .outcomeUnknown = error { true } else { false }
}

@Suite struct NativeCloudTests {
    @Test(arguments: [
        "", "[]", "{}", "{\"instances\":{}}", "{\"instances\":[\(instance())", "<html>",
        "{\"instances\":[\(instance()),{}]}",
        "{\"instances\":[\(instance()),\(instance(token: "u"))]}",
        "{\"instances\":[\(instance(cluster: "d"))]}", "{\"instances\":[\(instance(id: ""))]}",
        "{\"instances\":[\(instance(id: String(repeating: "i", count: 257)))]}",
        "{\"instances\":[\(instance(token: String(repeating: "t", count: 65)))]}",
        "{\"instances\":[\(instance(node: "../n1"))]}", "{\"instances\":[\(instance(state: ""))]}",
        "{\"instances\":[\(instance(more: ",\"preempted_in\":-1"))]}",
        "{\"instances\":[\(instance(more: ",\"preempted_in\":1e400"))]}",
        "{\"instances\":[\(instance(more: ",\"created_unix_ms\":-1"))]}",
        "{\"instances\":[\(instance(more: ",\"ended_unix_ms\":9"))]}",
        "{\"instances\":[\(instance(more: ",\"created_unix_ms\":9,\"ended_unix_ms\":8"))]}",
        "{\"instances\":[\(instance(offering: offering.replacing("5", with: "-5")))]}",
        "{\"instances\":[\(instance(offering: offering.replacing("5", with: "NaN")))]}",
    ])
    func aListIsBelievedWholeOrNotAtAll(body: String) async throws {
        try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
            (cloud) async throws -> Void in
            let error = await #expect(throws: CloudError.self) { try await cloud.list(cluster: "c") }
            #expect(isOutcomeUnknown(error), "\(String(describing: error))")
        }
    }

    @Test func aGoodListIsRead() async throws {
        let second = instance(
            id: "i-2", state: "rebooting",
            more: ",\"preempted_in\":7,\"created_unix_ms\":5,\"ended_unix_ms\":9")
        let body = "{\"instances\":[\(instance()),\(second)]}"
        try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
            (cloud) async throws -> Void in
            let list = try await cloud.list(cluster: "c")
            #expect(list.map(\.id) == ["i-1", "i-2"])
            #expect(list.map(\.state) == [.running, .unknown("rebooting")])
            #expect(list.map(\.preemptedIn) == [nil, Millis(7)])
            #expect(list.map(\.createdUnixMs) == [nil, 5] && list.map(\.endedUnixMs) == [nil, 9])
            #expect(list[0].offering == request().offerings[0])
        }
    }

    @Test(arguments: [
        "{\"offerings\":[\(offering),\(offering)]}", "{\"offerings\":[{}]}",
        "{\"offerings\":[\(offering.replacing("5", with: "-1"))]}",
        "{\"offerings\":[\(offering.replacing("5}", with: "5,\"available\":-1}"))]}",
    ])
    func badOfferingsAreRefused(body: String) async throws {
        try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
            (cloud) async throws -> Void in
            let error = await #expect(throws: CloudError.self) { try await cloud.offerings() }
            #expect(isOutcomeUnknown(error))
        }
    }

    @Test(arguments: [
        offering.replacing("5", with: "NaN"), offering.replacing("5", with: "1e400"),
        offering.replacing("5", with: "1000000000001"), offering.replacing("5", with: "0.5"),
        offering.replacing("small", with: ""), offering.replacing("5", with: "\"5\""),
        offering.replacing("small", with: String(repeating: "s", count: 257)),
        offering.replacing("\"a\"", with: "\"" + String(repeating: "z", count: 257) + "\""),
        offering.replacing("5}", with: "5,\"available\":1000000001}"),
    ])
    func nonsenseInAListIsNotBelieved(text: String) async throws {
        let bodies = ["{\"offerings\":[\(text)]}", "{\"instances\":[\(instance(offering: text))]}"]
        for (index, body) in bodies.enumerated() {
            try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
                (cloud) async throws -> Void in
                let error = await #expect(throws: CloudError.self) {
                    if index == 0 {
                        _ = try await cloud.offerings()
                    } else {
                        _ = try await cloud.list(cluster: "c")
                    }
                }
                #expect(isOutcomeUnknown(error), "\(String(describing: error))")
            }
        }
    }

    @Test func aProviderOfAnotherVersionIsRefusedInWords() async throws {
        let body = "{\"wire_version\":2,\"offerings\":[],\"instances\":[]}"
        try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
            (cloud) async throws -> Void in
            let words =
                "the provider speaks version 2 of the provider protocol and this cluster version 1: "
                + "update the older of the two"
            await #expect(throws: CloudError.rejected(words)) { try await cloud.offerings() }
            await #expect(throws: CloudError.rejected(words)) { try await cloud.list(cluster: "c") }
        }
    }

    /// Five megabytes of white space before anything is said.
    @Test func anAnswerWithoutEndIsCutOff() async throws {
        let body = String(repeating: " ", count: 5 << 20) + "{\"instances\":[]}"
        try await whileAnswering({ Answer.text(body, contentType: "application/json") }) {
            (cloud) async throws -> Void in
            let error = await #expect(throws: CloudError.self) { try await cloud.list(cluster: "c") }
            guard case .outcomeUnknown(let words) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(words.contains("larger than \(NativeCloud.answerBytesMax) bytes"), "\(words)")
        }
    }

    /// The socket is open and nobody answers.
    @Test func aProviderThatHangsEndsAtTheDeadline() async throws {
        let (never, end) = AsyncStream<Void>.makeStream()
        try await whileAnswering({
            Response(
                status: .ok,
                body: ResponseBody { _ in for await _ in never {} })
        }) { (cloud) async throws -> Void in
            defer { end.finish() }
            let hurried = cloud.hurried(to: Millis(200))
            let error = await #expect(throws: CloudError.self) { try await hurried.list(cluster: "c") }
            #expect(isOutcomeUnknown(error), "\(String(describing: error))")
        }
    }

    /// Of several offerings the provider may say which the error is about.
    @Test func anErrorIsOfTheOfferingsThatItNames() async throws {
        var asked = request()
        asked.offerings = ["a", "b", "c"].map {
            Offering(nodeType: "small", zone: $0, capacityType: "spot", microdollarsPerHour: 5)
        }
        let several = asked
        let problem = CloudProblem.problem(CloudProblem.outOfCapacity, message: "m", offerings: [2, 0, 7])
        try await whileAnswering({ throw problem }) { (cloud) async throws -> Void in
            let error = await #expect(throws: CloudError.self) { try await cloud.create(several) }
            guard case .outOfCapacity(_, let failed) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(failed.map(\.zone) == ["a", "c"])
        }
    }

    @Test func aMachineOfAnotherTokenIsNotOurs() async throws {
        try await whileAnswering({ Answer.text(instance(), contentType: "application/json") }) {
            (cloud) async throws -> Void in
            #expect(try await cloud.create(request("t")).id == "i-1")
            let error = await #expect(throws: CloudError.self) { try await cloud.create(request("u")) }
            #expect(isOutcomeUnknown(error))
        }
    }

    @Test(arguments: [
        (Problem(code: "out_of_capacity", message: "m"), CloudError.outOfCapacity("m")),
        (Problem(code: "quota", message: "m"), .quotaReached("m")),
        (
            CloudProblem.throttled(retryAfter: Millis(1_500), message: "m"),
            .throttled(retryAfter: Millis(1_500))
        ),
        (
            CloudProblem.throttled(retryAfter: Millis(.max), message: "m"),
            .throttled(retryAfter: CloudProblem.retryAfterMax)
        ),
        (Problem(code: "throttled", message: "m"), .throttled(retryAfter: CloudProblem.retryAfterDefault)),
        (Problem(code: "rejected", message: "m"), .rejected("m")),
        (Problem(code: "invalid", message: "m"), .rejected("m")),
        (Problem(code: "unavailable", message: "m"), .unavailable("m")),
        (Problem(code: "outcome_unknown", message: "m"), .outcomeUnknown("m")),
        (Problem(code: "stopping", message: "m"), .outcomeUnknown("503: m")),
        (Problem(code: "surprise", message: "m"), .outcomeUnknown("500: m")),
        (Problem(code: "conflict", message: "m"), .outcomeUnknown("409: m")),
    ])
    func eachProblemIsOneReaction(problem: Problem, error: CloudError) async throws {
        try await whileAnswering({ throw problem }) { (cloud) async throws -> Void in
            await #expect(throws: error) { try await cloud.create(request()) }
            await #expect(throws: error) { try await cloud.list(cluster: "c") }
            await #expect(throws: error) { try await cloud.terminate(instance: "i-1") }
        }
    }

    @Test func whatWasNeverThereIsTerminated() async throws {
        try await whileAnswering({ throw Problem(code: "not_found", message: "m") }) {
            (cloud) async throws -> Void in
            try await cloud.terminate(instance: "i-1")
            await #expect(throws: CloudError.rejected("m")) { try await cloud.create(request()) }
        }
    }

    @Test func nobodyThereIsUnavailable() async {
        let cloud = NativeCloud(Link(.unix(path: "/tmp/no-such.sock"), token: token))
        let error = await #expect(throws: CloudError.self) { try await cloud.create(request()) }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

@Suite struct BootDelayTests {
    @Test func aDelayDependsOnSeedAndTokenAlone() {
        let shape = FakeCloudSettings.BootDelay.uniform(from: Millis(100), to: Millis(900))
        let delays = (0..<200).map { BootDelays.delay(shape, seed: 3, token: "t\($0)") }
        let again = (0..<200).reversed().map { BootDelays.delay(shape, seed: 3, token: "t\($0)") }
        #expect(delays == again.reversed())
        #expect(delays.allSatisfy { (Millis(100)...Millis(900)).contains($0) })
        #expect(Set(delays).count > 100)
        #expect(delays != (0..<200).map { BootDelays.delay(shape, seed: 4, token: "t\($0)") })
    }

    @Test func halfOfTheLognormalBootsAreBelowTheMedian() {
        let shape = FakeCloudSettings.BootDelay.lognormal(median: Millis(60_000), sigma: Thousandths(500))
        let delays = (0..<2_000).map { BootDelays.delay(shape, seed: 1, token: "t\($0)") }
        #expect((900...1_100).contains(delays.count { $0 < Millis(60_000) }))
        // One sigma above the median lies at e^0.5 of it, and 84 % below.
        #expect((1_620...1_740).contains(delays.count { $0 < Millis(98_923) }))
    }

    @Test(arguments: [
        (FakeCloudSettings.BootDelay.fixed(Millis(-1)), Millis.zero),
        (.fixed(.seconds(7_200)), BootDelays.delayMax),
        (.uniform(from: Millis(5), to: Millis(1)), Millis(5)),
        (.lognormal(median: .seconds(100_000), sigma: Thousandths(0)), BootDelays.delayMax),
    ])
    func oddSettingsAreCut(shape: FakeCloudSettings.BootDelay, delay: Millis) {
        #expect(BootDelays.delay(shape, seed: 1, token: "t") == delay)
    }
}
