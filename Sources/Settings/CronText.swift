import Model

/// Reads the five fields of cron: minute, hour, day of the month, month, day of the week; in UTC.
///
/// Source: POSIX crontab for numbers, ranges, lists and `*`; Vixie cron for steps, names, 7 as Sunday and `@daily`.
enum CronText {
    /// What is wrong, naming the field and the value.
    struct Problem: Error, Equatable {
        var description: String
    }

    static let bytesMax = 256

    private struct Column {
        var name: String
        var least: Int
        var most: Int
        /// Words for the numbers from `least` on.
        var words: [String] = []
    }

    private static let columns = [
        Column(name: "minute", least: 0, most: 59), Column(name: "hour", least: 0, most: 23),
        Column(name: "day of the month", least: 1, most: 31),
        Column(
            name: "month", least: 1, most: 12,
            words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        // 7 is Sunday too.
        Column(
            name: "day of the week", least: 0, most: 7,
            words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let shorthands = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// The longest that a month can be.
    private static let daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

    static func parse(_ text: String) throws(Problem) -> CronSchedule {
        var words = text.split { $0 == " " || $0 == "\t" }.map { String($0) }
        if words.count == 1, words[0].hasPrefix("@") {
            guard let long = shorthands[words[0].lowercased()] else {
                throw Problem(
                    description: "\(words[0]) is none of \(shorthands.keys.sorted().joined(separator: ", "))")
            }
            words = long.split(separator: " ").map { String($0) }
        }
        guard words.count == columns.count else {
            throw Problem(description: "\(words.count) fields instead of \(columns.count)")
        }
        var values: [[Int]] = []
        for (word, column) in zip(words, columns) { values.append(try field(word, column)) }
        let schedule = CronSchedule(
            text: text, minutes: values[0], hours: values[1], days: values[2], months: values[3],
            weekdays: Set(values[4].map { $0 % 7 }).sorted())
        let longest = schedule.months.map { daysOfMonths[$0 - 1] }.max() ?? 0
        // A restricted day of the week would do instead.
        if schedule.weekdays.count == 7, let first = schedule.days.first, first > longest {
            throw Problem(description: "no such month has a day \(first)")
        }
        return schedule
    }

    private static func field(_ word: String, _ column: Column) throws(Problem) -> [Int] {
        var values: Set<Int> = []
        for part in word.split(separator: ",", omittingEmptySubsequences: false) {
            values.formUnion(try self.part(String(part), column))
        }
        return values.sorted()
    }

    /// `*`, `7`, `1-5`, and each with `/2`.
    private static func part(_ part: String, _ column: Column) throws(Problem) -> [Int] {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard halves.count <= 2 else {
            throw Problem(description: "\(column.name) \(part): one step at most")
        }
        var step = 1
        if halves.count == 2 {
            guard let number = number(halves[1]), number >= 1, number <= column.most else {
                throw Problem(
                    description: "\(column.name) \(part): a step is a whole number from 1 to \(column.most)")
            }
            step = number
        }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { String($0) }
        if halves[0] == "*" { return Array(stride(from: column.least, through: column.most, by: step)) }
        guard ends.count <= 2 else {
            throw Problem(description: "\(column.name) \(part): a range has two ends")
        }
        let first = try value(ends[0], column, of: part)
        var last = first
        if ends.count == 2 {
            last = try value(ends[1], column, of: part)
            // Friday to Sunday.
            if column.most == 7, last == 0, first > 0 { last = 7 }
        } else if halves.count == 2 {
            last = column.most
        }
        guard first <= last else {
            throw Problem(description: "\(column.name) \(part): the end is before the beginning")
        }
        return Array(stride(from: first, through: last, by: step))
    }

    private static func value(_ word: String, _ column: Column, of part: String) throws(Problem) -> Int {
        if let place = column.words.firstIndex(of: word.lowercased()) { return column.least + place }
        guard let number = number(word) else {
            throw Problem(description: "\(column.name) \(part): \"\(word)\" is no number")
        }
        guard (column.least...column.most).contains(number) else {
            throw Problem(description: "\(column.name) \(part): from \(column.least) to \(column.most)")
        }
        return number
    }

    /// Digits only: `Int` would take a sign.
    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
