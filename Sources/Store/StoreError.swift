import Foundation

/// What went wrong with the database, by what the caller does next. `description` is a sentence with the way
/// out.
package enum StoreError: Error, Equatable, Sendable {
    /// Another process holds this role: adopt it or end. `pid` is nil when its lock file does not say.
    case roleTaken(role: StoreRole, pid: Int32?)
    /// A newer holder of this role has committed: nothing more may be written; end the process.
    case fenced(role: StoreRole, mine: Int64, now: Int64)
    /// The database was made by a newer version: end, and start that version.
    case newerSchema(found: Int, known: Int)
    /// The directory or a file in it cannot be used as it is: end; a person must act.
    case unwritable(path: String, reason: String)
    /// No room: change nothing, keep serving, try again.
    case diskFull
    /// Somebody else holds the database: change nothing, keep serving, try again.
    case busy(String)
    /// The file is not what it should be: end; safe mode, and a person decides.
    case corrupt(String)
    /// The database is not the one that this cluster ran on: it is missing, another one, or an older copy.
    /// The process must not go on with it, and must never start with an empty one: end; safe mode, and a
    /// person decides.
    case misplaced(String)
    /// The disk failed to write, to read or to flush: end at once, be started again and recover from the
    /// file. An fsync that failed cannot be tried again on Linux: the pages it lost count as clean
    /// afterwards.
    case broken(String)
    /// A statement was refused or a caller's closure threw: a fault in the program. Nothing was written.
    case failed(String)
}

extension StoreError {
    /// True when the next start must neither write nor order anything before a person has decided.
    package var asksForSafeMode: Bool {
        switch self {
        case .corrupt, .misplaced: true
        case .roleTaken, .fenced, .newerSchema, .unwritable, .diskFull, .busy, .broken, .failed: false
        }
    }

    private static let wayOut =
        "put the right file back, or run: tandem state readopt (makes the state anew from the configuration, the"
        + " agents and the provider)"

    /// What a failed call of the system on a file means.
    init(errno code: Int32, path: String) {
        let reason = String(cString: strerror(code))
        self =
            switch code {
            case ENOSPC, EDQUOT: .diskFull
            case EIO: .broken("\(path): \(reason)")
            default: .unwritable(path: path, reason: reason)
            }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .roleTaken(let role, let pid):
            "the role \(role.rawValue) is held by process \(pid.map(String.init) ?? "(unknown)") on this state"
                + " directory: stop that one first (tandem down), or choose another --state"
        case .fenced(let role, let mine, let now):
            "another process has taken the role \(role.rawValue) (epoch \(now), this one has \(mine)):"
                + " this process writes nothing more and ends"
        case .newerSchema(let found, let known):
            "the database has schema version \(found), this program knows versions up to \(known):"
                + " start the version of tandem that wrote it, or choose another --state"
        case .unwritable(let path, let reason):
            "cannot use \(path): \(reason)"
        case .diskFull:
            "no space is left on the disk of the state directory: nothing was written; make room"
        case .busy(let holder):
            "the database stayed locked (\(holder)): nothing was written; end whatever holds it"
                + " (an open transaction in a sqlite3 shell, for example)"
        case .corrupt(let what):
            "the database is damaged: \(what); \(Self.wayOut)"
        case .misplaced(let what):
            "the database is not the one this cluster ran on: \(what); \(Self.wayOut)"
        case .broken(let what):
            "the disk of the state directory failed: \(what); this process ends and recovers from the file when it is"
                + " started again; look at the disk (dmesg) if that happens again"
        case .failed(let what):
            "the database refused: \(what)"
        }
    }
}
