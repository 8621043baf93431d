/// Makes a line no denser than the paper.
enum Thinning {
    /// Points for `columns` columns over `low...high`: of each column the first, the least, the greatest and the
    /// last point, so that no spike is lost. Sorted by x; points that are not finite are left out, each leaving a
    /// gap, that is, a new run.
    static func runs(_ points: [Point], from low: Double, to high: Double, columns: Int) -> [[Point]] {
        var runs: [[Point]] = [[]]
        for point in sorted(points) {
            if point.isDrawable {
                runs[runs.count - 1].append(point)
            } else if runs.last?.isEmpty == false {
                runs.append([])
            }
        }
        return runs.filter { !$0.isEmpty }.map { thin($0, from: low, to: high, columns: columns) }
    }

    /// Sorted by x, equal ones in the order given. A point without x stays behind its neighbour.
    private static func sorted(_ points: [Point]) -> [Point] {
        var last = -Double.infinity
        var keyed: [(x: Double, index: Int)] = []
        keyed.reserveCapacity(points.count)
        for (index, point) in points.enumerated() {
            if point.x == point.x { last = point.x }
            keyed.append((last, index))
        }
        return keyed.sorted { ($0.x, $0.index) < ($1.x, $1.index) }.map { points[$0.index] }
    }

    private static func thin(_ run: [Point], from low: Double, to high: Double, columns: Int) -> [Point] {
        guard run.count > columns * 4, high > low else { return run }
        var kept: [Point] = []
        var begin = 0
        while begin < run.count {
            let column = column(of: run[begin], low, high, columns)
            var (end, least, greatest) = (begin, begin, begin)
            while end + 1 < run.count, self.column(of: run[end + 1], low, high, columns) == column {
                end += 1
                if run[end].y < run[least].y { least = end }
                if run[end].y > run[greatest].y { greatest = end }
            }
            var last = -1
            for index in [begin, min(least, greatest), max(least, greatest), end] where index > last {
                kept.append(run[index])
                last = index
            }
            begin = end + 1
        }
        return kept
    }

    private static func column(of point: Point, _ low: Double, _ high: Double, _ columns: Int) -> Int {
        let place = (point.x - low) / (high - low) * Double(columns)
        return Int(min(max(place, 0), Double(columns)))
    }
}
