import Cloud
import Model
import Store

/// How long the next call for one intent waits when nothing says how long.
enum RetryRule {
    static let first = Millis(500)
    static let max = Millis(30_000)
    /// A terminate that was accepted is asked for again after this long at the earliest: machines take seconds to stop.
    static let acceptedFor = Millis(5_000)

    static func wait(attempts: Int) -> Millis {
        min(Millis(first.rawValue << Int64(min(Swift.max(attempts - 1, 0), 12))), max)
    }
}

extension NodeStep {
    mutating func fold(_ answer: ProviderAnswer) {
        switch answer {
        case .offerings(.failure(.throttled(let wait))), .list(.failure(.throttled(let wait))):
            throttled(wait)
        case .offerings: break  // kept by the tier: a catalogue is not cluster state
        case .list(.success(let instances)): fold(list: instances)
        case .list(.failure): break  // a list is whole or it is nothing
        case .create(let node, .success(let instance)): created(node, instance)
        case .create(let node, .failure(let error)): notCreated(node, error)
        case .terminate(let node, let error): terminated(node, error)
        }
    }

    private mutating func created(_ node: NodeID, _ instance: Instance) {
        guard let row = state.nodes[node], row.token == instance.token else { return }
        if instance.state == .terminated {
            // The token's machine has come and gone (late answer after a loss): this intent is over.
            finish(
                node, rule: "machine_ended", because: "the provider says that its machine has already ended")
            return
        }
        learn(node, instance)
    }

    private mutating func learn(_ node: NodeID, _ instance: Instance) {
        if let row = state.nodes[node], row.instance == nil { learnOfferings(of: row, instance) }
        update(node) { row in
            row.instance = instance.id
            row.zone = instance.offering.zone
            row.capacityType = instance.offering.capacityType
            row.microdollarsPerHour = instance.offering.microdollarsPerHour
            if row.phase == .requested {
                row.phase = .booting
                row.attempts = 0
                row.nextTryAt = nil
                row.lastError = ""
                row.absentLists = -NodeRule.listsBeforeShown
            }
        }
    }

    private mutating func notCreated(_ node: NodeID, _ error: CloudError) {
        guard let row = state.nodes[node], row.phase == .requested else { return }
        switch error {
        case .outOfCapacity(let words, let offerings):
            fail(row, .stockOut, of: offerings, reason: words)
            giveUp(row, rule: "out_of_capacity", because: "the provider has none: \(words)")
        case .quotaReached(let words, let offerings):
            fail(row, .quota, of: offerings, reason: words)
            giveUp(row, rule: "quota", because: "the account's limit is reached: \(words)")
        case .rejected(let words, let offerings):
            fail(row, .rejected, of: offerings, reason: words)
            giveUp(row, rule: "rejected", because: "the provider refused the request: \(words)")
        case .throttled(let retryAfter):
            throttled(retryAfter)
            again(node, in: retryAfter, row.isUnknown ? row.lastError : "throttled by the provider")
        case .unavailable(let words):
            again(node, in: RetryRule.wait(attempts: row.attempts), row.isUnknown ? row.lastError : words)
        case .outcomeUnknown(let words):
            again(node, in: RetryRule.wait(attempts: row.attempts), NodeRow.unknownMark + words)
        }
    }

    /// Ends an intent that was refused. An earlier call for it, whose answer nobody heard, may have made the machine
    /// all the same: then lists have to show that there is none.
    private mutating func giveUp(_ node: NodeRow, rule: String, because reason: String) {
        if node.attempts > 1 {
            terminate(node.id, rule: rule, because: reason)
        } else {
            finish(node.id, rule: rule, because: reason)
        }
    }

    private mutating func again(_ node: NodeID, in wait: Millis, _ words: String) {
        let now = now
        update(node) { row in
            row.nextTryAt = now + wait
            row.lastError = words
        }
    }

    private mutating func terminated(_ node: NodeID, _ error: CloudError?) {
        // Said also of machines that go back without a node.
        if case .throttled(let retryAfter)? = error { throttled(retryAfter) }
        guard let row = state.nodes[node], row.phase == .terminating else { return }
        // Success means that the wish was heard; the list says when it came true.
        let wait =
            switch error {
            case .throttled(let retryAfter): retryAfter
            case nil: max(RetryRule.wait(attempts: row.attempts), RetryRule.acceptedFor)
            default: RetryRule.wait(attempts: row.attempts)
            }
        again(node, in: wait, error.map { "\($0)" } ?? "")
    }

    // MARK: - Lists

    private mutating func fold(list: [Instance]) {
        guard believes(list) else { return }
        let byToken = Dictionary(list.map { ($0.token, $0) }, uniquingKeysWith: { first, _ in first })
        let byID = Dictionary(list.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for node in nodes(in: [.requested, .booting, .ready, .draining, .terminating])
        where !node.provider.isEmpty {
            // By its id once that is known: should a provider make two of one token, the other says nothing of ours.
            fold(node.instance.map { byID[$0] } ?? byToken[node.token], for: node)
        }
        let listed = Set(list.map(\.id))
        for instance in list.sorted(by: { $0.id < $1.id }) {
            let known = state.instances[instance.id]
            let state = word(instance.state)
            put(
                InstanceSeenRow(
                    instance: instance.id, token: instance.token, node: instance.node,
                    type: instance.offering.nodeType, state: state,
                    seenAt: known?.state == state ? known?.seenAt ?? now : now,
                    firstSeenAt: known?.firstSeenAt ?? now,
                    preemptedAt: instance.preemptedIn.map { known?.preemptedAt ?? now + $0 }))
        }
        for id in state.instances.keys.sorted() where !listed.contains(id) { forget(instance: id) }
    }

    private mutating func fold(_ instance: Instance?, for node: NodeRow) {
        switch instance?.state {
        case .pending, .running, .stopping, .unknown:
            if let instance, node.phase == .requested || node.instance == nil { learn(node.id, instance) }
            update(node.id) { $0.absentLists = 0 }
        case .terminated, nil:
            let ended = instance?.state == .terminated
            let isAbsent = node.absentLists + 1 >= NodeRule.absentListsToBeGone
            switch node.phase {
            // One list may omit a machine; one that nobody has seen yet may also be too new for many.
            case .terminating where ended || isAbsent:
                finish(node.id, rule: "terminated", because: node.why)
            case .booting where ended || isAbsent:
                finish(
                    node.id, rule: "ended_while_booting",
                    because: "its machine ended before its agent said hello")
            case .ready, .draining:
                // A machine shown as ended needs no second list; its agent's silence is the second witness.
                update(node.id) {
                    $0.absentLists = ended ? NodeRule.absentListsToBeGone : min($0.absentLists + 1, 1_000)
                }
            case .terminating, .booting:
                update(node.id) { $0.absentLists = min($0.absentLists + 1, 1_000) }
            case .requested where node.isUnknown:
                // No definite answer yet: lists may tell that there is no machine.
                update(node.id) { $0.absentLists = min($0.absentLists + 1, 1_000) }
            case .requested, .gone: break
            }
        }
    }

    private func word(_ state: Instance.State) -> String {
        switch state {
        case .pending: InstanceWord.pending
        case .running: InstanceWord.running
        case .stopping: InstanceWord.stopping
        case .terminated: InstanceWord.terminated
        case .unknown(let word): InstanceWord.known.contains(word) ? word + "?" : word
        }
    }
}

extension NodeRow {
    /// How `last_error` begins when a launch may or may not have been carried out.
    static let unknownMark = "outcome unknown: "

    /// It was asked for, and nobody knows whether there is a machine.
    var isUnknown: Bool { phase == .requested && lastError.hasPrefix(Self.unknownMark) }
}

/// The words of `instance_seen.state`; any other is one that the provider said and this version does not know.
enum InstanceWord {
    static let pending = "pending"
    static let running = "running"
    static let stopping = "stopping"
    static let terminated = "terminated"
    static let known: Set<String> = [pending, running, stopping, terminated]
}
