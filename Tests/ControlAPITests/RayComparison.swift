import ControlAPI
import Wire

/// Documents of ours, one after the other held against Ray's.
struct RayComparison {
    /// Paths that were there, with their types.
    private(set) var seen: [String: Set<String>] = [:]
    /// What is otherwise than in `RayShapes` and not in `RayDifferences`.
    private(set) var faults: [String] = []

    mutating func add(_ document: JSONValue, of situation: String) {
        var shape: [String: Set<String>] = [:]
        Self.collect(document, at: "", into: &shape)
        for (path, types) in shape where !path.isEmpty {
            seen[path, default: []].formUnion(types)
            check(path, types, situation)
        }
        for (path, types) in RayShapes.required {
            for value in document.values(at: path) {
                let type = value.map(Self.type)
                if type.map({ Self.fits($0, types) }) != true {
                    faults.append(
                        "\(situation): \(path) is \(type ?? "missing"): the client asks for \(types.sorted())"
                    )
                }
            }
        }
        for (path, words) in RayShapes.words {
            for case .text(let word)? in document.values(at: path) where !words.contains(word) {
                faults.append("\(situation): \(path): the client knows no \(word)")
            }
        }
        for (path, known) in RayShapes.strict {
            for case .object(let entries)? in path.isEmpty ? [document] : document.values(at: path) {
                for key in entries.keys where !known.contains(key) {
                    faults.append("\(situation): \(path): the client refuses \(key)")
                }
            }
        }
    }

    private mutating func check(_ path: String, _ types: Set<String>, _ situation: String) {
        guard let rays = RayShapes.document[path] else {
            if !RayDifferences.added.contains(where: { Self.covers($0.path, path) }) {
                faults.append("\(situation): \(path) is not sent by Ray")
            }
            return
        }
        let meant = RayDifferences.types.filter { $0.path == path }.map(\.ours)
        for type in types where !Self.fits(type, rays.union(meant)) {
            faults.append("\(situation): \(path) is \(type), Ray's is \(rays.sorted())")
        }
    }

    /// What only all documents together can show.
    func finished() -> [String] {
        var faults = faults
        for path in RayShapes.document.keys where seen[path] == nil {
            if !RayDifferences.absent.contains(where: { Self.covers($0.path, path) }) {
                faults.append("\(path) is sent by Ray and was never seen here")
            }
        }
        for line in RayDifferences.absent where seen[line.path] != nil {
            faults.append("\(line.path) is listed as absent, and was there")
        }
        for line in RayDifferences.absent where RayShapes.document[line.path] == nil {
            faults.append("\(line.path) is listed as absent, but Ray does not send it")
        }
        for line in RayDifferences.added where seen[line.path] == nil {
            faults.append("\(line.path) is listed as added, and was never seen")
        }
        for line in RayDifferences.types where seen[line.path]?.contains(line.ours) != true {
            faults.append("\(line.path) is listed as \(line.ours), and never was")
        }
        return faults.sorted()
    }

    // MARK: - Shapes

    /// A whole number does where any number does.
    private static func fits(_ type: String, _ types: Set<String>) -> Bool {
        types.contains(type) || type == "int" && types.contains("number")
    }

    private static func covers(_ line: String, _ path: String) -> Bool {
        path == line || path.hasPrefix("\(line).") || path.hasPrefix("\(line)[")
    }

    static func type(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .flag: "bool"
        case .whole: "int"
        case .number(let number): number == number.rounded() ? "int" : "number"
        case .text: "string"
        case .list: "list"
        case .object: "object"
        }
    }

    static func collect(_ value: JSONValue, at path: String, into shape: inout [String: Set<String>]) {
        shape[path, default: []].insert(type(value))
        let name = path.split(separator: ".").last.map(String.init) ?? ""
        if RayShapes.opaque.contains(name) { return }
        switch value {
        case .object(let entries):
            for (key, inner) in entries {
                let step = RayShapes.maps.contains(name) ? "*" : key
                collect(inner, at: path.isEmpty ? step : "\(path).\(step)", into: &shape)
            }
        case .list(let list):
            for inner in list { collect(inner, at: "\(path)[]", into: &shape) }
        default: break
        }
    }
}

extension JSONValue {
    /// At each place of the path that has a parent, what is there; nil where there is nothing.
    func values(at path: String) -> [JSONValue?] {
        var places: [JSONValue?] = [self]
        for step in path.split(separator: ".") {
            let isList = step.hasSuffix("[]")
            let key = isList ? String(step.dropLast(2)) : String(step)
            places = places.flatMap { place -> [JSONValue?] in
                guard case .object(let entries)? = place else { return [] }
                if key == "*" { return entries.values.map { $0 } }
                guard isList else { return [entries[key]] }
                guard case .list(let list)? = entries[key] else { return [] }
                return list.map { $0 }
            }
        }
        return places
    }

    /// The only text at a path.
    func text(at path: String) -> String? {
        guard let first = values(at: path).first, case .text(let text)? = first else { return nil }
        return text
    }
}
