/// First come, first served by a number of servers that changes from second to second.
struct OracleQueue {
    let arrivals: [Arrival]
    let otherwise: Int64
    let objective: Int64
    /// Ends of the requests in service.
    private(set) var busy = EndHeap()
    /// The first request that is not in service yet, and the first that has not arrived.
    private(set) var head = 0
    private(set) var tail = 0
    /// Requests in service so far that end beyond the objective.
    private(set) var missed = 0

    init(arrivals: [Arrival], otherwise: Int64, objective: Int64) {
        (self.arrivals, self.otherwise, self.objective) = (arrivals, otherwise, objective)
    }

    var isWaiting: Bool { head < tail }

    /// Takes in what arrives before `end`, and lets go what has ended by `begin`.
    mutating func open(_ begin: Int64, _ end: Int64) {
        while let first = busy.least, first <= begin { busy.removeLeast() }
        while tail < arrivals.count, arrivals[tail].at < end { tail += 1 }
    }

    /// The longest waiting request can no longer be begun in time.
    func isTooLate(at begin: Int64) -> Bool {
        isWaiting && latestBegin(arrivals[head]) < begin
    }

    /// Whether all that wait would begin in time with so many servers from `begin` on.
    func suffices(_ servers: Int, from begin: Int64) -> Bool {
        guard servers > 0 || !isWaiting else { return false }
        var (busy, time) = (busy, begin)
        for request in arrivals[head..<tail] {
            time = max(time, request.at)
            while busy.count >= servers { time = max(time, busy.removeLeast()) }
            guard time <= latestBegin(request) else { return false }
            busy.add(time + (request.service ?? otherwise))
        }
        return true
    }

    /// Serves what begins before `end`.
    mutating func serve(_ servers: Int, from begin: Int64, to end: Int64) {
        var time = begin
        while head < tail, servers > 0 {
            let request = arrivals[head]
            time = max(time, request.at)
            while busy.count >= servers, let first = busy.least, first < end {
                time = max(time, first)
                busy.removeLeast()
            }
            guard time < end, busy.count < servers else { return }
            let work = request.service ?? otherwise
            busy.add(time + work)
            if time + work - request.at > objective { missed += 1 }
            head += 1
        }
    }

    private func latestBegin(_ request: Arrival) -> Int64 {
        let work = request.service ?? otherwise
        return request.at + (work <= objective ? objective - work : objective)
    }
}

/// Instants, the earliest first: a binary heap.
struct EndHeap {
    private var ends: [Int64] = []

    var count: Int { ends.count }
    var least: Int64? { ends.first }

    mutating func add(_ end: Int64) {
        ends.append(end)
        var place = ends.count - 1
        while place > 0, ends[place] < ends[(place - 1) / 2] {
            ends.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// There must be one.
    @discardableResult
    mutating func removeLeast() -> Int64 {
        let least = ends[0]
        let last = ends.removeLast()
        guard !ends.isEmpty else { return least }
        ends[0] = last
        var place = 0
        while true {
            var next = 2 * place + 1
            guard next < ends.count else { return least }
            if next + 1 < ends.count, ends[next + 1] < ends[next] { next += 1 }
            guard ends[next] < ends[place] else { return least }
            ends.swapAt(place, next)
            place = next
        }
    }
}
