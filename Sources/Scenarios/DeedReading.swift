import Cloud
import Model
import Settings
import Simulation

/// One entry of `script`: an instant, and one thing that happens.
struct DeedReading {
    /// Of the cluster's machines.
    let types: [String]
    let horizon: Millis

    struct Reading {
        var at: Millis
        var kind: Deed.Kind
        /// As the transcript says it.
        var words: String
        /// When its trouble is over by itself.
        var end: Millis
    }

    static let names = [
        "apply", "delete", "crash", "restart", "pause", "partition", "lose_machine", "preempt", "provider",
        "stock_out", "disk_full", "disk_broken", "clock_jump", "reboot", "second_head", "back_up", "restore",
        "lose_state", "target_capacity", "readopt", "conduct", "crash_replica", "hang_replica",
        "slow_replicas", "heal",
    ]
    /// What may stand beside a deed.
    private static let besides: [String: [String]] = [
        "crash": ["for"], "pause": ["for"], "stock_out": ["for"], "provider": ["times"],
        "second_head": ["lock_holds"],
    ]

    func read(_ field: Field) -> Reading? {
        guard let section = field.section else { return nil }
        let at = section.required("at", "`at:` with the time from the start: 30s")?.span()
        let found = section.entries.filter { Self.names.contains($0.name) }
        let beside = found.first.flatMap { Self.besides[$0.name] } ?? []
        section.check(only: ["at"] + beside + (found.isEmpty ? Self.names : found.map(\.name)))
        guard let deed = found.first, found.count == 1 else {
            field.refuse(
                found.isEmpty ? "does nothing" : "does more than one thing",
                "beside `at:` one of: \(Self.names.joined(separator: ", "))")
            return nil
        }
        guard let at, let done = kind(deed.name, deed.field, section) else { return nil }
        if at >= horizon, horizon > .zero {
            section["at"]?.refuse("is after the end of the run", "a time before \(Span.words(horizon))")
        }
        return Reading(at: at, kind: done.kind, words: done.words, end: at + (done.span ?? .zero))
    }

    private typealias Done = (kind: Deed.Kind, words: String, span: Millis?)

    private func kind(_ name: String, _ field: Field, _ beside: Section) -> Done? {
        switch name {
        case "crash", "restart", "pause", "partition", "second_head": ofProcesses(name, field, beside)
        case "lose_machine", "preempt", "provider", "stock_out": ofMachines(name, field, beside)
        case "disk_full", "disk_broken", "clock_jump", "reboot", "back_up", "restore", "lose_state", "heal":
            ofTheHead(name, field)
        default: ofApplications(name, field)
        }
    }

    private func ofProcesses(_ name: String, _ field: Field, _ beside: Section) -> Done? {
        switch name {
        case "crash":
            guard let party = field.process() else { return nil }
            let span = beside["for"]?.span()
            return (.crash(party, downFor: span), "crash \(party)" + (span.map(Self.lasting) ?? ""), span)
        case "restart": return field.process().map { (.restart($0), "restart \($0)", nil) }
        case "pause":
            let span = beside.required("for", "`for:` with a span: 20s")?.span()
            guard let party = field.tier(), let span else { return nil }
            return (.pause(party, for: span), "pause \(party)" + Self.lasting(span), span)
        case "second_head":
            let holds = beside["lock_holds"]?.flag() ?? true
            return field.tier().map {
                (
                    .secondHead($0, lockHolds: holds),
                    "second head of \($0)" + (holds ? "" : ", the lock is broken"), nil
                )
            }
        default: return partition(field)
        }
    }

    private func partition(_ field: Field) -> Done? {
        guard let section = field.section else { return nil }
        section.check(only: ["between", "for", "one_way"])
        let right = "`between:` with two sides: [nodes, agents]"
        let sides = section.required("between", right)?.list("two sides") ?? []
        let span = section.required("for", "`for:` with a span: 40s")?.span()
        let isOneWay = section["one_way"]?.flag() ?? false
        guard sides.count == 2 else {
            if section["between"] != nil { section["between"]?.refuse("must be two sides", right) }
            return nil
        }
        guard let one = sides[0].side(), let other = sides[1].side(), let span else { return nil }
        guard one != other else {
            sides[1].refuse("is the same side", right)
            return nil
        }
        let words = isOneWay ? "cut off what \(one) says to \(other)" : "part \(one) and \(other)"
        return (.partition(one, other, for: span, oneWay: isOneWay), words + Self.lasting(span), span)
    }

    private func ofMachines(_ name: String, _ field: Field, _ beside: Section) -> Done? {
        switch name {
        case "lose_machine":
            return field.whole(in: 1...1000).map { (.loseMachine($0), "lose machine \($0)", nil) }
        case "preempt":
            guard let section = field.section else { return nil }
            section.check(only: ["machine", "notice"])
            let machine = section.required("machine", "`machine:` with its number from 1")?.whole(
                in: 1...1000)
            let notice = section.required("notice", "`notice:` with a span: 120s")?.span()
            guard let machine, let notice else { return nil }
            return (
                .preempt(machine, notice: notice), "preempt machine \(machine) in \(Span.words(notice))",
                notice
            )
        case "provider":
            let names = CloudFault.allCases.map(\.rawValue)
            guard let word = field.word, let fault = CloudFault(rawValue: word) else {
                let nearest = field.word.flatMap { Settings.nearest(to: $0, among: names) }
                field.refuse(
                    "is no fault of a provider",
                    nearest.map { "did you mean \($0)?" } ?? "one of: \(names.joined(separator: ", "))")
                return nil
            }
            let times = beside["times"]?.whole(in: 1...10_000) ?? 1
            return (
                .cloudFault(fault, times: times), "provider: \(word)" + (times > 1 ? ", \(times) times" : ""),
                nil
            )
        default:
            let span = beside.required("for", "`for:` with a span: 2m")?.span()
            guard let type = field.word, types.contains(type) else {
                field.refuse("is no type of the cluster", "one of: \(types.joined(separator: ", "))")
                return nil
            }
            return span.map {
                (.stockOut(type: type, for: $0), "no \(type) to be had" + Self.lasting($0), $0)
            }
        }
    }

    private func ofTheHead(_ name: String, _ field: Field) -> Done? {
        switch name {
        case "disk_full": return field.span().map { (.diskFull(for: $0), "disk full" + Self.lasting($0), $0) }
        case "disk_broken":
            return field.whole(in: 1...10_000).map {
                (.diskBroken(times: $0), "disk broken for \($0) writes", nil)
            }
        case "clock_jump":
            return field.signedSpan().map { (.clockJump($0), "the date jumps by \(Span.words($0))", nil) }
        default:
            guard field.isEmptyOrNull else {
                field.refuse("takes nothing", "`\(name):` alone")
                return nil
            }
            switch name {
            case "reboot": return (.reboot, "reboot of the tiers' machine", .seconds(20))
            case "back_up": return (.backUp, "back up the database", nil)
            case "restore": return (.restore, "put the back-up in its place", .seconds(1))
            case "lose_state": return (.loseState, "lose the database", .seconds(1))
            default: return (.heal, "all trouble ends", nil)
            }
        }
    }

    private static func lasting(_ span: Millis) -> String { " for \(Span.words(span))" }
}
