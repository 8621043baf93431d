/// The first line: which column stands where.
struct Header {
    let names: [String]

    init(_ line: ArraySlice<UInt8>) {
        names = Cells.split(line).map(Cells.text)
    }

    func place(_ name: String) -> Int? {
        names.firstIndex { $0.lowercased() == name.lowercased() }
    }

    /// - Throws: for a column that is missing, unknown or there twice.
    func check(_ format: TraceFormat, required: [String], optional: [String]) throws(TraceProblem.Fault) {
        for name in required where place(name) == nil {
            throw TraceProblem.Fault(
                what: "the first line names no column \(name)", value: "\"\(names.joined(separator: ","))\"",
                right: "\(format.columns) for --trace-format \(format.rawValue)")
        }
        let known = (required + optional).map { $0.lowercased() }
        for (index, name) in names.enumerated() {
            guard known.contains(name.lowercased()) else {
                throw TraceProblem.Fault(
                    what: "an unknown column", value: "\"\(name)\"", right: "only \(format.columns)")
            }
            guard place(name) == index else {
                throw TraceProblem.Fault(
                    what: "a column stands there twice", value: "\"\(name)\"", right: "once")
            }
        }
    }

    /// The cells of a row, as many as there are columns.
    func cells(_ line: ArraySlice<UInt8>) throws(TraceProblem.Fault) -> [ArraySlice<UInt8>] {
        let cells = Cells.split(line)
        guard cells.count == names.count else {
            throw TraceProblem.Fault(
                what: "the row has \(cells.count) cell\(cells.count == 1 ? "" : "s")",
                value: "\"\(Cells.text(line))\"", right: "\(names.count): \(names.joined(separator: ","))")
        }
        return cells
    }
}
