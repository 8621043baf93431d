import Foundation
import Testing
import Traces

@Suite("Formats of traces")
struct FormatTests {
    @Test(arguments: [
        "arrival_s,service_ms\n0.5,200\n0.75,0.5\n12,1500\n",
        "service_ms,arrival_s\r\n200,0.5\r\n0.5,0.75\r\n1500,12\r\n\r\n",
        "\u{FEFF}ARRIVAL_S, SERVICE_MS\n 0.5 , 2e2\n+0.75,0.5\n12.0,1500.0",
        "0.5,200\n0.75,0.5\n12,1500",
    ])
    func arrivalsHaveATimeAndPerhapsWork(text: String) throws {
        let load = try TraceFile(text).read(.arrivals)
        #expect(
            load.requests == [
                .init(at: 500_000, service: 200_000), .init(at: 750_000, service: 500),
                .init(at: 12_000_000, service: 1_500_000),
            ])
        #expect(load.end == 13_000_000)
        #expect(load.notes == [])
    }

    @Test func arrivalsWithoutWorkSayNothingOfIt() throws {
        let load = try TraceFile("arrival_s\n3\n4.0000004\n4.0000006\n").read(.arrivals)
        #expect(load.requests == [.init(at: 3_000_000), .init(at: 4_000_000), .init(at: 4_000_001)])
    }

    @Test func requestsThatGoBackInTimeAreSortedAndThatIsSaid() throws {
        let load = try TraceFile("arrival_s,service_ms\n3,1\n1,2\n2,3\n5,4\n").read(.arrivals)
        #expect(load.requests.map(\.at) == [1_000_000, 2_000_000, 3_000_000, 5_000_000])
        #expect(load.requests.map(\.service) == [2000, 3000, 1000, 4000])
        #expect(load.notes == ["1 requests went back in time, the first at line 3: sorted by time."])
    }

    @Test func aStretchIsCutOutAndBeginsAtZero() throws {
        let file = try TraceFile("arrival_s\n0\n9.999\n10\n15\n19.999999\n20\n25\n")
        let load = try file.read(.arrivals) { ($0.from, $0.until) = (10_000_000, 20_000_000) }
        #expect(load.requests.map(\.at) == [0, 5_000_000, 9_999_999])
        #expect(load.end == 10_000_000)
        #expect(try file.read(.arrivals) { $0.until = 1 }.requests.map(\.at) == [0])
        let late = try file.read(.arrivals) { $0.from = 30_000_000 }
        #expect(late.requests == [] && late.end == 0)
        #expect(late.notes == ["No request lies in the stretch that is asked for."])
    }

    @Test func rpsPlacesEachSecondsRequestsInIt() throws {
        let file = try TraceFile("requests_per_second\n3\n0\n2.0\n500\n")
        let load = try file.read(.rps)
        let seconds = load.requests.map { $0.at / 1_000_000 }
        #expect((0..<4).map { second in seconds.count { $0 == second } } == [3, 0, 2, 500])
        #expect(load.requests.map(\.at) == load.requests.map(\.at).sorted())
        #expect(load.requests.allSatisfy { $0.service == nil })
        #expect(load.end == 4_000_000)
        #expect(try file.read(.rps).requests == load.requests)
        #expect(try file.read(.rps) { $0.seed = 2 }.requests != load.requests)
    }

    @Test func aCutOfCountsHasTheRequestsOfTheWhole() throws {
        let file = try TraceFile("rps\n" + (1...20).map { "\($0)\n" }.joined())
        let whole = try file.read(.rps).requests.map(\.at)
        let part = try file.read(.rps) { ($0.from, $0.until) = (5_000_000, 9_500_000) }
        #expect(
            part.requests.map { $0.at + 5_000_000 } == whole.filter { (5_000_000..<9_500_000).contains($0) })
        #expect(part.end == 4_500_000)
    }

    @Test func fractionsOfARequestComeOnAverage() throws {
        let file = try TraceFile("rate\n" + String(repeating: "0.25\n", count: 4000))
        let count = try file.read(.rps).requests.count
        #expect((850...1150).contains(count))
    }

    @Test func azureTimesCountFromTheFirstAndTokensAreWork() throws {
        let text = """
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-12-31 23:59:59.6805900,374,44
            2024-01-01 00:00:00.9951690+00:00,1000,0
            2024-03-01T00:00:00,0,1

            """
        let load = try TraceFile(text).read(.azureLLM) {
            ($0.tokens.perInput, $0.tokens.perOutput) = (10, 1000)
        }
        #expect(
            load.requests.prefix(2) == [.init(at: 0, service: 47_740), .init(at: 1_314_579, service: 10_000)])
        // January 31 and February 29 days of 2024, and what was left of the first second.
        #expect(load.requests[2] == .init(at: 60 * 86_400_000_000 + 319_410, service: 1000))
    }

    @Test(arguments: [
        "timestamp_ms,input_tokens,output_tokens,n_hash_blocks\n3000,10,2,79\n3001.5,20,1,1\n",
        "{\"timestamp\": 3000, \"input_length\": 10, \"output_length\": 2, \"hash_ids\": [1, 2]}\n"
            + "{\"timestamp\": 3001.5, \"input_length\": 20, \"output_length\": 1}\n",
    ])
    func mooncakeIsReadFromTablesAndFromItsOwnLines(text: String) throws {
        let load = try TraceFile(text).read(.mooncake)
        let tokens = TokenTimes()
        #expect(
            load.requests == [
                .init(at: 0, service: 10 * tokens.perInput + 2 * tokens.perOutput),
                .init(at: 1500, service: 20 * tokens.perInput + tokens.perOutput),
            ])
    }

    @Test func servegenRatesBecomeAPoissonProcess() throws {
        let file = try TraceFile("window_start_s,a_rps,b_rps\n1200,50,0\n1800,10.5,0\n3000,0,100\n")
        let load = try file.read(.servegen)
        let windows = load.requests.map { $0.at / 600_000_000 }
        // Mean 30,000 and 6,300: five standard deviations.
        #expect((29_100...30_900).contains(windows.count { $0 == 0 }))
        #expect((5_900...6_700).contains(windows.count { $0 == 1 }))
        #expect(windows.allSatisfy { $0 < 2 })
        #expect(load.end == 2_400_000_000)
        #expect(load.notes.count == 1 && load.notes[0].contains("a_rps") && load.notes[0].contains("b_rps"))
        let other = try file.read(.servegen) { $0.column = "b" }
        #expect(other.requests.allSatisfy { $0.at >= 1_800_000_000 } && other.notes == [])
        let cut = try file.read(.servegen) { ($0.from, $0.until) = (599_000_000, 601_000_000) }
        let expected = load.requests.map(\.at).filter { (599_000_000..<601_000_000).contains($0) }
        #expect(cut.requests.map { $0.at + 599_000_000 } == expected)
    }

    @Test(arguments: [(0, 0.0...0.01), (1, 0.9...1.1), (4, 2.8...5.5)])
    func clientsComeInBurstsAsMeasured(cv: Int, range: ClosedRange<Double>) throws {
        let rows = (0..<40).map { "7,\($0 * 600),20,\(cv),Gamma,1,1\n" }.joined()
        let text = "client,window_start_s,rate_rps,cv,pattern,param1,param2\n" + rows
        let load = try TraceFile(text).read(.servegen)
        // Within windows: where two meet, a gap is cut.
        let gaps = zip(load.requests, load.requests.dropFirst())
            .filter { $0.at / 600_000_000 == $1.at / 600_000_000 }.map { Double($1.at - $0.at) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect((45_000...55_000).contains(mean))
        #expect(range.contains(variance.squareRoot() / mean))
        #expect(load.end == 24_000_000_000)
    }

    @Test func usersAreSteps() throws {
        let file = try TraceFile("at_s,users\n0,1\n20,4\n40.5,10\n60,0\n")
        let load = try file.read(.users)
        #expect(load.steps.map(\.users) == [1, 4, 10, 0])
        #expect(load.steps.map(\.at) == [0, 20_000_000, 40_500_000, 60_000_000])
        #expect(load.end == 60_000_000)
        let cut = try file.read(.users) { ($0.from, $0.until) = (30_000_000, 50_000_000) }
        #expect(cut.steps == [.init(at: 0, users: 4), .init(at: 10_500_000, users: 10)])
        #expect(cut.end == 20_000_000)
        #expect(try TraceFile("at_s,users\n0,1\n30,2\n").read(.users).end == 60_000_000)
    }
}
