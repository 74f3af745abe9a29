#pragma once
// No _GNU_SOURCE: Swift's own Glibc module is built without it, and a type declared two ways does not compile.
// GNU functions that we need are declared here by hand.
#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

int pipe2(int descriptors[2], int flags);
int unshare(int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

static inline int bp_exited(int status) { return WIFEXITED(status); }
static inline int bp_exit_status(int status) { return WEXITSTATUS(status); }
static inline int bp_signaled(int status) { return WIFSIGNALED(status); }
static inline int bp_term_signal(int status) { return WTERMSIG(status); }
static inline int bp_prctl(int option, unsigned long a) { return prctl(option, a, 0, 0, 0); }
static inline int bp_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }
static inline int bp_name_thread(const char *name) { return prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }
/* epoll's event is a union, which Swift would have to treat as unsafe memory. */
static inline int bp_epoll_add(int queue, int number, int exclusive) {
    struct epoll_event event = {.events = EPOLLIN | (exclusive ? EPOLLEXCLUSIVE : 0), .data = {.fd = number}};
    return epoll_ctl(queue, EPOLL_CTL_ADD, number, &event);
}
/* How many of at most two descriptors are ready, and whether `number` is one of them. */
static inline int bp_epoll_wait(int queue, int number, int *found) {
    struct epoll_event events[2];
    int ready = epoll_wait(queue, events, 2, -1);
    *found = 0;
    for (int n = 0; n < ready; n++) *found |= events[n].data.fd == number;
    return ready;
}
static inline int bp_duplicate(int number, int least) { return fcntl(number, F_DUPFD_CLOEXEC, least); }
static inline int bp_await(pid_t pid) {
    siginfo_t information;
    return waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT);
}
/* All of the process's memory, as it comes into use; 0 on success. Where locked memory is limited, what is allocated later
   would fail, so then nothing is locked. */
static inline int bp_lock_memory(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur != RLIM_INFINITY) return -1;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}
