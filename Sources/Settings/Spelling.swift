/// Finds the known word that a misspelt one was probably meant to be.
enum Spelling {
    /// Words longer than this are not compared: no key is that long, and comparing costs length × length.
    private static let lengthMax = 64

    /// The nearest of `known` within two edits (one for words of up to four letters), else nil. Of equally near
    /// ones the first in the alphabet.
    static func nearest(to word: String, among known: [String]) -> String? {
        guard word.utf8.count <= lengthMax else { return nil }
        let editsMax = word.utf8.count <= 4 ? 1 : 2
        return known.map { (edits(word, $0), $0) }.filter { $0.0 <= editsMax }.min { $0 < $1 }?.1
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
    static func edits(_ a: String, _ b: String) -> Int {
        let a = Array(a.lowercased().utf8)
        let b = Array(b.lowercased().utf8)
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
