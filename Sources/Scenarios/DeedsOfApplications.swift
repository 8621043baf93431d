import Model
import Settings
import Simulation

extension DeedReading {
    /// What people do, and what befalls single replicas.
    func ofApplications(_ name: String, _ field: Field) -> (kind: Deed.Kind, words: String, span: Millis?)? {
        switch name {
        case "apply":
            let applications = field.applications()
            let names = applications.map(\.name).joined(separator: ", ")
            return (.apply(applications), "apply \(names.isEmpty ? "nothing" : names)", nil)
        case "target_capacity":
            return field.whole(in: 0...100).map {
                (.capacity(percent: $0), "apply the same with target_capacity \($0)", nil)
            }
        case "readopt": return (.readopt(field.applications()), "make the state anew if need be", nil)
        case "delete": return field.name().map { (.delete(application: $0), "delete \($0)", nil) }
        case "conduct":
            guard let section = field.section, let entry = section.entries.first else { return nil }
            guard section.entries.count == 1 else {
                field.refuse("names more than one command", "one entry of `script` for each")
                return nil
            }
            return entry.field.conduct().map {
                (.conduct(entry.name, $0), "\(entry.name) behaves otherwise", nil)
            }
        default: return ofReplicas(name, field)
        }
    }

    private func ofReplicas(_ name: String, _ field: Field) -> (
        kind: Deed.Kind, words: String, span: Millis?
    )? {
        guard let section = field.section else { return nil }
        let number = name == "slow_replicas" ? "times" : "number"
        section.check(only: ["of", number])
        let right = "`of:` with a deployment: shop#model"
        guard let of = section.required("of", right), let id = of.deployment(),
            let amount = section.required(number, "`\(number):` with a whole number")?.whole(in: 1...100_000)
        else { return nil }
        switch name {
        case "crash_replica": return (.crashReplica(id, amount), "crash replica \(amount) of \(id)", nil)
        case "hang_replica": return (.hangReplica(id, amount), "hang replica \(amount) of \(id)", nil)
        default:
            return (.slowReplicas(id, times: amount), "replicas of \(id) take \(amount) times as long", nil)
        }
    }
}

extension Field {
    /// `shop#model`.
    func deployment() -> DeploymentID? {
        let parts = word?.split(separator: "#", omittingEmptySubsequences: false) ?? []
        guard let word, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            refuse("is no deployment", "APPLICATION#DEPLOYMENT, such as shop#model")
            return nil
        }
        return DeploymentID(word)
    }
}
