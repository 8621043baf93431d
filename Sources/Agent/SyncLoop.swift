import Foundation
import Link
import Logging
import Model
import Wire

/// The agent's side of the one conversation with the node tier: always one call open, a new one at once when
/// something changes here, and patience when nobody answers. The replicas never notice.
struct SyncLoop {
    var core: AgentCore
    var sync: @Sendable (NodeSyncRequest) async throws -> NodeSyncAnswer
    var controlPort: Int
    var logger: Logger

    /// The two ends, as refusals of a version name them.
    static let tier = "the node tier"
    static let me = "this agent"

    private enum Outcome {
        case answered(NodeSyncAnswer)
        case failed(any Error)
        /// Something has changed here meanwhile; the answer, if any, will be given again.
        case superseded
    }

    /// Returns true when the node is to retire, false when the task was cancelled.
    func run() async -> Bool {
        var backoff = Backoff(first: LongPoll.pauseFirst, max: LongPoll.pauseMax)
        var dice = SystemRandomNumberGenerator()
        var silent = false
        var spoken = SpokenVersion()
        while !Task.isCancelled {
            let began = BootClock.now
            switch await converse(in: spoken.version) {
            case .superseded:
                continue
            case .answered(let answer):
                do {
                    let isNews = try await core.obey(answer)
                    if answer.retire { return true }
                    backoff.reset()
                    if silent { logger.info("the node tier answers again") }
                    silent = false
                    if !isNews { _ = await core.thread.sleep(until: began + LongPoll.emptyPause) }
                } catch {
                    silent = await failed(error, silent, &backoff, &dice)
                }
            case .failed(let error):
                if Task.isCancelled { return false }
                if !Self.isVersionRefusal(error) {
                    spoken.reset()
                } else if spoken.refused() {
                    continue  // once more at once, in an older version
                }
                silent = await failed(error, silent, &backoff, &dice)
            }
        }
        return false
    }

    /// The tier does not understand us, or answered in a version that is not understood here.
    private static func isVersionRefusal(_ error: any Error) -> Bool {
        ((error as? LinkError)?.problem ?? error as? Problem)?.code == Problem.version
    }

    /// Says it once, counts it, and waits.
    private func failed(
        _ error: any Error, _ silent: Bool, _ backoff: inout Backoff, _ dice: inout some RandomNumberGenerator
    ) async -> Bool {
        await core.countFailedSync()
        if !silent { logger.warning("no orders from the node tier, replicas go on as they are: \(error)") }
        _ = await core.thread.sleep(until: BootClock.now + backoff.next(using: &dice))
        return true
    }

    private func converse(in version: Int) async -> Outcome {
        let (truth, seen) = await core.request(controlPort: controlPort)
        var versioned = truth
        versioned.wireVersion = version
        let request = versioned
        await core.countSync()
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                do { return .answered(try await sync(request)) } catch { return .failed(error) }
            }
            group.addTask {
                await core.bell.wait(beyond: seen)
                return .superseded
            }
            defer { group.cancelAll() }
            return await group.next() ?? .superseded
        }
    }
}
