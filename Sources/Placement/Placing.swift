import Model

/// Puts replicas into rooms: the largest first, each into the room that it leaves least in, and into an empty
/// node only when no other has room. A room is never overdrawn. Rooms that are coming are counted on after
/// the open ones.
///
/// When best fit leaves out a replica that would buy a node, a bounded search looks for another arrangement
/// of the replicas at hand that needs none.
package func place(_ demands: [Demand], in rooms: [Room]) -> PlacementPlan {
    let columns = Columns(demands.map(\.resources) + rooms.flatMap { [$0.free, $0.total] })
    let shapes = shapes(of: demands, columns: columns)
    let cells = rooms.sorted { $0.node < $1.node }.map { Cell($0, columns) }
    var placing = Placing(shapes: shapes, cells: cells)
    placing.pourAll(from: 0)
    let buyers = shapes.prefix { $0.buys }
    if buyers.count > 1, placing.left[..<buyers.count].contains(where: { $0 > 0 }),
        let better = Placing(shapes: shapes, cells: cells).rearranged(buyers: buyers.count)
    {
        placing = better
    }
    return placing.plan(columns)
}

/// A room while it is filled.
struct Cell {
    let room: Room
    let total: Amounts
    var free: Amounts
    var replicas: Int

    init(_ room: Room, _ columns: Columns) {
        self.room = room
        total = columns.amounts(room.total)
        free = columns.amounts(room.free)
        replicas = room.replicas
    }

    /// The tighter one, and before that one that is in use. What a demand leaves over compares as what there
    /// is.
    static func isBetter(_ a: Cell, _ b: Cell) -> Bool {
        (a.replicas > 0) != (b.replicas > 0) ? a.replicas > 0 : a.free < b.free
    }
}

struct Placing {
    let shapes: [Shape]
    var cells: [Cell]
    /// For each shape how many are not placed yet, and the cells of those that are, in the order of its
    /// replicas.
    var left: [Int]
    var places: [[Int]]

    init(shapes: [Shape], cells: [Cell]) {
        self.shapes = shapes
        self.cells = cells
        left = shapes.map(\.replicas.count)
        places = shapes.map { _ in [] }
    }

    mutating func pourAll(from first: Int) {
        for shape in shapes.indices.dropFirst(first) {
            pour(shape, into: .open)
            #if MUTANTS
                if Mutant.ignoresComing.isOn { continue }
            #endif
            pour(shape, into: .coming)
        }
    }

    /// A room chosen once is only tighter afterwards, so it stays the best until it is full: the order of the
    /// rooms is settled once for all replicas of a shape.
    private mutating func pour(_ shape: Int, into state: Room.State) {
        guard left[shape] > 0 else { return }
        let amounts = shapes[shape].amounts
        let fitting = cells.indices.filter { cells[$0].room.state == state && cells[$0].free.covers(amounts) }
        let better = { [cells] (a: Int, b: Int) in
            Cell.isBetter(cells[a], cells[b]) || (!Cell.isBetter(cells[b], cells[a]) && a < b)
        }
        let order = left[shape] == 1 ? fitting.min(by: better).map { [$0] } ?? [] : fitting.sorted(by: better)
        for cell in order where left[shape] > 0 {
            put(shape, cell, times: cells[cell].free.fits(amounts, limit: left[shape]))
        }
    }

    private mutating func put(_ shape: Int, _ cell: Int, times: Int) {
        cells[cell].free.take(shapes[shape].amounts, times: times)
        cells[cell].replicas += times
        left[shape] -= times
        places[shape] += repeatElement(cell, count: times)
    }

    /// Every one of the first `buyers` shapes placed by search, and the rest as usual; nil when that is not
    /// found.
    func rearranged(buyers: Int) -> Placing? {
        let usable = cells.indices.filter { cells[$0].room.state != .closed }.sorted { a, b in
            let (aOpen, bOpen) = (cells[a].room.state == .open, cells[b].room.state == .open)
            if aOpen != bOpen { return aOpen }
            return Cell.isBetter(cells[a], cells[b]) || (!Cell.isBetter(cells[b], cells[a]) && a < b)
        }
        let items = shapes[..<buyers].map { (amounts: $0.amounts, count: $0.replicas.count) }
        var steps = searchStepsMax
        guard let chosen = fitAll(items, into: usable.map { cells[$0].free }, steps: &steps) else {
            return nil
        }
        var placing = self
        for shape in 0..<buyers {
            for (bin, cell) in usable.enumerated() where chosen[bin][shape] > 0 {
                placing.put(shape, cell, times: chosen[bin][shape])
            }
        }
        placing.pourAll(from: buyers)
        return placing
    }
}
