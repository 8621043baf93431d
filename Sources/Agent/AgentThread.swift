import CPlatform
import Foundation
import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The boot clock, in milliseconds: goes on while the machine sleeps, and is the same for all processes of a
/// boot.
enum BootClock {
    static var now: Moment {
        Moment(tandem_boot_millis())
    }

    /// Changes with each boot; empty when the kernel does not say.
    static let bootID: String =
        ((try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? "")
        .trimmingCharacters(in: .whitespacesAndNewlines)
}

/// The one thread of a process on which its agent thinks, starts children and waits for descriptors.
///
/// It never ends: a parent-death signal follows the thread that made the child, not the process. File and
/// spawn calls may block it for milliseconds; the pool of Swift tasks is left alone.
final class AgentThread: SerialExecutor {
    static let shared = AgentThread()

    private struct Watch {
        /// -1: only the deadline counts.
        var descriptor: Int32
        var events: Int16
        var deadline: Moment?
        var resume: CheckedContinuation<Bool, Never>
    }

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var watches: [UInt64: Watch] = [:]
        /// Waits cancelled before they were entered.
        var cancelled: Set<UInt64> = []
        var lastKey: UInt64 = 0
    }

    private let inbox = Mutex(Inbox())
    private let bell: Int32

    private init() {
        bell = tandem_eventfd()
        precondition(bell >= 0, "no descriptor left at the start of the process")
        Thread.detachNewThread { [unowned self] in
            while true { turn() }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        inbox.withLock { $0.jobs.append(job) }
        ring()
    }

    /// Waits until `descriptor` has one of `events` (of poll(2)).
    /// - Returns: false when the deadline passed or the task was cancelled first.
    func wait(_ descriptor: Int32, for events: Int32, until deadline: Moment? = nil) async -> Bool {
        let key = inbox.withLock { inbox in
            inbox.lastKey += 1
            return inbox.lastKey
        }
        defer { inbox.withLock { _ = $0.cancelled.remove(key) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entered = inbox.withLock { inbox in
                    if inbox.cancelled.remove(key) != nil { return false }
                    inbox.watches[key] = Watch(
                        descriptor: descriptor, events: Int16(events), deadline: deadline,
                        resume: continuation)
                    return true
                }
                if entered { ring() } else { continuation.resume(returning: false) }
            }
        } onCancel: {
            let watch = inbox.withLock { inbox -> Watch? in
                let watch = inbox.watches.removeValue(forKey: key)
                if watch == nil { inbox.cancelled.insert(key) }
                return watch
            }
            watch?.resume.resume(returning: false)
        }
    }

    /// Waits until then; false when the task was cancelled first.
    func sleep(until moment: Moment) async -> Bool {
        _ = await wait(-1, for: 0, until: moment)
        return !Task.isCancelled
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, MemoryLayout<UInt64>.size)
    }

    /// Runs what is to be run, then sleeps until a descriptor, a deadline or the bell.
    private func turn() {
        let jobs = inbox.withLock { inbox in
            defer { inbox.jobs.removeAll(keepingCapacity: true) }
            return inbox.jobs
        }
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        let watches = inbox.withLock { $0.watches }
        var keys: [UInt64] = []
        var polled = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
        for (key, watch) in watches where watch.descriptor >= 0 {
            keys.append(key)
            polled.append(pollfd(fd: watch.descriptor, events: watch.events, revents: 0))
        }
        var pause: Int32 = -1
        if let next = watches.values.compactMap(\.deadline).min() {
            pause = Int32(clamping: max(0, (next - BootClock.now).rawValue))
        }
        poll(&polled, nfds_t(polled.count), pause)
        if polled[0].revents != 0 {
            var count: UInt64 = 0
            _ = read(bell, &count, MemoryLayout<UInt64>.size)
        }
        var ready: [UInt64: Bool] = [:]
        let now = BootClock.now
        for (key, watch) in watches where (watch.deadline.map { $0 <= now } ?? false) { ready[key] = false }
        for (key, entry) in zip(keys, polled.dropFirst()) where entry.revents != 0 { ready[key] = true }
        for (key, answer) in ready {
            let watch = inbox.withLock { $0.watches.removeValue(forKey: key) }
            watch?.resume.resume(returning: answer)
        }
    }
}
