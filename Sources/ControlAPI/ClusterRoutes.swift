import Foundation
import Hummingbird
import Listener
import Model
import NodeTier
import Settings
import Store
import Wire

/// What people ask of the node tier while it runs: another cluster file, and room that is there whatever runs.
/// - Parameter startFile: the file named at the start, absolute.
package func addClusterRoutes(
    to router: Router<ListenerContext>, thread: TierThread<NodeDesk>, startFile: String?
) {
    router.get(RouterPath(Routes.cluster)) { _, _ in
        let answer = try await thread.perform { desk in
            ClusterFileAnswer(
                file: startFile, refused: desk.tier.refusedFile, isOvertaken: desk.tier.isFileOvertaken)
        }
        return try Answer.json(answer)
    }
    router.post(RouterPath(Routes.cluster)) { request, context in
        let call = try await context.read(ReloadCall.self, from: request)
        return try Answer.json(try await reload(call, thread, startFile))
    }
    router.get(RouterPath(Routes.standingDemand)) { _, _ in
        let answer = try await thread.perform { desk in
            StandingDemandAnswer(try desk.tier.store.state().standingDemand, try desk.tier.hopelessDemand())
        }
        return try Answer.json(answer)
    }
    router.put(RouterPath(Routes.standingDemand)) { request, context in
        let bytes = try await context.bytes(of: request)
        guard let text = String(validating: Data(bytes), as: UTF8.self) else {
            throw Problem(code: "invalid", message: "nothing was changed: the body is not UTF-8")
        }
        let bundles = try readDemand(text)
        let answer = try await thread.perform { desk in
            try desk.tier.request(bundles)
            return StandingDemandAnswer(
                try desk.tier.store.state().standingDemand, try desk.tier.hopelessDemand())
        }
        return try Answer.json(answer)
    }
    router.delete(RouterPath(Routes.standingDemand)) { _, _ in
        try await thread.perform { desk in try desk.tier.request([]) }
        return try Answer.json(StandingDemandAnswer([]))
    }
}

private func readDemand(_ text: String) throws(Problem) -> [Bundles] {
    let entries: [StandingDemandText.Entry]
    do {
        entries = try StandingDemandText.read(text: text, file: "body")
    } catch {
        throw Problem(
            code: "invalid", message: "nothing was changed: the standing demand has problems",
            problems: error.lines)
    }
    return entries.map { Bundles(resources: $0.resources, count: $0.count) }
}

private func reload(
    _ call: ReloadCall, _ thread: TierThread<NodeDesk>, _ startFile: String?
) async throws -> ReloadAnswer {
    let settings: ClusterSettings
    do {
        settings = try read(call)
    } catch {
        let why = error.problems.joined(separator: "\n")
        if !call.dryRun { try await thread.perform { desk in try desk.tier.refuseFile(because: why) } }
        throw error
    }
    let cause = call.watched ? ReloadCause.watched : .asked
    let isStartFile = call.file == startFile
    let difference = try await thread.perform { desk in
        try desk.tier.reload(settings, cause: cause, isStartFile: isStartFile, dryRun: call.dryRun)
    }
    guard difference.refusals.isEmpty else {
        throw Problem(
            code: "conflict",
            message: "nothing was changed: \(call.file) changes what cannot change while it runs",
            problems: difference.refusals)
    }
    return ReloadAnswer(changes: difference.changes)
}

/// - Throws: everything that is wrong with the file.
private func read(_ call: ReloadCall) throws(Problem) -> ClusterSettings {
    func refused(_ lines: [String]) -> Problem {
        Problem(code: "invalid", message: "nothing was changed: \(call.file) has problems", problems: lines)
    }
    guard let text = call.text else {
        throw refused([call.problem ?? "\(call.file): the file cannot be read"])
    }
    do {
        return try Settings.cluster(text: text, file: call.file)
    } catch {
        throw refused(error.lines)
    }
}

extension SettingsProblems {
    /// One for each problem.
    fileprivate var lines: [String] { problems.map(\.description) + (more > 0 ? ["and \(more) more"] : []) }
}

extension StandingDemandAnswer {
    init(_ demand: [(resources: Resources, count: Int)], _ warnings: [String] = []) {
        self.init(
            bundles: demand.map { resources, count in
                let amounts = resources.rayAmounts.map { name, amount -> (String, JSONValue) in
                    (name, amount == amount.rounded() ? .whole(Int64(amount)) : .number(amount))
                }
                return Entry(resources: Dictionary(amounts, uniquingKeysWith: { $1 }), count: count)
            }, warnings: warnings)
    }
}
