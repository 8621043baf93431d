import ArgumentParser
import Model
import Simulation

/// Where the load goes.
struct SimulationTarget {
    var path: String
    /// It answers for the path.
    var deployment: DeploymentSettings
    /// What runs besides.
    var others: [OracleMarket.Standing]

    init(_ applications: [ApplicationSettings], route: String?) throws {
        let routed = applications.compactMap { application in
            application.routePrefix.map { (prefix: $0, application: application) }
        }
        let routes = routed.map(\.prefix).sorted().joined(separator: ", ")
        guard !routed.isEmpty else {
            throw ValidationError("--serve: no application has a route_prefix: give one of them one")
        }
        guard let path = route ?? (routed.count == 1 ? routed[0].prefix : nil) else {
            throw ValidationError("--route: several applications have routes, name one of \(routes)")
        }
        let fitting = routed.filter { prefix, _ in
            prefix == "/" || path == prefix || path.hasPrefix(prefix + "/")
        }
        guard let application = fitting.max(by: { $0.prefix.count < $1.prefix.count })?.application,
            let deployment = application.deployments.last
        else {
            throw ValidationError("--route \"\(path)\": no application answers it; there are \(routes)")
        }
        self.path = path
        self.deployment = deployment
        others = applications.flatMap(\.deployments).filter { $0.id != deployment.id }.map { other in
            let count =
                switch other.count {
                case .fixed(let count): count
                case .auto(let settings): settings.minReplicas
                }
            return .init(deployment: other.id, replica: other.replica.resources, count: count)
        }
    }
}

/// How the replicas of the deployment behave: as the options say, else as the built-in handler was told in
/// the serve file, else as usual.
struct Workmanship {
    var service = Millis(200)
    var slots: Int?
    var start = Millis(200)
    /// The serve file says how long a request takes.
    var isKnown = false

    init(_ deployment: DeploymentSettings, _ options: SimulatedWork) {
        let words = deployment.replica.command
        if words.count >= 3, words[1...2] == ["replica", "sleep"] {
            func number(_ name: String) -> Int64? {
                for (index, word) in words.enumerated() {
                    if word == name, index + 1 < words.count { return Int64(words[index + 1]) }
                    if word.hasPrefix(name + "=") { return Int64(word.dropFirst(name.count + 1)) }
                }
                return nil
            }
            (service, isKnown) = (Millis(max(number("--ms") ?? 200, 1)), true)
            slots = number("--slots").flatMap { $0 > 0 ? Int($0) : nil }
            start = Millis(number("--start-ms") ?? start.rawValue)
        }
        slots = options.slots ?? slots
        start = options.startMs.map { Millis($0) } ?? start
    }
}
