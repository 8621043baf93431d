import CPlatform
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// What an agent leaves in its directory for the machine it runs on.
enum NodeFiles {
    /// The agent was told that its node is no more, and ended for good.
    static func isRetired(_ nodesDirectory: String, _ node: NodeID) -> Bool {
        access(path(nodesDirectory, node), F_OK) == 0
    }

    static func removeRetired(_ nodesDirectory: String, _ node: NodeID) {
        unlink(path(nodesDirectory, node))
    }

    private static func path(_ nodesDirectory: String, _ node: NodeID) -> String {
        "\(nodesDirectory)/\(node)/retired"
    }
}

/// The two signals of a machine's end, so that only this file knows the platform's names.
enum Signals {
    static let terminate = SIGTERM
    static let kill = SIGKILL
}

/// The boot clock of this host, comparable between processes of one boot; it goes on while the host sleeps.
enum BootClock {
    static func now() -> Moment {
        Moment(tandem_boot_millis())
    }
}
