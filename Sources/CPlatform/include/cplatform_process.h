#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Child processes: started in a session of their own with nothing inherited, watched by pidfd, recognised by
// (pid, start time). All calls return 0 or an errno, unless said otherwise.

/// What one child is started with. It becomes the leader of a new session and process group, reads /dev/null,
/// has default signal handlers and an empty signal mask, and has no other descriptor than 0, 1 and 2.
struct tandem_spawn_request {
    /// The file to execute; NULL: `arguments[0]`. A name without a slash is looked for in the PATH of
    /// `environment`. No shell is ever tried.
    const char *_Nullable path;
    /// Ends with NULL.
    char *_Nullable const *_Nonnull arguments;
    /// Ends with NULL. The child sees exactly this.
    char *_Nullable const *_Nonnull environment;
    /// NULL: the caller's.
    const char *_Nullable directory;
    /// Becomes descriptors 1 and 2; -1: /dev/null.
    int output;
    /// Limit of private writable memory in bytes; 0: none. This is RLIMIT_DATA, not RLIMIT_AS: the latter
    /// counts reserved address space too, of which Swift, Go, Java and CUDA programs take many GiB without
    /// using it. It holds for each process of the child's group on its own.
    uint64_t data_bytes_max;
};

enum tandem_spawn_step {
    tandem_spawn_step_fork = 1,
    tandem_spawn_step_directory = 2,
    tandem_spawn_step_limit = 3,
    tandem_spawn_step_streams = 4,
    tandem_spawn_step_exec = 5,
};

struct tandem_spawned {
    pid_t pid;
    /// Close-on-exec; readable when the process has ended. The caller closes it.
    int pidfd;
    /// Where it went wrong, when it did: one of `tandem_spawn_step`.
    int failed_step;
};

/// Starts a child and returns when its program runs. A failure up to and including exec is returned as its
/// errno with `failed_step`, and leaves no child behind. Keep to one thread that never ends: a parent-death
/// signal, if a program asks for one, follows the thread.
int tandem_spawn(
    const struct tandem_spawn_request *_Nonnull request, struct tandem_spawned *_Nonnull spawned);

/// The new descriptor (close-on-exec), or -1 with errno.
int tandem_pidfd_open(pid_t pid);

/// Sends to exactly the process that the descriptor stands for, whoever has its number now.
int tandem_pidfd_signal(int pidfd, int signal);

struct tandem_exit {
    /// Valid when `signal` is 0.
    int code;
    int signal;
    pid_t pid;
};

/// How the ended child behind `pidfd` ended. With `reap` 0 it stays a zombie, whose number (and process group
/// number) cannot be given to anyone else meanwhile. EAGAIN: it still runs. ECHILD: it is no child of ours.
int tandem_wait(int pidfd, int reap, struct tandem_exit *_Nonnull ended);

/// An ended child of this process, left unreaped; 0: none now. For a subreaper, which inherits the orphans of
/// its children.
pid_t tandem_any_ended_child(void);

/// Reaps that ended child. ECHILD: there is none.
int tandem_reap(pid_t pid);

/// Orphans below this process become its children instead of init's.
int tandem_become_subreaper(void);

struct tandem_process_facts {
    /// Clock ticks since boot at its start. With the pid and the boot id it names one process for good.
    int64_t start_ticks;
    pid_t session;
    /// `R`, `S`, `D`, `T`, `Z`, …, as in /proc/PID/stat.
    char state;
};

/// ESRCH: no such process. A zombie is one still: look at `state`.
int tandem_process_facts(pid_t pid, struct tandem_process_facts *_Nonnull facts);

/// The value of a variable in the environment that a process began with, cut to `capacity` - 1 bytes and
/// ended with 0. Returns its length, or -1: it has none, or is not ours to look at. Only the first 256 KiB
/// are read.
int tandem_process_variable(pid_t pid, const char *_Nonnull name, char *_Nonnull value, size_t capacity);

/// A close-on-exec, non-blocking event counter for waking a poll, or -1 with errno.
int tandem_eventfd(void);

/// Milliseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, equal for all processes of one boot.
/// Here because two of the toolchain's modules claim `struct timespec`, and which one wins depends on a
/// room's imports.
int64_t tandem_boot_millis(void);

/// Memory that is freed stays with this process, for one that soon asks for as much again.
void tandem_keep_memory(void);
