import Synchronization

/// Counts changes and wakes those who wait for one that they have not seen.
package final class ChangeBell: Sendable {
    private struct State {
        var count = 0
        var lastKey = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waits cancelled before they were entered.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Changes until now.
    package var count: Int { state.withLock { $0.count } }

    /// Counts one more.
    package func ring() {
        let waiting = state.withLock { state in
            state.count += 1
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Returns once `count` is above `seen`, or when the task is cancelled.
    package func wait(beyond seen: Int) async {
        let key = state.withLock { state in
            state.lastKey += 1
            return state.lastKey
        }
        defer { state.withLock { _ = $0.cancelled.remove(key) } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.cancelled.remove(key) != nil || state.count > seen { return false }
                    state.waiting[key] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiting.removeValue(forKey: key)
                if continuation == nil { state.cancelled.insert(key) }
                return continuation
            }
            continuation?.resume()
        }
    }
}
