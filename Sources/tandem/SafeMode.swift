import ControlAPI
import Foundation
import Listener
import Logging
import Store
import Wire

/// What a tier in safe mode writes into its run file.
struct SafeModeNote: Codable, Sendable, Equatable {
    /// What is wrong with the database.
    var reason: String
    /// What a person may do about it.
    var wayOut: String

    var sentence: String { "\(reason); \(wayOut)" }
}

/// The start of a tier: its database is opened, and while it is not the one that this cluster ran on, the tier waits
/// in safe mode for a person. It leaves by what a person does to the state directory, and by nothing else.
struct SafeMode {
    /// "serve" or "nodes".
    let role: StoreRole
    let port: Int
    let paths: StatePaths
    let token: Token
    let log: Logger

    /// Between two looks at the files.
    static let lookEvery = Duration.milliseconds(500)
    /// Looks between two tries though no file has changed.
    static let looksMax = 10

    /// The database, once it may be used.
    func openStore() async throws -> Store {
        do {
            return try attempt()
        } catch let error as StoreError where error.asksForSafeMode {
            return try await wait(note(error))
        } catch let note as SafeModeNote {
            return try await wait(note)
        }
    }

    /// - Throws: `SafeModeNote` while an operator's `tandem state readopt` is at work or was broken off.
    private func attempt() throws -> Store {
        try refuseDuringReadopt()
        let store = try Store.open(.directory(paths.root), role: role, clock: .system, pid: getpid())
        do {
            // Begun between the look above and the opening: what was opened may be half made.
            try refuseDuringReadopt()
        } catch {
            store.close()
            throw error
        }
        return store
    }

    private func refuseDuringReadopt() throws(SafeModeNote) {
        guard ReadoptLock.isPresent(paths) else { return }
        throw SafeModeNote(
            reason: "the state in \(paths.root) is being made anew by tandem state readopt",
            wayOut: "if that was broken off, run it again")
    }

    private func note(_ error: StoreError) -> SafeModeNote {
        let reason =
            switch error {
            case .corrupt(let what): "the database is damaged: \(what)"
            case .misplaced(let what): "the database is not the one this cluster ran on: \(what)"
            default: "\(error)"
            }
        return SafeModeNote(
            reason: reason,
            wayOut:
                "put the right files back into \(paths.root), or run: tandem state readopt --cluster FILE"
                + " --apps FILE --state \(paths.root)")
    }

    /// Serves in safe mode until the database can be opened.
    private func wait(_ first: SafeModeNote) async throws -> Store {
        log.critical("safe mode", metadata: ["reason": "\(first.reason)", "way out": "\(first.wayOut)"])
        let service = SafeModeService(reason: first.sentence)
        let store = Opened()
        try await RoleProcess.listen(role.rawValue, port: port, paths: paths, token: token) { listener in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await service.run(listener) { port in
                        announce(role.rawValue, paths, port, log, safeMode: first)
                    }
                }
                group.addTask { store.set(try await look(first, service)) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
        guard let opened = store.take() else { throw CancellationError() }
        log.notice("left safe mode")
        return opened
    }

    private func look(_ first: SafeModeNote, _ service: SafeModeService) async throws -> Store {
        var note = first
        var seen: [FileFacts?] = []
        var looks = 0
        while true {
            try await Task.sleep(for: Self.lookEvery)
            let facts = watched.map(FileFacts.init)
            looks += 1
            guard facts != seen || looks >= Self.looksMax else { continue }
            (seen, looks) = (facts, 0)
            do {
                return try attempt()
            } catch {
                // Whatever it is now, a person began this and a person ends it.
                let words = (error as? StoreError).map(self.note) ?? error as? SafeModeNote
                guard let words, words != note else { continue }
                note = words
                service.now(because: words.sentence)
                if let port = RunFile.read(paths.runFile(role.rawValue))?.port {
                    announce(role.rawValue, paths, port, log, safeMode: words)
                }
            }
        }
    }

    private var watched: [String] {
        ["tandem.sqlite", "cluster.json", "readopt.lock"].map { "\(paths.root)/\($0)" }
    }
}

extension SafeModeNote: Error {}

/// Which file a path names, and when it was last written; nil where there is none.
private struct FileFacts: Equatable {
    var number: Int?
    var size: Int?
    var written: Date?

    init?(_ path: String) {
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        number = facts[.systemFileNumber] as? Int
        size = facts[.size] as? Int
        written = facts[.modificationDate] as? Date
    }
}

/// Hands the opened database out of the tasks that waited for it.
private final class Opened: @unchecked Sendable {
    private let lock = NSLock()
    private var store: Store?

    func set(_ store: Store) { lock.withLock { self.store = store } }
    func take() -> Store? { lock.withLock { store } }
}
