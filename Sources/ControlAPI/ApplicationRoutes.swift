import Foundation
import Hummingbird
import Listener
import Model
import ServeTier
import Settings
import Store
import Wire

/// Ray Serve's applications API: what is wanted is put whole, and what is, is read.
func addApplications(to router: Router<ListenerContext>, thread: TierThread<ServeDesk>) {
    router.put("/api/serve/applications/") { request, context in
        let body = String(decoding: try await context.bytes(of: request), as: UTF8.self)
        let settings = try readServe(body)
        try await thread.perform { desk in try desk.tier.apply(settings.applications) }
        // Ray answers with an empty body and its client reads none, so what we have to say may stand there.
        return settings.warnings.isEmpty
            ? Answer.text("") : try Answer.json(["warnings": settings.warnings.map(\.description)])
    }
    router.get("/api/serve/applications/") { _, _ in
        try Answer.plainJSON(
            try await thread.perform { desk in ServeDocument.make(try desk.tier.store.state()) })
    }
    router.delete("/api/serve/applications/") { _, _ in
        try await thread.perform { desk in try desk.tier.apply([]) }
        return Answer.text("")
    }
    router.delete("/api/serve/applications/:name") { _, context in
        let name = try context.parameter("name")
        let known = try await thread.perform { desk in try desk.tier.delete(application: name) }
        guard known else {
            throw Problem(
                code: "not_found", message: "there is no application \"\(name)\": tandem status lists them")
        }
        return Answer.text("")
    }
}

private func readServe(_ body: String) throws(Problem) -> ServeSettings {
    do {
        return try Settings.serve(text: body, file: "body")
    } catch {
        throw Problem(
            code: "invalid", message: "nothing was changed: the application file has problems",
            problems: error.problems.map(\.description) + (error.more > 0 ? ["and \(error.more) more"] : []))
    }
}

extension Answer {
    /// JSON whose keys are written as they stand.
    static func plainJSON(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return raw(try encoder.encode(value), contentType: "application/json; charset=utf-8")
    }
}
