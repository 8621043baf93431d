import Hummingbird
import Listener
import Wire

/// What Ray's commands and the proxies before a Ray cluster ask besides the applications.
package enum RayFacts {
    /// Answered without the token, as in Ray: whether one is needed must be told before it is sent, and what asks for
    /// health holds no secrets.
    package static let openPaths: Set = [mode, health]

    static let mode = "/api/authentication_mode"
    static let health = "/api/gcs_healthz"
    /// The first is what `serve` asks before anything else, the second what other clients of Ray ask.
    static let versions = ["/api/ray/version", "/api/version"]

    /// The version whose documents these are, since the client compares it.
    struct Version: Encodable {
        var version = "4"
        var ray_version = "2.60.0"
        var ray_commit = "tandem"
        var session_name = "tandem"
    }
}

func addRayFacts(to router: Router<ListenerContext>, thread: TierThread<ServeDesk>) {
    for path in RayFacts.versions {
        router.get(RouterPath(path)) { _, _ in try Answer.plainJSON(RayFacts.Version()) }
    }
    router.get(RouterPath(RayFacts.mode)) { _, _ in
        try Answer.plainJSON(["authentication_mode": "token"])
    }
    // Of the thread it is only asked whether it goes round: a stranger may not make the tier work.
    router.get(RouterPath(RayFacts.health)) { _, _ in
        guard thread.isAlive else {
            throw Problem(code: "unavailable", message: "the serve tier does not go round")
        }
        return Answer.text("success", contentType: "application/text; charset=utf-8")
    }
}
