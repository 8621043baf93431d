/// What was recorded on Ray 2.60.0 with tokens.
extension RayConversation {
    private static let documents = "/api/serve/applications/"
    private static let good = "Bearer TOKEN"

    private static func ask(
        _ recorded: Int, _ what: String, _ headers: [String], _ ray: Answer, _ method: String = "GET",
        at path: String = documents, body: String = ""
    ) -> Self {
        Self(
            recorded: recorded, what: what, method: method, path: path, body: body, headers: headers, ray: ray
        )
    }

    static let ofTokens: [Self] = [
        ask(
            35, "document for a browser", ["Authorization: \(good)", "User-Agent: Mozilla/5.0"],
            Answer(200, "json")),
        ask(
            73, "a page writes", ["Authorization: \(good)", "Origin: http://evil.example"],
            Answer(405, "text"),
            "PUT", body: #"{"applications":[]}"#),
        ask(
            77, "deploy", ["authorization: \(good)"], Answer(200, "empty"), "PUT",
            body: #"{"applications":[]}"#),
        ask(78, "wrong token", ["authorization: Bearer WRONG"], Answer(403, "text"), at: "/api/ray/version"),
        ask(79, "no token", [], Answer(401, "text"), at: "/api/ray/version"),
        ask(80, "without the word", ["Authorization: TOKEN"], Answer(403, "text")),
        ask(81, "the word in lower case", ["Authorization: bearer TOKEN"], Answer(403, "text")),
        ask(82, "the second header", ["X-Ray-Authorization: \(good)"], Answer(200, "json")),
        ask(
            83, "the first header decides",
            ["Authorization: Bearer WRONG", "X-Ray-Authorization: \(good)"], Answer(403, "text")),
        ask(84, "cookie", ["Cookie: ray-authentication-token=TOKEN"], Answer(200, "json")),
        ask(
            85, "scale without", [], Answer(401, "text"), "POST",
            at: "/api/v1/applications/a/deployments/b/scale", body: #"{"target_num_replicas":1}"#),
        ask(86, "unknown path without", [], Answer(401, "text"), at: "/api/nosuch"),
        with(ask(87, "mode", [], Answer(200, "json"), at: "/api/authentication_mode")) {
            $0.keys = ["authentication_mode": ["string"]]
        },
        ask(89, "log in", ["Authorization: \(good)"], Answer(200, "json"), "POST", at: "/api/authenticate")
            .but(
                Answer(404, "text"),
                "no cookie is handed out: a browser would send it to every port of this machine, replicas' too"
            ),
        ask(90, "health", [], Answer(200, "text"), at: "/api/gcs_healthz"),
    ]
}
