import ArgumentParser
import Simulation

/// Drawn worlds, by the words that `SwarmProgram` reads: what it prints can be typed.
struct SwarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swarm",
        abstract:
            "Run many whole clusters in virtual time, each with faults of its own, and see what breaks.",
        discussion: "Example: tandem swarm run --count 100 --jobs 2\n         tandem swarm --help")

    @Argument(
        parsing: .captureForPassthrough, help: "run, replay, shrink, nth, saved or hash, and their options.")
    var words: [String] = []

    func run() throws {
        let code = SwarmProgram(prefix: ["swarm"]).main(words)
        if code != 0 { throw ExitCode(code) }
    }
}
