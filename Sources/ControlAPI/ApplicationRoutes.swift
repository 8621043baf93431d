import Foundation
import Hummingbird
import Listener
import Model
import ServeTier
import Settings
import Store
import Wire

/// Ray Serve's applications API: what is wanted is put whole, and what is, is read.
package func addApplications(to router: Router<ListenerContext>, thread: TierThread<ServeDesk>) {
    router.put("/api/serve/applications/") { request, context in
        let settings = try readServe(try await context.bytes(of: request))
        let elsewhere = try await thread.perform { desk in
            try desk.tier.apply(
                settings.applications, targetCapacity: settings.targetCapacity, http: settings.http)
            return try desk.tier.difference(from: settings.http)
        }
        // Ray answers with an empty body and its client reads none, so what we have to say may stand there.
        let warnings = settings.warnings.map(\.description) + (elsewhere.map { [$0] } ?? [])
        return warnings.isEmpty ? Answer.text("") : try Answer.json(["warnings": warnings])
    }
    router.get("/api/serve/applications/") { request, _ in
        let type = request.uri.queryParameters["api_type"].map { String($0).lowercased() }
        if let type, !["imperative", "declarative"].contains(type) {
            throw Problem(code: "invalid", message: "api_type is \(type): imperative or declarative")
        }
        let redacts = request.isFromBrowser
        var document = try await thread.perform { desk in
            let store = desk.tier.store
            return ServeDocument.make(try store.state(), now: store.now(), redacts: redacts)
        }
        // All of ours are put by a file.
        if type == "imperative" { document.applications = [:] }
        return try Answer.plainJSON(document)
    }
    addScale(to: router, thread: thread)
    addRayFacts(to: router, thread: thread)
    // A path of its own: a tier that does not know it refuses, where it would pass over a parameter and apply.
    router.post(RouterPath(Routes.preview)) { request, context in
        let settings = try readServe(try await context.bytes(of: request))
        let (changes, elsewhere) = try await thread.perform { desk in
            (
                try desk.tier.preview(settings.applications, targetCapacity: settings.targetCapacity),
                try desk.tier.difference(from: settings.http)
            )
        }
        return try Answer.json(
            ApplyPreview(
                changes: changes.map {
                    .init(change: $0.kind.rawValue, subject: $0.subject, words: $0.words)
                },
                warnings: settings.warnings.map(\.description), notices: elsewhere.map { [$0] } ?? []))
    }
    router.delete("/api/serve/applications/") { _, _ in
        try await thread.perform { desk in try desk.tier.apply([]) }
        return Answer.text("")
    }
    refuseOthers(at: "/api/serve/applications/", than: [.get, .head, .put, .delete], on: router)
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

/// As in Ray a path that is there says which methods it knows.
private func refuseOthers(
    at path: RouterPath, than known: [HTTPRequest.Method], on router: Router<ListenerContext>
) {
    for method in [HTTPRequest.Method.get, .head, .put, .post, .patch, .delete, .options]
    where !known.contains(method) {
        router.on(path, method: method) { _, _ in Answer.notAllowed(but: known) }
    }
}

/// The count of a deployment, set from outside.
private func addScale(to router: Router<ListenerContext>, thread: TierThread<ServeDesk>) {
    let path: RouterPath = "/api/v1/applications/:application/deployments/:deployment/scale"
    refuseOthers(at: path, than: [.post], on: router)
    router.post(path) { request, context in
        let wanted = try? JSONDecoder().decode(
            ScaleCall.self, from: Data(try await context.bytes(of: request)))
        let id = DeploymentID(
            application: try context.parameter("application"), deployment: try context.parameter("deployment")
        )
        guard let wanted, (0...ScaleCall.most).contains(wanted.target_num_replicas) else {
            return try Answer.refusal(
                .badRequest, "the body must be {\"target_num_replicas\": N} with N of 0 to \(ScaleCall.most)")
        }
        switch try await thread.perform({ desk in try desk.tier.scale(id, to: wanted.target_num_replicas) }) {
        case .scaled:
            return try Answer.plainJSON([
                "message": "Scaling request received: \(id) to \(wanted.target_num_replicas) replicas."
            ])
        case .notFound:
            return try Answer.refusal(.notFound, "there is no deployment \(id): tandem status lists them")
        case .notAllowed:
            return try Answer.refusal(
                .preconditionFailed,
                "the application \(id.application) does not leave its counts to a call: put external_scaler_enabled: true"
                    + " into it and deploy it again")
        case .deleting:
            return try Answer.refusal(.preconditionFailed, "the deployment \(id) is being deleted")
        }
    }
}

private struct ScaleCall: Decodable {
    var target_num_replicas: Int
    /// More are taken for a mistake, as in the file.
    static let most = 100_000

    private enum CodingKeys: CodingKey { case target_num_replicas }

    /// As Ray, a number in quotes counts too.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let text = try? fields.decode(String.self, forKey: .target_num_replicas), let number = Int(text) {
            target_num_replicas = number
        } else {
            target_num_replicas = try fields.decode(Int.self, forKey: .target_num_replicas)
        }
    }
}

private func readServe(_ bytes: Data) throws(Problem) -> ServeSettings {
    guard let body = String(validating: SurrogatePairs.joined(bytes), as: UTF8.self) else {
        throw Problem(
            code: "invalid", message: "nothing was changed: the body is not UTF-8, save the file as UTF-8")
    }
    do {
        return try Settings.serve(text: body, file: "body")
    } catch {
        throw Problem(
            code: "invalid", message: "nothing was changed: the application file has problems",
            problems: error.problems.map(\.description) + (error.more > 0 ? ["and \(error.more) more"] : []))
    }
}

extension Answer {
    /// In the shape of Ray's scale call.
    static func refusal(_ status: HTTPResponse.Status, _ words: String) throws -> Response {
        try plainJSON(["error": words], status: status)
    }

    /// JSON whose keys are written as they stand.
    static func plainJSON(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return raw(
            try encoder.encode(value), contentType: "application/json; charset=utf-8", status: status)
    }
}
