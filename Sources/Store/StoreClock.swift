import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Which tier a process is.
package enum StoreRole: String, CaseIterable, Hashable, Comparable, Sendable, Codable {
    case serve, nodes

    /// The tier that is told of this one's commits.
    package var other: StoreRole { self == .serve ? .nodes : .serve }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The clocks of the machine. The simulator hands in its own.
package struct StoreClock: Sendable {
    /// Milliseconds since the machine was started, counting while it sleeps.
    package var bootMillis: @Sendable () -> Int64
    /// Milliseconds since 1970, for people only.
    package var unixMillis: @Sendable () -> Int64
    /// Another at every start of the machine.
    package var bootID: @Sendable () -> String

    package init(
        bootMillis: @escaping @Sendable () -> Int64, unixMillis: @escaping @Sendable () -> Int64,
        bootID: @escaping @Sendable () -> String
    ) {
        self.bootMillis = bootMillis
        self.unixMillis = unixMillis
        self.bootID = bootID
    }

    /// The kernel's.
    package static let system = StoreClock(
        bootMillis: { read(CLOCK_BOOTTIME) }, unixMillis: { read(CLOCK_REALTIME) },
        bootID: {
            let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        })

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
