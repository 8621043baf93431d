import Foundation

/// What is sent, where to, and how hard.
package struct LoadPlan: Sendable {
    /// Whole URL, `http` or `https`.
    package var url: String
    package var shape: LoadShape
    package var method = "GET"
    package var headers: [LoadHeader] = []
    package var body: [UInt8] = []
    /// For one exchange, from its start to the last byte of the answer; beyond it the exchange has failed.
    package var timeout: Duration = .seconds(60)
    /// Of the arrival times, where they are drawn.
    package var seed: UInt64 = 1
    /// A header of the answers whose different values are noted with the time they were first seen.
    package var watchedHeader = "x-tandem-replica"
    /// Open loop: exchanges at once, at most. An arrival beyond it waits for its turn, and its wait counts.
    package var inFlightMax = 4096

    /// Closed loop: users at once, at most. More are refused.
    package static let usersMax = 10_000
    /// Stages of a plan, at most. More are refused.
    package static let stagesMax = 256

    package init(url: String, shape: LoadShape) {
        self.url = url
        self.shape = shape
    }
}

/// How load comes: users who wait for their answer, or arrivals that wait for nobody.
package enum LoadShape: Sendable {
    /// A closed loop: so many users, each sending one request at a time and the next as soon as it has an
    /// answer.
    case closed([UserStage])
    /// An open loop: requests arrive at times fixed beforehand, however the earlier ones fare.
    case open([RateStage], ArrivalSpacing)
    /// A closed loop whose users are set by `LoadRun.setUsers` until `LoadRun.stop`.
    case steered
}

/// So many users for so long.
package struct UserStage: Sendable, Equatable {
    package var users: Int
    package var seconds: Double
    package init(users: Int, seconds: Double) {
        self.users = users
        self.seconds = seconds
    }
}

/// So many arrivals a second for so long.
package struct RateStage: Sendable, Equatable {
    package var perSecond: Double
    package var seconds: Double
    package init(perSecond: Double, seconds: Double) {
        self.perSecond = perSecond
        self.seconds = seconds
    }
}

/// How the arrivals of an open loop lie in time.
package enum ArrivalSpacing: String, Sendable {
    /// All gaps are equal.
    case even
    /// Gaps are drawn as those of a Poisson process, from the plan's seed: the same seed, the same times.
    case poisson
}

/// One header of each request.
package struct LoadHeader: Sendable, Equatable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A plan that cannot be carried out: nothing was sent.
package struct LoadPlanProblem: Error, Equatable, CustomStringConvertible {
    /// Names the setting, its value and what would be right.
    package var description: String
}

extension LoadPlan {
    /// - Throws: `LoadPlanProblem` for the first setting that cannot be.
    package func check() throws(LoadPlanProblem) {
        let address = URLComponents(string: url)
        guard let scheme = address?.scheme?.lowercased(), ["http", "https"].contains(scheme),
            address?.host?.isEmpty == false
        else {
            throw LoadPlanProblem(description: "url: \(url): write it whole, as in http://127.0.0.1:8000/")
        }
        guard timeout > .zero else { throw LoadPlanProblem(description: "timeout: \(timeout): more than 0") }
        guard inFlightMax > 0 else {
            throw LoadPlanProblem(description: "requests in flight: \(inFlightMax): at least 1")
        }
        switch shape {
        case .steered: break
        case .closed(let stages):
            try Self.check(stageCount: stages.count)
            for stage in stages {
                try Self.check(seconds: stage.seconds)
                guard (0...Self.usersMax).contains(stage.users) else {
                    throw LoadPlanProblem(description: "users: \(stage.users): from 0 to \(Self.usersMax)")
                }
            }
        case .open(let stages, _):
            try Self.check(stageCount: stages.count)
            for stage in stages {
                try Self.check(seconds: stage.seconds)
                guard (0...RateStage.perSecondMax).contains(stage.perSecond) else {
                    throw LoadPlanProblem(
                        description: "rate: \(stage.perSecond): from 0 to \(RateStage.perSecondMax) a second")
                }
            }
        }
    }

    private static func check(stageCount: Int) throws(LoadPlanProblem) {
        guard (1...stagesMax).contains(stageCount) else {
            throw LoadPlanProblem(description: "stages: \(stageCount): from 1 to \(stagesMax)")
        }
    }

    private static func check(seconds: Double) throws(LoadPlanProblem) {
        guard (0...UserStage.secondsMax).contains(seconds) else {
            throw LoadPlanProblem(
                description: "seconds of a stage: \(seconds): from 0 to \(Int(UserStage.secondsMax))")
        }
    }
}

extension UserStage {
    /// A week. Longer stages are refused.
    package static let secondsMax = 604_800.0
}

extension RateStage {
    /// Far above what one generator sends. Higher rates are refused.
    package static let perSecondMax = 1_000_000.0
}
