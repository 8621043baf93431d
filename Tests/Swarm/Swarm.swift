import CPlatform
import Foundation
import Simulation

/// Drawn worlds by themselves, without the rest of Tandem: built once more with the mutants of our own code
/// in it.
@main struct Swarm {
    static func main() {
        // Worlds come and go, all of about one size: a tenth of the time would go into giving it back.
        tandem_keep_memory()
        var words = Array(CommandLine.arguments.dropFirst())
        // FIRST COUNT: what `run` says in more words.
        if words.count >= 2, let first = UInt64(words[0]), let count = UInt64(words[1]) {
            words = ["run", "--each", "--first", "\(first)", "--count", "\(count)"]
        }
        exit(SwarmProgram().main(words))
    }
}
