/* A clock that is wrong, for the program that this is loaded into: CLOCK_SHIFT seconds ahead, and with CLOCK_FROZEN it stands
 * still. Only the time of day is; waiting is not touched. libfaketime would do, but a Swift program started with it does
 * not get its arguments (measured with 0.9.10 and Swift 6.3.1). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    static struct timespec first;
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, out);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    if (first.tv_sec == 0) first = *out;
    if (getenv("CLOCK_FROZEN")) *out = first;
    if (getenv("CLOCK_SHIFT")) out->tv_sec += atol(getenv("CLOCK_SHIFT"));
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
