#define _GNU_SOURCE
#include "cplatform_process.h"

#include <time.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Numbers are the same on every architecture; older headers lack them.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static const idtype_t by_pidfd = (idtype_t)3;  // P_PIDFD, Linux 5.4

// Everything from here to exec runs in the vfork child, in the parent's memory: only system calls and its own
// stack, no allocation.

static int search_and_exec(const char *name, char *const *arguments, char *const *environment) {
    if (strchr(name, '/') != NULL) {
        execve(name, arguments, environment);
        return errno;
    }
    if (name[0] == 0) return ENOENT;
    const char *path = "/usr/local/bin:/usr/bin:/bin";
    for (char *const *entry = environment; *entry != NULL; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0) path = *entry + 5;
    int worst = ENOENT;
    size_t name_length = strlen(name);
    while (1) {
        const char *end = strchrnul(path, ':');
        size_t length = (size_t)(end - path);
        char file[PATH_MAX];
        // An empty part of PATH would mean the working directory: passed over.
        if (length > 0 && length + 1 + name_length + 1 <= sizeof file) {
            memcpy(file, path, length);
            file[length] = '/';
            memcpy(file + length + 1, name, name_length + 1);
            execve(file, arguments, environment);
            if (errno == EACCES) worst = EACCES;  // it is there: say so if nothing better is
            else if (errno != ENOENT && errno != ENOTDIR) return errno;
        }
        if (*end == 0) return worst;
        path = end + 1;
    }
}

static void default_signals(void) {
    // The bare call: the C library keeps two signals for itself and would leave them ignored if they were.
    // All zero means SIG_DFL in the kernel's own structure, whose size differs from sigaction's.
    static const char by_default[64];
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, (size_t)(NSIG - 1) / 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_streams(int output) {
    // Out of the way of 0, 1 and 2, should the parent run without them.
    int kept = output < 0 ? -1 : fcntl(output, F_DUPFD_CLOEXEC, 3);
    if (output >= 0 && kept < 0) return errno;
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0) return errno;
    if (dup2(nothing, 0) < 0) return errno;
    if (dup2(kept < 0 ? 0 : kept, 1) < 0 || dup2(kept < 0 ? 0 : kept, 2) < 0) return errno;
    if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return 0;
    struct rlimit limit;  // Linux before 5.9
    int last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int descriptor = 3; descriptor < last; descriptor++) close(descriptor);
    return 0;
}

static int become(const struct tandem_spawn_request *request, volatile int *step) {
    setsid();  // cannot fail: a new process leads no group
    *step = tandem_spawn_step_directory;
    if (request->directory != NULL && chdir(request->directory) != 0) return errno;
    *step = tandem_spawn_step_limit;
    if (request->data_bytes_max > 0) {
        struct rlimit limit = {request->data_bytes_max, request->data_bytes_max};
        if (setrlimit(RLIMIT_DATA, &limit) != 0) return errno;
    }
    *step = tandem_spawn_step_streams;
    int failed = set_streams(request->output);
    if (failed != 0) return failed;
    default_signals();
    *step = tandem_spawn_step_exec;
    return search_and_exec(
        request->path != NULL ? request->path : request->arguments[0], request->arguments,
        request->environment);
}

int tandem_spawn(const struct tandem_spawn_request *request, struct tandem_spawned *spawned) {
    spawned->pid = -1;
    spawned->pidfd = -1;
    spawned->failed_step = tandem_spawn_step_fork;
    if (request->arguments[0] == NULL) return EINVAL;
    volatile int failed = 0;
    volatile int step = tandem_spawn_step_fork;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
    pid_t pid = vfork();
    if (pid == 0) {
        failed = become(request, &step);
        _exit(127);
    }
    int fork_failed = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return fork_failed;
    if (failed != 0) {
        tandem_reap(pid);
        spawned->failed_step = step;
        return failed;
    }
    int pidfd = tandem_pidfd_open(pid);
    if (pidfd < 0) {  // no descriptors left: a child that cannot be watched must not run
        int reason = errno;
        kill(-pid, SIGKILL);
        tandem_reap(pid);
        return reason;
    }
    spawned->pid = pid;
    spawned->pidfd = pidfd;
    spawned->failed_step = 0;
    return 0;
}

int tandem_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0u); }

int tandem_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0u) == 0 ? 0 : errno;
}

int tandem_wait(int pidfd, int reap, struct tandem_exit *ended) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int done;
    do {
        done = waitid(by_pidfd, (id_t)pidfd, &info, WEXITED | WNOHANG | (reap ? 0 : WNOWAIT));
    } while (done != 0 && errno == EINTR);
    if (done != 0) return errno;
    if (info.si_pid == 0) return EAGAIN;
    ended->pid = info.si_pid;
    ended->code = info.si_code == CLD_EXITED ? info.si_status : 0;
    ended->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    return 0;
}

pid_t tandem_any_ended_child(void) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return 0;
    return info.si_pid;
}

int tandem_reap(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

int tandem_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

int tandem_process_facts(pid_t pid, struct tandem_process_facts *facts) {
    char name[64], text[1024];
    snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? ESRCH : errno;
    ssize_t length = read(file, text, sizeof text - 1);
    int failed = errno;
    close(file);
    if (length < 0) return failed;
    text[length] = 0;
    char *rest = strrchr(text, ')');  // the command's name may hold spaces and brackets
    if (rest == NULL) return EIO;
    int session;
    long long ticks;
    // Fields 3 (state), 6 (session) and 22 (start time) of proc(5).
    int found = sscanf(
        rest + 1, " %c %*d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
        &facts->state, &session, &ticks);
    if (found != 3) return EIO;
    facts->session = session;
    facts->start_ticks = ticks;
    return 0;
}

int tandem_process_variable(pid_t pid, const char *name, char *value, size_t capacity) {
    enum { bytes_max = 256 * 1024 };
    char file_name[64];
    snprintf(file_name, sizeof file_name, "/proc/%d/environ", (int)pid);
    int file = open(file_name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    char *text = malloc(bytes_max + 1);
    if (text == NULL) {
        close(file);
        return -1;
    }
    size_t length = 0;
    ssize_t part;
    while (length < bytes_max && (part = read(file, text + length, bytes_max - length)) > 0)
        length += (size_t)part;
    close(file);
    text[length] = 0;
    size_t name_length = strlen(name);
    int found = -1;
    for (char *entry = text; entry < text + length; entry += strlen(entry) + 1) {
        if (strncmp(entry, name, name_length) != 0 || entry[name_length] != '=') continue;
        found = snprintf(value, capacity, "%s", entry + name_length + 1);
        break;
    }
    free(text);
    return found;
}

int tandem_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int64_t tandem_boot_millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void tandem_keep_memory(void) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 16 << 20);
}
