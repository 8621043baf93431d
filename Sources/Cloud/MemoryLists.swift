import Model

/// What lists show, and how they lie.
extension MemoryCloudState {
    /// A machine terminated for so long is in no list any more, however old the list and whatever the lie.
    var listMemory: Millis { settings.remembersTerminated + settings.staleSpan + settings.lieSpan }

    mutating func list(cluster: String, _ fault: CloudFault?) -> Result<[Instance], CloudError> {
        if fault == .listFails { return .failure(.unavailable("the list could not be read")) }
        if fault == .listEmpty { return .success([]) }
        var dice = settings.faults.dice(for: .list, "list")
        forget(in: cluster)
        if fault == .unknownState || fault == .goesBackwards { lie(in: cluster, fault, &dice) }
        let asOf = fault == .listStale ? now - dice.span(upTo: settings.staleSpan) : now
        looked += listed[cluster]?.count ?? 0
        var seen = (listed[cluster] ?? []).compactMap { machines[$0].shown(at: asOf, settings) }
        guard !seen.isEmpty else { return .success([]) }
        switch fault {
        case .listOmits: seen.removeFirst()
        case .listDuplicates:
            let twice = seen[dice.place(of: seen.count)]
            seen.insert(twice, at: dice.place(of: seen.count + 1))
        case .listTruncated: seen.removeLast(seen.count - dice.place(of: seen.count))
        case .listReorders:
            for place in seen.indices.dropFirst().reversed() {
                seen.swapAt(place, dice.place(of: place + 1))
            }
        default: break
        }
        return .success(seen)
    }

    private mutating func forget(in cluster: String) {
        let (machines, now, span) = (machines, now, listMemory)
        looked += listed[cluster]?.count ?? 0
        listed[cluster]?.removeAll { machines[$0].isTerminated(for: span, at: now) }
    }

    /// One machine of which no lie is told now is shown in a false state from now on.
    private mutating func lie(in cluster: String, _ fault: CloudFault?, _ dice: inout SeededDice) {
        let mustBeTerminated = fault == .goesBackwards
        let liars = (listed[cluster] ?? []).filter { place in
            machines[place].lied(at: now) == nil && machines[place].shown(at: now, settings) != nil
                && (machines[place].terminatedAt != nil) == mustBeTerminated
        }
        guard !liars.isEmpty else { return }
        let place = liars[dice.place(of: liars.count)]
        let lie = MemoryCloud.Lie(
            state: mustBeTerminated ? .running : .unknown("in limbo"), from: now,
            until: now + dice.span(upTo: settings.lieSpan), thenHidden: mustBeTerminated)
        update(place) { $0.lie = lie }
    }

    mutating func show(_ id: String, as shown: Instance.State) {
        guard let place = place(of: id) else { return }
        let now = now
        update(place) { $0.lie = MemoryCloud.Lie(state: shown, from: now) }
    }
}
