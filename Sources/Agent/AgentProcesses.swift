import CPlatform
import Foundation
import Logging
import Model
import Supervision
import Wire

#if canImport(Glibc)
    import Glibc
#endif

extension AgentCore {
    /// Starts one replica: record, then effect.
    /// - Returns: what came of it.
    func start(_ start: Start) -> Event {
        let id = start.order.id
        func event(_ kind: Event.Kind) -> Event { Event(id, attempt: start.attempt, kind) }
        guard LoopbackAddress.isFree(port: start.port) else {
            tally.portsTaken += 1
            return event(.portTaken)
        }
        do {
            try write(intent: start)
            let log = try ReplicaLog.open(directory.log(of: id))
            defer { close(log.descriptor) }
            let command = ChildCommand(
                start, node: settings.node, nodeDirectory: directory.path,
                agentEnvironment: ProcessInfo.processInfo.environment)
            let process = try ChildProcess.start(command, output: log.descriptor)
            let recorded = RecordedProcess(
                pid: process.pid, startTicks: process.startTicks, boot: BootClock.bootID,
                startedAt: BootClock.now)
            var child = Child(
                process: process, recorded: recorded, attempt: start.attempt, logStart: log.size)
            child.limited = command.dataBytesMax > 0
            children[id] = child
            watch(id)
            tally.starts += 1
            logger.info("\(id) started: process \(process.pid), port \(start.port)")
            return event(.started(pid: process.pid))
        } catch let error as NotStarted {
            return event(.notStarted(error.reason))
        } catch {
            return event(.notStarted("\(error)"))
        }
    }

    /// The kernel says when it ends; nobody asks.
    func watch(_ id: ReplicaID) {
        guard let child = children[id] else { return }
        let pidfd = child.process.pidfd
        let attempt = child.attempt
        children[id]?.watch = Task {
            if await thread.wait(pidfd, for: POLLIN) { ended(id, attempt: attempt) }
        }
    }

    private func ended(_ id: ReplicaID, attempt: Int) {
        guard let child = children[id], child.attempt == attempt else { return }
        var exit = tandem_exit()
        let isOurs = tandem_wait(child.process.pidfd, 0, &exit) == 0
        // Whatever it left behind goes with it. While it is not reaped, nobody else has its group's number.
        if isOurs { kill(-child.process.pid, SIGKILL) }
        marks.kill { $0.replica == id }
        if isOurs { _ = tandem_wait(child.process.pidfd, 1, &exit) }
        close(child.process.pidfd)
        children[id] = nil
        let lastLines = ReplicaLog.lastLines(directory.log(of: id), from: child.logStart)
        let taken = Symptoms.portTaken(lastLines)
        if taken { tally.portsTaken += 1 }
        let end = isOurs ? meaning(of: exit, child, lastLines) : .unknown
        advance([Event(id, attempt: attempt, .exited(end, lastLines: lastLines, portTaken: taken))])
    }

    private func meaning(of exit: tandem_exit, _ child: Child, _ lastLines: [String]) -> ReplicaEnd {
        if exit.signal == SIGKILL, !child.killed, memoryKillsRose { return .outOfMemory }
        let failed = exit.signal != 0 || exit.code != 0
        // Under an enforced limit the kernel refuses memory instead of killing: the program's last words
        // tell.
        if failed, child.limited, Symptoms.outOfMemory(lastLines) { return .outOfMemory }
        return exit.signal != 0 ? .signal(exit.signal) : .code(exit.code)
    }

    // MARK: - After a restart of the agent

    /// What has become of a recorded replica; its process, when it lives, becomes ours to watch.
    func adopt(_ record: ReplicaRecord, _ marked: [MarkedProcess]) -> FoundReplica {
        func found(_ condition: FoundReplica.Condition) -> FoundReplica {
            FoundReplica(
                order: record.order, attempt: record.attempt, port: record.port ?? 0,
                applied: record.applied, unwell: record.unwell, condition: condition)
        }
        if let final = record.final { return found(.ended(final.report)) }
        if let process = record.process {
            guard process.boot == BootClock.bootID,
                let child = ChildProcess.adopt(pid: process.pid, startTicks: process.startTicks)
            else { return found(.gone(stopping: record.stopping)) }
            return found(take(child, record, startedAt: process.startedAt))
        }
        // An intent without a process: it was interrupted before the start, or just behind it.
        guard let process = marked.first(where: { $0.replica == record.id && $0.leads }),
            let child = ChildProcess.adopt(pid: process.pid, startTicks: process.startTicks)
        else { return found(.unstarted) }
        return found(take(child, record, startedAt: BootClock.now))
    }

    private func take(
        _ process: ChildProcess, _ record: ReplicaRecord, startedAt: Moment
    ) -> FoundReplica.Condition {
        let recorded = RecordedProcess(
            pid: process.pid, startTicks: process.startTicks, boot: BootClock.bootID, startedAt: startedAt)
        var child = Child(process: process, recorded: recorded, attempt: record.attempt, logStart: 0)
        child.limited = record.settings.enforceMemory
        children[record.id] = child
        logger.info("\(record.id) adopted: process \(process.pid)")
        return .running(pid: process.pid, ready: record.ready, age: BootClock.now - startedAt)
    }
}
