import ArgumentParser
import Foundation
import Listener
import Logging
import ServiceLifecycle
import Settings
import Store
import UnixSignals
import Wire

/// How a process of a cluster begins and ends.
enum RoleProcess {
    /// `sysexits.h`: the configuration or its surroundings are wrong; starting again does not help.
    static let configurationExit: Int32 = 78

    /// Runs until the body ends or a signal asks for the end. What is wrong goes to standard error as a sentence.
    static func run(_ role: String, _ body: @escaping @Sendable (Logger) async throws -> Void) async throws {
        var log = Logger(label: "tandem.\(role)")
        log.logLevel = .info
        let logger = log
        do {
            let group = ServiceGroup(
                configuration: .init(
                    services: [
                        .init(
                            service: Body { try await body(logger) },
                            successTerminationBehavior: .gracefullyShutdownGroup,
                            failureTerminationBehavior: .gracefullyShutdownGroup)
                    ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger)))
            try await group.run()
        } catch is CancellationError {
        } catch let error as Problem {
            throw complaint(error.description)
        } catch let error as StoreError {
            throw complaint(error.description)
        } catch let error as SettingsProblems {
            throw complaint(error.description)
        }
    }

    private static func complaint(_ text: String) -> ExitCode {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        return ExitCode(configurationExit)
    }

    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = .error
        return quiet
    }

    private struct Body: Service {
        let body: @Sendable () async throws -> Void
        func run() async throws { try await body() }
    }

    /// The listener of a role. Port 0 means any; a role that was here before takes the port it had, so that those
    /// who know it find it again.
    static func listen(
        _ role: String, port: Int, paths: StatePaths, token: Token,
        _ body: @Sendable (Listener) async throws -> Void
    ) async throws {
        let before = port == 0 ? RunFile.read(paths.runFile(role))?.port : nil
        if let before {
            do {
                return try await body(Listener(name: role, bind: .tcp(port: before), token: token))
            } catch let problem as Problem where problem.code == "bind" {}
        }
        try await body(Listener(name: role, bind: .tcp(port: port), token: token))
    }
}
