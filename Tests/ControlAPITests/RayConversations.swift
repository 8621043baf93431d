/// A call that was recorded on Ray 2.60.0, the same call here, and where the answers are meant to differ.
struct RayConversation: Sendable, CustomStringConvertible {
    /// Status, and what the body is: `empty`, `text`, `json`.
    struct Answer: Equatable, Sendable {
        var status: Int
        var kind: String
        init(_ status: Int, _ kind: String) { (self.status, self.kind) = (status, kind) }
    }

    /// Number of the recording.
    var recorded: Int
    var what: String
    var method: String
    var path: String
    var body = ""
    /// Nil: the right token and nothing else. TOKEN and WRONG stand for tokens.
    var headers: [String]?
    var ray: Answer
    /// Keys of a small JSON answer and their types; the document has a test of its own.
    var keys: [String: Set<String>]?
    var ours: (answer: Answer, why: String)?

    var description: String { "\(recorded) \(what)" }
}

extension RayConversation {
    private static let documents = "/api/serve/applications/"
    private static let version = [
        "version": Set(["string"]), "ray_version": ["string"], "ray_commit": ["string"],
        "session_name": ["string"],
    ]

    private static func get(_ recorded: Int, _ what: String, _ path: String, _ ray: Answer) -> Self {
        Self(recorded: recorded, what: what, method: "GET", path: path, ray: ray)
    }

    private static func put(
        _ recorded: Int, _ what: String, _ body: String, _ ray: Answer = Answer(400, "text"),
        ours: (Answer, String)? = nil
    ) -> Self {
        Self(
            recorded: recorded, what: what, method: "PUT", path: documents, body: body, ray: ray, ours: ours)
    }

    private static func application(_ entries: String) -> String {
        #"{"applications":[{"name":"a","import_path":"shop:app",\#(entries)}]}"#
    }

    /// Where nothing runs.
    static let ofNothing: [Self] = [
        with(get(1, "version", "/api/ray/version", Answer(200, "json"))) { $0.keys = version },
        with(get(2, "version of the Jobs API", "/api/version", Answer(200, "json"))) { $0.keys = version },
        get(3, "document of nothing", documents, Answer(200, "json")),
        Self(
            recorded: 4, what: "delete nothing", method: "DELETE", path: documents, ray: Answer(200, "empty")),
        scale(5, "scale nothing", #"{"target_num_replicas":1}"#, Answer(503, "json")).but(
            Answer(404, "json"), "a serve tier always runs: it is the deployment that is not there"),
        put(9, "deploy an empty list", #"{"applications":[]}"#, Answer(200, "empty")),
        get(36, "only imperative ones", "\(documents)?api_type=Imperative", Answer(200, "json")),
        get(37, "unknown api_type", "\(documents)?api_type=bogus", Answer(400, "text")),
        get(67, "scale with GET", scaling, Answer(405, "text")),
        with(scale(68, "scale with a slash behind", #"{"target_num_replicas":3}"#, Answer(404, "text"))) {
            $0.path += "/"
        }.but(Answer(404, "json"), "a slash more is passed over; here the deployment is not there"),
        get(69, "document without the last slash", "/api/serve/applications", Answer(404, "text")).but(
            Answer(200, "json"), "a slash less is passed over"),
        get(70, "path of version 1", "/api/serve/deployments/", Answer(404, "text")),
        Self(
            recorded: 71, what: "POST", method: "POST", path: documents, body: "{}", ray: Answer(405, "text")),
        Self(recorded: 72, what: "HEAD", method: "HEAD", path: documents, ray: Answer(200, "empty")),
    ]

    /// Files that Ray takes or refuses, and what it makes of them; each is put by itself.
    static let ofDeploying: [Self] = [
        put(6, "deploy with commands", command(#""num_replicas":2"#), Answer(200, "empty")),
        put(
            7, "deploy an import path", application(#""runtime_env":{},"args":{}"#), Answer(200, "empty")),
        put(
            7, "with arguments", application(#""runtime_env":{},"args":{"greeting":"hej"}"#),
            Answer(200, "empty")),
        put(
            8, "target_capacity", #"{"applications":[],"target_capacity":50}"#, Answer(200, "empty")),
        put(
            10, "unknown keys", application(#""mystery":1"#), Answer(200, "empty"),
            ours: (Answer(400, "text"), "an unknown key is more likely a slip than a wish")),
        with(put(11, "as text/plain", command(#""num_replicas":1"#), Answer(200, "empty"))) {
            $0.headers = ["Authorization: Bearer TOKEN", "Content-Type: text/plain"]
        },
        put(
            12, "count and autoscaling", command(#""num_replicas":2,"autoscaling_config":{"max_replicas":3}"#)
        ),
        put(13, "a word for a number", command(#""max_ongoing_requests":"many""#)),
        put(14, "no applications", "{}"),
        put(15, "a list", "[1]"),
        put(
            16, "broken JSON", #"{"applications": ["#, Answer(500, "text"),
            ours: (Answer(400, "text"), "the fault is the body's")),
        put(
            17, "a name twice",
            #"{"applications":[{"name":"a","import_path":"s:a","route_prefix":"/a"},"#
                + #"{"name":"a","import_path":"s:a","route_prefix":"/b"}]}"#),
        put(
            18, "a route twice",
            #"{"applications":[{"name":"a","import_path":"s:a","route_prefix":"/a"},"#
                + #"{"name":"b","import_path":"s:a","route_prefix":"/a"}]}"#),
        put(19, "a host inside", application(#""host":"127.0.0.1""#)),
        put(20, "more than all capacity", #"{"applications":[],"target_capacity":140}"#),
        put(
            21, "external scaler and auto",
            application(#""external_scaler_enabled":true,"deployments":[{"name":"d","num_replicas":"auto"}]"#)
        ),
        put(22, "no import path", #"{"applications":[{"name":"a","import_path":"shop"}]}"#),
        put(23, "no replicas", command(#""num_replicas":0"#)),
        put(24, "a count in quotes", command(#""num_replicas":"3""#)),
        put(
            25, "a directory of the sender's", application(#""runtime_env":{"working_dir":"./src"}"#),
            ours: (Answer(200, "json"), "runtime_env is not read; the answer says so")),
        put(26, "less than no CPU", command(#""ray_actor_options":{"num_cpus":-1}"#)),
        put(
            27, "minimum above maximum",
            command(#""num_replicas":"auto","autoscaling_config":{"min_replicas":5,"max_replicas":2}"#),
            Answer(200, "empty"), ours: (Answer(400, "text"), "refused at once, not after it was accepted")),
        put(
            29, "route without a slash", application(#""route_prefix":"a""#), Answer(200, "empty"),
            ours: (Answer(400, "text"), "refused at once, not after it was accepted")),
    ]

    /// With an application `greet` of two replicas that leaves its count to calls, and one `plain` that does not.
    static let ofScaling: [Self] = [
        scale(52, "scale", #"{"target_num_replicas":3}"#, Answer(200, "json")),
        scale(55, "to zero", #"{"target_num_replicas":0}"#, Answer(200, "json")),
        scale(57, "with another key", #"{"target_num_replicas":2,"x":1}"#, Answer(200, "json")),
        scale(58, "with a number in quotes", #"{"target_num_replicas":"2"}"#, Answer(200, "json")),
        scale(
            59, "where it may not", #"{"target_num_replicas":2}"#, Answer(412, "json"),
            of: "plain/deployments/d"),
        scale(
            60, "no such application", #"{"target_num_replicas":2}"#, Answer(404, "json"),
            of: "no/deployments/d"),
        scale(
            61, "no such deployment", #"{"target_num_replicas":2}"#, Answer(404, "json"),
            of: "greet/deployments/no"),
        scale(63, "below zero", #"{"target_num_replicas":-1}"#, Answer(400, "json")),
        scale(64, "a word", #"{"target_num_replicas":"three"}"#, Answer(400, "json")),
        scale(65, "another key alone", #"{"target":1}"#, Answer(400, "json")),
        scale(66, "no JSON", "three", Answer(400, "json")),
    ]

    /// While `greet` is being deleted.
    static let ofDeleting = [scale(62, "being deleted", #"{"target_num_replicas":2}"#, Answer(412, "json"))]

    /// Recorded, and not to be played here.
    static let unplayed: [(recorded: ClosedRange<Int>, why: String)] = [
        (28...28, "as 27"), (30...30, "as 29"), (31...33, "RayState"), (34...34, "as 10"),
        (38...41, "RayState"),
        (42...43, "counts under a target_capacity: TargetCapacityTests of the serve tier"),
        (44...46, "RayState"),
        (47...47, "no code declares deployments: those of the file are all there are"), (48...49, "RayState"),
        (50...50, "as 4"), (51...51, "RayState"), (53...54, "RayState"), (56...56, "RayState"),
        (74...75, "ExternalScalerTests"), (76...76, "as 1"), (88...88, "there is no cluster without a token"),
    ]
}

extension RayConversation {
    private static let scaling = "/api/v1/applications/greet/deployments/d/scale"

    private static func scale(
        _ recorded: Int, _ what: String, _ body: String, _ ray: Answer,
        of target: String = "greet/deployments/d"
    ) -> Self {
        Self(
            recorded: recorded, what: what, method: "POST", path: "/api/v1/applications/\(target)/scale",
            body: body, ray: ray, keys: [ray.status == 200 ? "message" : "error": ["string"]])
    }

    /// A file with one deployment of a command.
    private static func command(_ entries: String) -> String {
        #"{"applications":[{"name":"a","deployments":[{"name":"d","command":["serve"],\#(entries)}]}]}"#
    }

    func but(_ answer: Answer, _ why: String) -> Self { Self.with(self) { $0.ours = (answer, why) } }

    static func with(_ conversation: Self, _ change: (inout Self) -> Void) -> Self {
        var changed = conversation
        change(&changed)
        return changed
    }
}
