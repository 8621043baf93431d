import Cloud
import Model

extension WorldPlan {
    /// For people: what there is, what is asked of it, and what goes wrong, a line each.
    package var inWords: [String] {
        var lines = ["seed \(seed), \(Words.text(horizon)) at most"]
        let types = cluster.nodeTypes.map { type in
            "\(type.name) with \(Self.cpus(type.resources)), \(type.minWorkers) to \(type.maxWorkers)"
        }
        lines.append("nodes: at most \(cluster.maxWorkers); " + types.joined(separator: "; "))
        lines.append(
            "provider: boots in \(Words.text(cloud.bootDelay)), lists after \(Words.text(cloud.listLag)), "
                + "answers in \(Words.text(cloud.callTime))")
        lines.append("proxies: \(proxies)")
        for application in applications { lines += application.deployments.map(words) }
        lines += clients.map(\.inWords)
        for fault in faults.classes { lines.append("fault: \(fault.rawValue) at rate \(faults[fault])") }
        for (place, deed) in script.enumerated() {
            lines.append("deed \(place + 1) at \(Words.text(deed.at)): \(deed.kind.inWords)")
        }
        if torment != .none { lines.append("torment: \(torment.text)") }
        if let healAt {
            lines.append(
                "all trouble ends at \(Words.text(healAt)); it must rest within \(Words.text(settleWithin))")
        }
        return lines
    }

    private static func cpus(_ resources: Resources) -> String {
        "\(Thousandths(resources[Resources.cpu]).inWords) CPU"
    }

    private func words(_ settings: DeploymentSettings) -> String {
        let conduct = conduct[settings.replica.command.first ?? ""] ?? usualConduct
        let ready = conduct.readyAfter.map { "ready after \(Words.text($0))" } ?? "never ready"
        return
            "deployment \(settings.id): \(settings.count.inWords), "
            + "\(Self.cpus(settings.replica.resources)) each, \(ready), \(conduct.service.inWords) a "
            + "request, at most \(settings.maxOngoing) at a time"
    }
}

extension Thousandths {
    /// `1`, `0.5`.
    fileprivate var inWords: String {
        let rest = abs(rawValue % 1000)
        guard rest != 0 else { return "\(rawValue / 1000)" }
        var digits = String("\(1000 + rest)".dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(rawValue / 1000).\(digits)"
    }
}

extension ReplicaCount {
    fileprivate var inWords: String {
        switch self {
        case .fixed(let count): "\(count) replicas"
        case .auto(let settings):
            "\(settings.minReplicas) to \(settings.maxReplicas) replicas for "
                + "\(settings.targetOngoing.inWords) requests each, up after "
                + "\(Words.text(settings.upscaleDelay)), down after "
                + Words.text(settings.downscaleDelay)
        }
    }
}

extension ServiceTime {
    fileprivate var inWords: String {
        switch self {
        case .fixed(let span), .traced(let span): Words.text(span)
        case .lognormal(let median, let sigma):
            "about \(Words.text(median)) (sigma \(Thousandths(sigma).inWords))"
        }
    }
}

extension ClientPlan {
    fileprivate var inWords: String {
        func list(_ steps: [Step], _ amount: (Int64) -> String) -> String {
            steps.map { "\(amount($0.amount)) from \(Words.text($0.at))" }.joined(separator: ", ")
        }
        let again = retries > 0 ? ", tries \(retries) times more" : ""
        switch load {
        case .open(let steps):
            return "client of \(path): requests a second: \(list(steps) { Thousandths($0).inWords })\(again)"
        case .closed(let steps, let think):
            return
                "client of \(path): users, who think \(Words.text(think)): \(list(steps) { "\($0)" })\(again)"
        case .trace(let arrivals): return "client of \(path): \(arrivals.count) requests as recorded\(again)"
        }
    }
}

extension Deed.Kind {
    /// For people.
    var inWords: String {
        switch self {
        case .apply(let applications):
            let words = applications.flatMap(\.deployments).map { settings in
                let environment = settings.replica.environment.map { " \($0.name)=\($0.value)" }.joined()
                return
                    "\(settings.id) with \(settings.count.inWords) of \(settings.replica.command.first ?? "")"
                    + "\(environment), at most \(settings.maxOngoing) at a time"
            }
            return words.isEmpty ? "apply nothing" : "apply " + words.joined(separator: "; ")
        case .capacity(let percent): return "target_capacity \(percent)"
        case .delete(let application): return "delete \(application)"
        case .crash(let party, let span): return "\(party) dies\(span.map { " for \(Words.text($0))" } ?? "")"
        case .restart(let party): return "\(party) is started"
        case .pause(let party, let span): return "\(party) is stopped for \(Words.text(span))"
        case .partition(let one, let other, let span, let oneWay):
            return "\(one) and \(other) are parted for \(Words.text(span))\(oneWay ? ", one way" : "")"
        case .loseMachine(let number): return "machine \(number) is lost"
        case .preempt(let number, let notice):
            return "machine \(number) is taken back in \(Words.text(notice))"
        case .cloudFault(let fault, let times): return "the provider: \(fault.rawValue), \(times) times"
        case .stockOut(let type, let span): return "no \(type) to be had for \(Words.text(span))"
        default: return othersInWords
        }
    }

    private var othersInWords: String {
        switch self {
        case .diskFull(let span): "the disk is full for \(Words.text(span))"
        case .diskBroken(let times): "\(times) writes fail"
        case .clockJump(let span): "the date jumps by \(span.rawValue) ms"
        case .reboot: "the tiers' machine starts anew"
        case .secondHead(let party, let lockHolds):
            "a second \(party), the lock \(lockHolds ? "holds" : "broken")"
        case .backUp: "the database is copied"
        case .restore: "the copy is put back"
        case .loseState: "the database is lost"
        case .readopt: "the state is made anew if need be"
        case .conduct(let command, _): "\(command) behaves otherwise"
        case .crashReplica(let id, let number): "replica \(number) of \(id) dies"
        case .hangReplica(let id, let number): "replica \(number) of \(id) hangs"
        case .slowReplicas(let id, let times): "\(id) takes \(times) times as long"
        case .heal: "all trouble ends"
        default: "\(self)"
        }
    }
}
