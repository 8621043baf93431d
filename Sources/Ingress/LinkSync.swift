import Link
import Model
import Wire

extension Proxy {
    /// A proxy that syncs with the serve tier at the other end of `link`.
    package convenience init(settings: IngressSettings, link: Link) {
        let path = Routes.proxySync(settings.id)
        self.init(settings: settings) { request in
            try await link.call(
                "POST", path, body: request, deadline: LongPoll.clientDeadline, as: ProxySyncAnswer.self)
        }
    }
}
