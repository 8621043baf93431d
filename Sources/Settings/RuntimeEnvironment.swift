import Model

/// `runtime_env` of an application or of `ray_actor_options`: its variables are set; the rest of it prepares
/// Python, and is said not to be done.
struct RuntimeEnvironment {
    /// Where `runtime_env` may stand.
    let section: Section

    /// Sorted by name.
    func read() -> [EnvironmentVariable] {
        guard let environment = section["runtime_env"]?.section else { return [] }
        environment.check(known: Self.known, unread: Self.unread)
        return environment["env_vars"].map { ReplicaSection.environment($0, environment.findings) } ?? []
    }

    static let known = ["env_vars"]

    private static let prepare =
        "the command runs with what its machine has: prepare that in the machine's image"
    static let unread = [
        "working_dir", "py_modules", "py_executable", "excludes", "pip", "uv", "conda", "container",
        "image_uri", "java_jars", "worker_process_setup_hook", "config", "nsight",
    ].map { Unread(key: $0, sentence: prepare, onlyWarns: true) }
}

extension [EnvironmentVariable] {
    /// Adds those whose names are not there yet.
    mutating func addBelow(_ others: [EnvironmentVariable]) {
        let names = Set(map(\.name))
        self = (self + others.filter { !names.contains($0.name) }).sorted { $0.name < $1.name }
    }
}
