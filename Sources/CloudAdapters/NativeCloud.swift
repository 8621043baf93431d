import Cloud
import Foundation
import Link
import Model
import Wire

/// A provider that speaks the native wire protocol (Config/provider.openapi.yaml), wherever it runs.
package struct NativeCloud: CloudProvider {
    private let link: Link
    private let deadline: Millis

    /// A longer answer is cut off: ten thousand instances take half of it.
    package static let answerBytesMax = 4 << 20

    /// - Parameter deadline: of one call; past it the outcome is unknown.
    package init(_ link: Link, deadline: Millis = .seconds(30)) {
        self.link = link.bounded(to: Self.answerBytesMax)
        self.deadline = deadline
    }

    /// The same provider with another deadline.
    package func hurried(to deadline: Millis) -> NativeCloud { NativeCloud(link, deadline: deadline) }

    package func offerings() async throws(CloudError) -> [Offering] {
        do {
            let answer = try await link.call(
                "GET", Routes.offerings, deadline: deadline, as: OfferingsAnswer.self)
            return try AnswerCheck.offerings(answer)
        } catch {
            throw CloudError(error)
        }
    }

    package func create(_ request: CreateRequest) async throws(CloudError) -> Instance {
        let call = CreateCall(
            token: request.token, node: request.node, cluster: request.cluster,
            offerings: request.offerings,
            join: JoinData(
                endpoint: request.join.endpoint, tokenFile: request.join.tokenFile,
                portsFirst: request.join.ports.lowerBound, portsLast: request.join.ports.upperBound))
        do {
            let answer = try await link.call(
                "POST", Routes.instances, body: call, deadline: deadline, as: InstanceBody.self)
            return try AnswerCheck.created(answer, for: request)
        } catch {
            throw CloudError(error, of: request.offerings)
        }
    }

    package func list(cluster: String) async throws(CloudError) -> [Instance] {
        let path = "\(Routes.instances)?cluster=\(Self.escape(cluster))"
        do {
            let answer = try await link.call("GET", path, deadline: deadline, as: InstancesAnswer.self)
            return try AnswerCheck.list(answer, cluster: cluster)
        } catch {
            throw CloudError(error)
        }
    }

    package func terminate(instance: String) async throws(CloudError) {
        do {
            _ = try await link.data(
                "DELETE", "\(Routes.instances)/\(Self.escape(instance))", body: nil, contentType: nil,
                deadline: deadline)
        } catch .refused(status: 404, let problem) where problem.code == "not_found" {
            return  // gone, or never there: promise 4
        } catch {
            throw CloudError(error)
        }
    }

    /// For a path segment or a query value: everything but letters, digits and `-._~` is percent-encoded.
    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

extension CloudError {
    /// Only what certainly did nothing is said to have done nothing; all else is `outcomeUnknown`.
    /// - Parameter asked: the offerings of the request; an error may be of some of them.
    init(_ error: any Error, of asked: [Offering] = []) {
        switch error {
        case let error as CloudError: self = error
        case LinkError.unreachable(let why): self = .unavailable(why)
        case LinkError.refused(let status, let problem): self.init(status: status, problem, asked)
        case LinkError.outcomeUnknown(let why), LinkError.badAnswer(let why): self = .outcomeUnknown(why)
        default: self = .outcomeUnknown("\(error)")
        }
    }

    private init(status: Int, _ problem: Problem, _ asked: [Offering]) {
        let failed = CloudProblem.offerings(of: problem, among: asked.count).map { asked[$0] }
        switch problem.code {
        case CloudProblem.outOfCapacity: self = .outOfCapacity(problem.description, of: failed)
        case CloudProblem.quota: self = .quotaReached(problem.description, of: failed)
        case CloudProblem.throttled: self = .throttled(retryAfter: CloudProblem.retryAfter(of: problem))
        case CloudProblem.rejected: self = .rejected(problem.description, of: failed)
        case CloudProblem.unavailable: self = .unavailable(problem.description)
        case CloudProblem.outcomeUnknown: self = .outcomeUnknown(problem.description)
        case _ where status == 429: self = .throttled(retryAfter: CloudProblem.retryAfterDefault)
        case _ where Self.refusals.contains(status): self = .rejected(problem.description)
        default: self = .outcomeUnknown("\(status): \(problem)")
        }
    }

    /// Statuses that by their meaning (RFC 9110) say that the request was not carried out, and would not be
    /// if it were sent again.
    private static let refusals: Set<Int> = [400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 422, 431]
}
