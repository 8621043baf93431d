import Link
import Model
import Wire

extension Proxy {
    /// A proxy that syncs with the serve tier at the other end of a link.
    /// - Parameter link: asked before each call, since the tier may have been started again elsewhere.
    package convenience init(settings: IngressSettings, link: @escaping @Sendable () throws -> Link) {
        let path = Routes.proxySync(settings.id)
        self.init(settings: settings) { request in
            let received = try await link().call(
                "POST", path, body: request, deadline: LongPoll.clientDeadline,
                as: Received<ProxySyncAnswer>.self)
            return try received.get(from: SyncLoop.tier, by: SyncLoop.me)
        }
    }
}
