import Foundation
import Model

/// The right to write, for one thread of one process at a time: a mutex (flock does not exclude threads), then
/// the turnstile, then the write lock. Everything that writes goes through here, also opening, checkpoint and
/// close: SQLite before 3.51.3 can damage a WAL when a checkpoint overlaps another connection's commit.
final class WriteGate: @unchecked Sendable {
    /// For the locks; past it a stopped holder is ended, and any other is reported as busy.
    static let waitMax = Millis(5_000)
    /// For a holder that was ended to let go.
    static let endMax = Millis(2_000)
    /// Pauses between tries grow from the first to the second.
    private static let pauseMinMicros: UInt32 = 50
    private static let pauseMaxMicros: UInt32 = 1_000

    private let mutex = NSLock()
    private let files: (next: LockFile, lock: LockFile)?
    private let pid: Int32

    init(_ directory: StateDirectory, pid: Int32) throws(StoreError) {
        files = (try LockFile(directory.writeNext), try LockFile(directory.writeLock))
        self.pid = pid
    }

    /// For a database in memory: the mutex alone.
    init() {
        files = nil
        pid = 0
    }

    func hold<T>(_ body: () throws -> T) throws -> T {
        mutex.lock()
        defer { mutex.unlock() }
        guard let files else { return try body() }
        try take(files.next)
        do {
            defer { files.next.unlock() }
            try take(files.lock)
        }
        defer { files.lock.unlock() }
        return try body()
    }

    private func take(_ file: LockFile) throws(StoreError) {
        if !wait(for: file, atMost: Self.waitMax) {
            try end(holderOf: file)
            guard wait(for: file, atMost: Self.endMax) else {
                throw busy(file)
            }
        }
        file.write(pid: pid)
    }

    private func wait(for file: LockFile, atMost span: Millis) -> Bool {
        if file.tryLock() { return true }
        let end = DispatchTime.now() + .milliseconds(Int(span.rawValue))
        var pause = Self.pauseMinMicros
        repeat {
            usleep(pause)
            if file.tryLock() { return true }
            pause = min(pause * 2, Self.pauseMaxMicros)
        } while DispatchTime.now() < end
        return false
    }

    /// A stopped holder would block every tier for ever, and only its end frees the lock. What it had not
    /// committed is rolled back by the next opening, as after any crash.
    private func end(holderOf file: LockFile) throws(StoreError) {
        guard let holder = file.holder, holder != pid, holder > 1, Neighbour.isOurs(holder),
            Neighbour.isStopped(holder)
        else {
            throw busy(file)
        }
        kill(holder, SIGKILL)
    }

    private func busy(_ file: LockFile) -> StoreError {
        .busy("process \(file.holder.map(String.init) ?? "(unknown)") holds \(file.path)")
    }
}
