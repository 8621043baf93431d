import Foundation
import Testing

/// What can happen to a database under a cluster that works.
enum Disaster: String, CaseIterable, CustomTestStringConvertible {
    case damaged, deleted, deletedInUse, replaced, older

    var testDescription: String { rawValue }
}

extension EndToEnd.Alone {
    /// Under load the database is lost: requests go on in safe mode, and through the making anew of the state.
    @Test(.timeLimit(.minutes(3)), arguments: Disaster.allCases)
    func aLostDatabaseFailsNoRequest(disaster: Disaster) async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        let demo = Application.sleeper(ms: 50, replicas: .fixed(6))
        try await cluster.start(apps: serveFile(demo))
        let report = try await cluster.load(users: 12) { load in
            // More than one machine has room for.
            try await eventually("six replicas on two machines") {
                let status = try await cluster.status()
                return try status.deployment(demo.deployment).ready == 6 && status.readyNodes == 2
            }
            try await load.answers(50)
            let before = try await cluster.status()
            let machines = try await cluster.instances().map(\.id).sorted()
            try await cluster.strike(disaster)

            let safe = try await cluster.safeMode()
            #expect(safe.allSatisfy { !$0.reason.isEmpty && $0.wayOut.contains("tandem state readopt") })
            let refused = try await cluster.control(
                "GET", "/api/serve/applications/", at: try cluster.runFile("serve").address)
            #expect(refused.status == 503 && refused.body.contains("safe_mode"))
            try await load.answers(200)

            let outcome = try await cluster.readoptDuringALook(serveFile(demo))
            #expect(outcome.code == 0, "\(outcome.whole)")
            try await cluster.served()
            let after = try await cluster.status()
            #expect(after.pids.filter { before.pids[$0.key] == $0.value } == before.pids, "the same replicas")
            #expect(after.nodes.map(\.id).sorted() == before.nodes.map(\.id).sorted())
            #expect(try await cluster.instances().map(\.id).sorted() == machines)
            try await load.answers(200)

            // It not only lives: it works.
            try await cluster.deploy(serveFile(.sleeper(ms: 50, replicas: .auto(from: 1, to: 8))))
            load.users(2)
            try await eventually("one replica for two users") {
                try await cluster.status().deployment(demo.deployment).ready == 1
            }
        }
        #expect(report.failed == 0, "\(report.failures)")
        #expect(try await cluster.stop() == [])
    }

    /// The right file put back ends safe mode, at once and by itself.
    @Test(.timeLimit(.minutes(1)))
    func theRightFilePutBackEndsSafeMode() async throws {
        let cluster = try Cluster(settings: SharedCluster.settings)
        defer { cluster.clear() }
        try await cluster.start(apps: serveFile(.sleeper(ms: 0, replicas: .fixed(2))))
        try await cluster.served()
        let before = try await cluster.status().pids
        #expect(before.count == 2)
        let report = try await cluster.load(users: 2) { load in
            try await cluster.withTiersDead { try cluster.move("tandem.sqlite", to: "away.sqlite") }
            _ = try await cluster.safeMode()
            try cluster.move("away.sqlite", to: "tandem.sqlite")
            try await eventually("both tiers work") { try cluster.safeTiers().isEmpty }
            try await cluster.served()
            try await load.answers(20)
        }
        #expect(report.failed == 0, "\(report.failures)")
        #expect(try await cluster.status().pids == before)
        // A state that is well is not made anew.
        let outcome = try await cluster.readopt(serveFile(.sleeper(ms: 0)))
        #expect(outcome.code != 0 && outcome.whole.contains("nothing was changed"), "\(outcome.whole)")
        #expect(try await cluster.status().pids == before)
        #expect(try await cluster.stop() == [])
    }
}

// MARK: - Doing it

extension Cluster {
    /// A tier in safe mode, as its run file says.
    struct SafeTier: Decodable {
        var reason: String
        var wayOut: String
    }

    func strike(_ disaster: Disaster) async throws {
        let path = state + "/tandem.sqlite"
        switch disaster {
        case .damaged: try await withTiersDead { try self.flipBytes(of: path) }
        case .deleted: try await withTiersDead { try self.remove(path) }
        case .deletedInUse: try remove(path)
        case .replaced:
            let other = try Cluster(settings: nil)
            defer { other.clear() }
            try await other.start(apps: nil)
            _ = try await other.stop()
            try await withTiersDead { try self.putDatabase(of: other.state) }
        case .older:
            let copy = directory + "/copy"
            let epochs = try await [epoch("serve"), epoch("nodes")]
            try await withTiersDead { try self.copyDatabase(to: copy) }
            try await eventually("both tiers have begun anew") {
                let now = try await [self.epoch("serve"), self.epoch("nodes")]
                return zip(epochs, now).allSatisfy { $0 < $1 }
            }
            try await withTiersDead { try self.putDatabase(of: copy) }
        }
    }

    /// `kill -9` of both tiers; neither is started again before `act` has changed the files.
    func withTiersDead(_ act: () throws -> Void) async throws {
        let up = try pid("up")
        // One that has just been started has its epoch before it has written its own number down.
        try await eventually("both tiers run") {
            try ["serve", "nodes"].allSatisfy { Processes.isAlive(try self.pid($0)) }
        }
        // The supervisor would start them at once.
        kill(up, SIGSTOP)
        defer { kill(up, SIGCONT) }
        let victims = try ["serve", "nodes"].map { try pid($0) }
        for victim in victims { kill(victim, SIGKILL) }
        try await eventually("both tiers are dead", every: .milliseconds(5)) {
            !victims.contains(where: Processes.isAlive)
        }
        try act()
    }

    /// Both tiers are in safe mode.
    func safeMode() async throws -> [SafeTier] {
        try await eventually("both tiers are in safe mode") {
            let tiers = try self.safeTiers()
            return tiers.count == 2 ? tiers : nil
        }
    }

    func safeTiers() throws -> [SafeTier] {
        struct File: Decodable {
            var pid: Int32
            var safeMode: SafeTier?
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try ["serve", "nodes"].compactMap { role in
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(state)/run/\(role).json"))
            let file = try decoder.decode(File.self, from: data)
            guard Processes.isAlive(file.pid) else {
                throw Overdue(description: "\(role) does not run")
            }
            return file.safeMode
        }
    }

    /// As `readopt`, begun while a role is held, as a tier in safe mode holds it for a look at its files.
    func readoptDuringALook(_ apps: String) async throws -> Tandem.Outcome {
        let descriptor = open("\(state)/nodes.lock", O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        try await eventually("the tier is not at a look", every: .milliseconds(5)) {
            flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        async let outcome = readopt(apps)
        try await eventually("readopt has begun", every: .milliseconds(5)) {
            access("\(self.state)/readopt.lock", F_OK) == 0
        }
        flock(descriptor, LOCK_UN)
        return try await outcome
    }

    func readopt(_ apps: String) async throws -> Tandem.Outcome {
        let file = try write(apps, as: "wanted.yaml")
        return try await tandem(
            "state", "readopt", "--cluster", directory + "/cluster.yaml", "--apps", file,
            within: .seconds(100))
    }

    // MARK: - Files

    private static let databaseFiles = ["", "-wal", "-shm"]

    func move(_ name: String, to other: String) throws {
        for end in Self.databaseFiles {
            _ = rename("\(state)/\(name)\(end)", "\(state)/\(other)\(end)")
        }
    }

    private func remove(_ path: String) throws {
        for end in Self.databaseFiles { unlink(path + end) }
    }

    private func copyDatabase(to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for end in Self.databaseFiles where access("\(state)/tandem.sqlite\(end)", F_OK) == 0 {
            try FileManager.default.copyItem(
                atPath: "\(state)/tandem.sqlite\(end)", toPath: "\(directory)/tandem.sqlite\(end)")
        }
    }

    private func putDatabase(of directory: String) throws {
        try remove(state + "/tandem.sqlite")
        for end in Self.databaseFiles where access("\(directory)/tandem.sqlite\(end)", F_OK) == 0 {
            try FileManager.default.copyItem(
                atPath: "\(directory)/tandem.sqlite\(end)", toPath: "\(state)/tandem.sqlite\(end)")
        }
    }

    /// The heads of all pages but the first, of the file and of its log, which holds what was written last.
    private func flipBytes(of path: String) throws {
        for end in ["", "-wal"] {
            guard let file = FileHandle(forUpdatingAtPath: path + end) else { continue }
            defer { try? file.close() }
            let size = try file.seekToEnd()
            var place: UInt64 = 4_096
            while place + 64 < size {
                try file.seek(toOffset: place)
                let bytes = try file.read(upToCount: 64) ?? Data()
                try file.seek(toOffset: place)
                try file.write(contentsOf: Data(bytes.map { ~$0 }))
                place += 4_096
            }
        }
    }
}
