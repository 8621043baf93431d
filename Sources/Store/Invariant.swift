#if canImport(Glibc)
    import Glibc
#endif

/// The end of a process whose own state cannot be, in every build: started again, it goes on from the rows as they
/// were last committed.
package enum Invariant {
    /// Says why on standard error, since a trap of an optimized build says nothing, and traps.
    package static func broken(_ why: String) -> Never {
        let line = "invariant broken, this process ends: \(why)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
        preconditionFailure(why)
    }
}
