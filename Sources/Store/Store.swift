import Foundation
import GRDB
import Model

/// All cluster state, for one tier process: the only way to it.
///
/// One thread of the tier calls `state` and `commit`; the calls are safe from others. A call inside the closure of
/// another is a fault of the program and traps.
package final class Store: @unchecked Sendable {
    package let role: StoreRole
    /// That of this holder of the role; part of every fence.
    package let epoch: Int64
    /// Tag of the cluster's machines.
    package let clusterUUID: String
    /// Heard by the other tier's ring; nil in memory.
    package let doorbell: Doorbell?

    let connection: Connection
    let clock: StoreClock
    private let clockOffset: Int64
    /// What a person should be told of the opening; nil: nothing.
    package let remark: String?
    let side: SideFile
    /// Nil in memory.
    let files: OpenedFiles?
    private let roleLock: LockFile?
    private let simulated: (shared: SharedMemory, hold: Int)?
    let reading: Reading?

    /// Every so many calls of `state` the whole is read too, and compared.
    static let sampleEvery = 4_096

    private let lock = NSLock()
    private var kept = Kept()

    private struct Kept {
        var clusterGeneration: Int64 = 0
        var state: ClusterState?
        /// The newest change, as of `state`, in a table that this tier's plans read.
        var planned: Int64 = 0
        /// Of the connection when `state` was read.
        var version: Int?
        var calls = 0
        var mismatches = 0
        /// Every change up to here is in `state` or was made by this Store.
        var ownUpTo: Int64 = 0
        var window = LoadWindow()
        var isOpen = true
        /// Since `takeTouched`; nil: nobody asks.
        var touched: TouchedRows?

        /// - Parameter read: what a reading has brought; nil: everything.
        mutating func note(_ read: StateReading.Touched?) {
            guard touched != nil else { return }
            guard let read else {
                touched?.all()
                return
            }
            for (table, keys) in read.keys { for key in keys { touched?.add(key, of: table) } }
        }

        /// Takes over what this process has just committed, so that it is not read again. Other columns of its own
        /// row in `role` than these are not changed by a commit.
        /// - Parameter before: the connection's version when the transaction began.
        mutating func follow(
            _ transaction: StoreTransaction, _ span: (before: Int64, after: Int64), _ before: Int?,
            _ role: StoreRole
        ) {
            guard var state else { return }
            self.state = nil  // nobody else holds it: nothing is copied
            defer { self.state = state }
            guard StateReading.follow(transaction.written, span, in: &state, for: role, planned: &planned)
            else {
                return
            }
            for row in transaction.written { touched?.add(row.key, of: row.table) }
            if let before, before == version { version = before + 1 }
            #if MUTANTS
                if Mutant.forgetsOwnRenewal.isOn { return }
            #endif
            if let renewal = transaction.renewal {
                state.roles[role]?.renewals += 1
                state.roles[role]?.heardAt = renewal.at
                state.roles[role]?.address = renewal.address
            }
        }
    }

    init(
        _ opened: Opened, _ opening: Opening, _ settled: Opening.Settled, _ window: LoadWindow,
        _ files: OpenedFiles?
    ) throws(StoreError) {
        role = opening.role
        connection = opened.connection
        clock = opening.clock
        side = opened.side
        remark = opened.remark
        roleLock = opened.roleLock
        simulated = opened.simulated
        self.files = files
        epoch = settled.epoch
        clusterUUID = settled.clusterUUID
        clockOffset = settled.clockOffset
        kept.clusterGeneration = settled.clusterGeneration
        kept.window = window
        if let directory = connection.directory {
            reading = try Reading(directory)
            doorbell = try Doorbell(in: directory.run, role: role)
        } else {
            reading = nil
            doorbell = nil
        }
    }

    deinit { close() }

    /// Part of every fence; grows only by `raiseClusterGeneration`, and is that of the latest commit: one tier's raise
    /// reaches the other with its next renewal.
    package var clusterGeneration: Int64 { lock.withLock { kept.clusterGeneration } }

    /// The cluster clock.
    package func now() -> Moment { Moment(clock.bootMillis() + clockOffset) }

    /// Unix time in milliseconds, for the columns meant for people.
    package func unixMillis() -> Int64 { clock.unixMillis() }

    /// The cluster generation to rise above when a peer has obeyed a fence of somebody who outranks this process: the
    /// database is a restored or a new one under a cluster that runs. Nil: ours is the higher.
    package func outranked(by fence: Fence) -> Int64? {
        (fence.clusterGeneration, fence.epoch) > (clusterGeneration, epoch)
            ? fence.clusterGeneration : nil
    }

    // MARK: - Writing

    /// One transaction behind the write lock, refused with `fenced` when a newer process holds the role. Any
    /// error, also one thrown by `body`, leaves nothing written. Afterwards the other tier's bell is rung.
    /// Only SQL and quick arithmetic belong in `body`: the whole cluster waits for it.
    @discardableResult
    package func commit<T>(_ body: (StoreTransaction) throws -> T) throws(StoreError) -> T {
        var transaction: StoreTransaction?
        var span: (before: Int64, after: Int64) = (0, 0)
        var version: Int?
        var generation: Int64 = 0
        let result = try self.transaction { db throws in
            version = connection.version
            (generation, span.before) = try checkHolder(db)
            let writing = StoreTransaction(
                db, role: role, epoch: epoch, clock: clock, now: now(), memo: connection.memo)
            transaction = writing
            let result = try body(writing)
            span.after = try StateReading.newestChange(db)
            return result
        }
        lock.withLock {
            if span.before <= kept.ownUpTo { kept.ownUpTo = max(kept.ownUpTo, span.after) }
            kept.clusterGeneration = transaction?.clusterGeneration ?? generation
            kept.window.add(transaction?.appended ?? [])
            for deployment in transaction?.forgotten ?? [] { kept.window.drop(deployment) }
            if let transaction { kept.follow(transaction, span, version, role) }
        }
        if span.after > span.before { doorbell?.ring(role.other) }
        // The commit stands whether or not this can be noted now: upkeep notes it again.
        if transaction?.clusterGeneration != nil { try? keepIdentity() }
        return result
    }

    func transaction<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        guard let faults else { return try connection.transaction(as: role, body) }
        try faults.beforeTransaction(role)
        let result = try connection.transaction(as: role) { db throws in
            let result = try body(db)
            try faults.beforeCommit(role)
            return result
        }
        try faults.afterCommit(role)
        return result
    }

    /// Only a simulation has any.
    private var faults: (any StoreFaults)? { simulated?.shared.faults }

    func snapshot<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        try faults?.beforeRead(role)
        return try connection.snapshot(body)
    }

    /// - Returns: the cluster generation, which the other tier may have raised, and the newest change.
    @discardableResult
    func checkHolder(_ db: Database) throws -> (clusterGeneration: Int64, newestChange: Int64) {
        let statement = try db.cachedStatement(
            sql: """
                SELECT (SELECT epoch FROM role WHERE role = ?), (SELECT cluster_generation FROM cluster),
                (SELECT max(seq) FROM change)
                """)
        let row = try Row.fetchOne(statement, arguments: [role.rawValue])
        let now = row?[0] as Int64? ?? 0
        guard now == epoch else {
            #if MUTANTS
                if Mutant.staleEpochCommits.isOn { return (clusterGeneration, row?[2] as Int64? ?? 0) }
            #endif
            throw StoreError.fenced(role: role, mine: epoch, now: now)
        }
        _ = try Opening.version(db)
        return (row?[1] as Int64? ?? 0, row?[2] as Int64? ?? 0)
    }

    // MARK: - Reading

    /// Everything to plan with. Costs what changed since the last call.
    /// - Throws: `StoreError.fenced` when another process has the role: end.
    package func state() throws(StoreError) -> ClusterState {
        lock.lock()
        defer { lock.unlock() }
        kept.calls += 1
        let sampled = kept.calls % Self.sampleEvery == 0
        let version = connection.version
        if let version, version == kept.version, let state = kept.state, !sampled { return state }
        let isFirst = kept.state == nil
        var state = kept.state ?? ClusterState()
        kept.state = nil  // should the reading fail, the next one is whole
        var planned = kept.planned
        var touched: StateReading.Touched?
        let differed = try snapshot { db throws -> Bool in
            let reading = StateReading(db: db, memo: connection.memo)
            touched = isFirst ? nil : try reading.touched(since: state.changeSequence)
            guard try reading.advance(&state, by: touched, for: role, planned: &planned) else {
                state = try reading.whole()
                planned = state.changeSequence
                touched = nil
                return false
            }
            guard sampled else { return false }
            let whole = try reading.whole()
            defer { state = whole }
            return whole != state
        }
        if differed { kept.mismatches += 1 }
        kept.note(differed ? nil : touched)
        // Also one that cannot commit, and so would not hear it there, stops acting for a role that it has lost.
        if let holder = state.roles[role], holder.epoch != epoch {
            #if MUTANTS
                if Mutant.staleEpochCommits.isOn { return state }
            #endif
            throw StoreError.fenced(role: role, mine: epoch, now: holder.epoch)
        }
        kept.state = state
        kept.version = version
        kept.planned = planned
        kept.ownUpTo = max(kept.ownUpTo, state.changeSequence)
        return state
    }

    /// Which rows of the state have changed since the last call; everything at the first. What is told here is in the
    /// state that the latest call of `state` gave, or was committed by this process after it.
    package func takeTouched() -> TouchedRows {
        lock.withLock {
            defer { kept.touched = TouchedRows() }
            return kept.touched ?? TouchedRows(isAll: true)
        }
    }

    /// How often a sampled whole reading differed from the kept state. Anything but 0 is a fault to be reported;
    /// the whole reading won.
    package var stateMismatches: Int { lock.withLock { kept.mismatches } }

    /// The newest change, as of the last call of `state`, that concerns the plans of this tier. It may be later than
    /// that, never earlier.
    package var plannedChanges: Int64 { lock.withLock { kept.planned } }

    /// The newest change that was read or made by this Store, with no gap before it.
    package var knownChanges: Int64 { lock.withLock { kept.ownUpTo } }

    /// True when rows of `ClusterState` have changed that this Store neither wrote nor has read since. For the poll
    /// beside the doorbell: 5 µs. Renewals alone are no news.
    package func hasNews() throws(StoreError) -> Bool {
        if let version = connection.version, version == lock.withLock({ kept.version }) { return false }
        let newest: Int64?
        if let reading {
            newest = try reading.newestChange()
        } else {
            newest = try snapshot(StateReading.newestChange)
        }
        guard let newest else { return false }
        let known = lock.withLock { kept.ownUpTo }
        if newest <= known { reading?.rest() }
        return newest > known
    }

    /// Load of the deployment by proxy, oldest first: every bucket within the largest look-back. Serve tier only.
    package func loadBuckets(_ deployment: DeploymentID) -> [String: [LoadBucketRow]] {
        lock.withLock { kept.window.buckets[deployment] ?? [:] }
    }

    /// The same of every deployment.
    package var loadBuckets: [DeploymentID: [String: [LoadBucketRow]]] {
        lock.withLock { kept.window.buckets }
    }

    /// The highest sequence stored of each deployment, as one life of a proxy told it.
    package func storedSequences(of proxy: String, incarnation: String) -> [DeploymentID: Int64] {
        let buckets = loadBuckets
        return buckets.compactMapValues { proxies in
            proxies[proxy]?.lazy.filter { $0.incarnation == incarnation }.map(\.sequence).max()
        }
    }

    func forgetBuckets(endedBefore moment: Moment) {
        lock.withLock { kept.window.drop(endedBefore: moment) }
    }

    // MARK: - End

    /// Gives the role back. Nothing may be called afterwards.
    package func close() {
        let wasOpen = lock.withLock {
            defer { kept.isOpen = false }
            return kept.isOpen
        }
        guard wasOpen else { return }
        reading?.close()
        if connection.directory != nil {
            // The log stays as it is: the next opening reads it. A failure to close ends with the process.
            try? connection.gate.hold { try connection.queue.close() }
        }
        doorbell?.close()
        roleLock?.unlock()
        if let simulated { simulated.shared.release(role, simulated.hold) }
    }
}
