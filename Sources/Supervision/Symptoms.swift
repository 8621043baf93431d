/// What the last words of a program say about its end. Programs have no other way to say it than in prose.
package enum Symptoms {
    /// True when it could not bind its port: the texts of glibc, musl, Python, Node, Go, Java, Rust and NIO.
    package static func portTaken(_ lines: [String]) -> Bool {
        mention(
            [
                "address already in use", "address in use", "eaddrinuse", "errno 98", "os error 98",
                "errno: 98",
                "port already in use", "port is already in use", "port is already allocated",
            ], in: lines)
    }

    /// True when it was refused memory: the texts of glibc, Python, C++, Go, Java, Node and Rust.
    package static func outOfMemory(_ lines: [String]) -> Bool {
        mention(
            [
                "out of memory", "cannot allocate memory", "memoryerror", "bad_alloc", "outofmemoryerror",
                "memory allocation of", "allocation failed", "enomem",
            ], in: lines)
    }

    private static func mention(_ phrases: [String], in lines: [String]) -> Bool {
        lines.contains { line in
            let words = line.lowercased()
            return phrases.contains { words.contains($0) }
        }
    }
}
