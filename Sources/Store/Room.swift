import Foundation
import Model

/// The reserve: a file that is there only to be removed when the disk is full.
extension StateDirectory {
    /// Its size: the log of the deletions that make more room fits in it.
    package static let reserveBytes: Int64 = 16 * 1_024 * 1_024
    /// It is made only where so much is free, so that it is never what fills the disk.
    static let roomBytes = 2 * reserveBytes

    /// True when it was made just now; false when it is there already, or there is no room for it.
    func makeReserve() -> Bool {
        var facts = stat()
        if stat(reserve, &facts) == 0, facts.st_size >= Self.reserveBytes { return false }
        var disk = statvfs()
        guard statvfs(path, &disk) == 0, Int64(disk.f_bavail) * Int64(disk.f_frsize) >= Self.roomBytes else {
            return false
        }
        let file = Foundation.open(reserve, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(Self.reserveBytes)) == 0 else {
            unlink(reserve)
            return false
        }
        return true
    }

    /// True when there was one.
    @discardableResult
    func removeReserve() -> Bool { unlink(reserve) == 0 }
}

extension Retention {
    /// What is kept when the disk is full: what a plan may read, and the latest of each history for people.
    package static let scarce: Retention = {
        var scarce = Retention()
        scarce.decisionRowsMax = 1_000
        scarce.changeRowsMax = 1_000
        scarce.goneNodeAgeMax = Millis(3_600_000)
        scarce.loadMargin = Millis(60_000)
        return scarce
    }()
}

extension Store {
    /// Makes `reserve` in the state directory where it is missing and there is room for it.
    /// - Returns: true when it was made just now.
    @discardableResult
    package func keepReserve() -> Bool { connection.directory?.makeReserve() ?? false }

    /// The disk is full: gives up the reserve.
    /// - Returns: true when there was one.
    @discardableResult
    package func giveUpReserve() -> Bool { connection.directory?.removeReserve() ?? false }

    /// The disk is full: deletes all history of this tier beyond `retention`, a batch at a time, and cuts the
    /// log in between, since deletions too are written there first. Whatever was deleted before an error
    /// stays deleted.
    /// - Returns: rows deleted.
    @discardableResult
    package func dropHistory(_ retention: Retention = .scarce) throws(StoreError) -> Int {
        var dropped = 0
        try cutLog()
        while case let batch = try trim(retention), batch > 0 {
            dropped += batch
            if logBytes >= Self.checkpointFromBytes { try cutLog() }
        }
        try cutLog()
        return dropped
    }

    /// The log moved into the database file and cut to nothing, unless a reader is on it.
    private func cutLog() throws(StoreError) {
        if logBytes > 0 { _ = try moveLog(cutting: true) }
    }
}
