/* Process 1 of a local job's sandbox: batchport-init PORT SOCKET. Started by bubblewrap in namespaces of its own.
     - relays 127.0.0.2:PORT, the region's endpoint as the job knows it, to the UNIX socket SOCKET, the only way out;
     - serves the job's credentials on http://127.0.0.1:51679/credentials;
     - runs the job, passes SIGTERM on to it, reaps orphans, and ends with the job's exit code (128 + n for signal n),
       upon which the kernel ends everything else in the namespace, this relay included.
   Descriptor 3, from the executor: a decimal length and a newline, then that many bytes of strings, each ended by NUL:
   the credentials' document, the number of arguments, the arguments, the environment. Then a byte T for each SIGTERM to
   pass on. Its end means that the executor is gone, and so is then the job.
   Descriptor 4, to the executor: "R" once the job runs, or "E" and errno when its program cannot be started.
   Static, without an environment of its own: nothing that a job sets reaches this program's loader. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 3, STATUS = 4, CREDENTIALS_PORT = 51679, CONNECTIONS = 256, FAULT = 70, KILLED = 137 };

static const char *region_socket;
static const char *credentials;
static sem_t free_connections;

static void stop(const char *what) {
    dprintf(STDERR_FILENO, "batchport-init: %s: %s\n", what, strerror(errno));
    _exit(FAULT);
}

static int listen_on(const char *address, int port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, address, &place.sin_addr);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) stop("socket");
    if (bind(listener, (struct sockaddr *)&place, sizeof place) != 0 || listen(listener, 128) != 0) stop(address);
    return listener;
}

static void start_thread(void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    if ((errno = pthread_create(&thread, &attributes, body, argument)) != 0) stop("thread");
    pthread_attr_destroy(&attributes);
}

/* One direction of a connection: what was read from `from` and is not yet written to `to`. */
struct flow {
    int from, to;
    size_t start, end;
    int ended, closed;
    char bytes[64 << 10];
};

struct pair {
    struct flow out, back;
};

/* Both answer 0 once the connection is broken. */
static int fill(struct flow *flow) {
    ssize_t got = read(flow->from, flow->bytes, sizeof flow->bytes);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    flow->ended = got == 0;
    flow->start = 0;
    flow->end = (size_t)got;
    return 1;
}

static int drain(struct flow *flow) {
    if (flow->start < flow->end) {
        ssize_t put = send(flow->to, flow->bytes + flow->start, flow->end - flow->start, MSG_NOSIGNAL);
        if (put < 0) return errno == EAGAIN || errno == EINTR;
        flow->start += (size_t)put;
    }
    if (flow->ended && flow->start == flow->end && !flow->closed) {
        flow->closed = 1;
        shutdown(flow->to, SHUT_WR);
    }
    return 1;
}

static int is_empty(const struct flow *flow) { return flow->start == flow->end; }

static short wanted(const struct flow *in, const struct flow *out) {
    return (short)((is_empty(in) && !in->ended ? POLLIN : 0) | (is_empty(out) ? 0 : POLLOUT));
}

static void copy(struct pair *pair) {
    struct flow *out = &pair->out, *back = &pair->back;
    while (!out->closed || !back->closed) {
        struct pollfd ends[2] = {{out->from, wanted(out, back), 0}, {back->from, wanted(back, out), 0}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR) return;
        for (int side = 0; side < 2; side++) {
            struct flow *in = side == 0 ? out : back;
            if ((ends[side].revents & POLLERR) || ((ends[side].revents & POLLHUP) && ends[side].events == 0)) return;
            if ((ends[side].events & POLLIN) && (ends[side].revents & (POLLIN | POLLHUP)) && !fill(in)) return;
        }
        if (!drain(out) || !drain(back)) return;
    }
}

static void *relay_connection(void *argument) {
    struct pair *pair = argument;
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    strncpy(place.sun_path, region_socket, sizeof place.sun_path - 1);
    int client = pair->out.from, region = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (region >= 0 && connect(region, (struct sockaddr *)&place, sizeof place) == 0) {
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(client, F_SETFL, O_NONBLOCK);
        fcntl(region, F_SETFL, O_NONBLOCK);
        pair->out.to = pair->back.from = region;
        pair->back.to = client;
        copy(pair);
    }
    if (region >= 0) close(region);
    close(client);
    free(pair);
    sem_post(&free_connections);
    return NULL;
}

static void *relay(void *argument) {
    int listener = *(int *)argument;
    for (;;) {
        while (sem_wait(&free_connections) != 0) {}
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        struct pair *pair = client < 0 ? NULL : calloc(1, sizeof *pair);
        if (pair == NULL) {
            if (client >= 0) close(client);
            sem_post(&free_connections);
            continue;
        }
        pair->out.from = client;
        start_thread(relay_connection, pair);
    }
    return NULL;
}

static void answer(int client) {
    char request[8192];
    size_t length = 0;
    struct timeval patience = {.tv_sec = 2};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (length < sizeof request - 1) {
        ssize_t got = read(client, request + length, sizeof request - 1 - length);
        if (got <= 0) return;
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) break;
    }
    const char *form = "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s";
    const char *path = "GET /credentials ";
    int found = strncmp(request, path, strlen(path)) == 0;
    const char *body = found ? credentials : "{\"code\":\"NotFound\",\"message\":\"There is only /credentials.\"}";
    dprintf(client, form, found ? "200 OK" : "404 Not Found", strlen(body), body);
}

static void *serve_credentials(void *argument) {
    int listener = *(int *)argument;
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) continue;
        answer(client);
        close(client);
    }
    return NULL;
}

/* The whole of the executor's message, with a NUL behind it. */
static char *read_message(size_t *length) {
    char digits[16] = "";
    for (size_t index = 0; index < sizeof digits - 1; index++) {
        if (read(CONTROL, digits + index, 1) != 1) stop("no message");
        if (digits[index] == '\n') break;
    }
    *length = strtoul(digits, NULL, 10);
    char *message = calloc(*length + 1, 1);
    if (message == NULL) stop("message");
    for (size_t done = 0; done < *length;) {
        ssize_t got = read(CONTROL, message + done, *length - done);
        if (got <= 0) stop("message cut short");
        done += (size_t)got;
    }
    return message;
}

static char *next(char **place) {
    char *text = *place;
    *place += strlen(text) + 1;
    return text;
}

static char **list(char **place, const char *end, size_t count) {
    char **texts = calloc(count + 1, sizeof *texts);
    if (texts == NULL) stop("list");
    for (size_t index = 0; index < count && *place < end; index++) texts[index] = next(place);
    return texts;
}

static void limit(int resource, rlim_t value) {
    struct rlimit most = {value, value};
    setrlimit((__rlimit_resource_t)resource, &most);
}

/* Answers the job's process id, or 0 and the reason in errno. */
static pid_t start_job(char **arguments, char **environment) {
    int failure[2], code = 0;
    if (pipe2(failure, O_CLOEXEC) != 0) stop("pipe");
    pid_t job = fork();
    if (job < 0) stop("fork");
    if (job == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        limit(RLIMIT_NPROC, 4096);
        setpgid(0, 0);
        environ = environment;
        execvp(arguments[0], arguments);
        code = errno;
        if (write(failure[1], &code, sizeof code) < 0) {}
        _exit(127);
    }
    close(failure[1]);
    if (read(failure[0], &code, sizeof code) == sizeof code) job = 0;
    close(failure[0]);
    errno = code;
    return job;
}

/* Ends this process, and with it the sandbox, when the job has ended. */
static void reap(pid_t job) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended == job) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
}

static void attend(pid_t job, int children) {
    struct signalfd_siginfo information;
    struct pollfd wanted[2] = {{CONTROL, POLLIN, 0}, {children, POLLIN, 0}};
    char order;
    for (;;) {
        reap(job);
        if (poll(wanted, 2, -1) < 0) continue;
        if (wanted[1].revents != 0 && read(children, &information, sizeof information) < 0) continue;
        if (wanted[0].revents == 0) continue;
        if (read(CONTROL, &order, 1) != 1) _exit(KILLED);
        if (order == 'T') kill(job, SIGTERM);
    }
}

static void become_first_victim(void) {
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score < 0) return;
    if (write(score, "500", 3) < 0) {}
    close(score);
}

int main(int count, char **arguments) {
    if (count != 3) return FAULT;
    fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
    fcntl(STATUS, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
    limit(RLIMIT_CORE, 0);
    become_first_victim();
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int children = signalfd(-1, &mask, SFD_CLOEXEC);

    size_t length;
    char *message = read_message(&length), *place = message;
    credentials = next(&place);
    char **command = list(&place, message + length, strtoul(next(&place), NULL, 10));
    char **environment = list(&place, message + length, length);
    region_socket = arguments[2];
    sem_init(&free_connections, 0, CONNECTIONS);
    static int endpoint, source;
    endpoint = listen_on("127.0.0.2", atoi(arguments[1]));
    source = listen_on("127.0.0.1", CREDENTIALS_PORT);

    pid_t job = command[0] == NULL ? (errno = ENOENT, 0) : start_job(command, environment);
    if (job == 0) {
        dprintf(STATUS, "E%d\n", errno);
        return FAULT;
    }
    start_thread(relay, &endpoint);
    start_thread(serve_credentials, &source);
    dprintf(STATUS, "R\n");
    attend(job, children);
}
