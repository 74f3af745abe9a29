/* The program that AWS Batch starts: /opt/batchport/batchport-runner. It runs the real one through the bundle's own
   dynamic loader, so that neither the image's C library nor its shell nor its loader cache matters. Linked statically;
   needs /proc only to find a bundle that does not stand in its usual place. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL_PLACE "/opt/batchport"
#define LOADER "/lib/ld.so"
#define FAULT 70

extern char **environ;

static char bundle[PATH_MAX] = USUAL_PLACE;
static char loader[PATH_MAX + 64], libraries[PATH_MAX + 64], program[PATH_MAX + 64], configuration[PATH_MAX + 64];

static void find_bundle(void) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) return;
    *slash = '\0';
    strcpy(bundle, path);
}

/* What the image sets for its own loader and libraries is not for ours. The runner gives it back to the user's code:
   NAME travels as BATCHPORT_KEPT_NAME. */
static int set_aside(const char *name) {
    char kept[64];
    const char *value = getenv(name);
    if (value == NULL) return 0;
    snprintf(kept, sizeof kept, "BATCHPORT_KEPT_%s", name);
    return setenv(kept, value, 1) != 0 || unsetenv(name) != 0;
}

/* Swift learns its arguments from /proc. Where there is none, the runner takes its one argument from here. */
static int pass_on(int count, char **arguments) {
    if (count != 2) return unsetenv("BATCHPORT_ARGUMENT") != 0;
    return setenv("BATCHPORT_ARGUMENT", arguments[1], 1) != 0;
}

static int prepare(void) {
    snprintf(loader, sizeof loader, "%s" LOADER, bundle);
    snprintf(libraries, sizeof libraries, "%s/lib", bundle);
    snprintf(program, sizeof program, "%s/libexec/batchport-runner", bundle);
    snprintf(configuration, sizeof configuration, "%s/etc/openssl.cnf", bundle);
    return set_aside("LD_PRELOAD") || set_aside("LD_AUDIT") || set_aside("LD_LIBRARY_PATH")
           || set_aside("OPENSSL_CONF") || setenv("OPENSSL_CONF", configuration, 1) != 0
           || setenv("BATCHPORT_BUNDLE", bundle, 1) != 0;
}

int main(int count, char **arguments) {
    char *head[] = {loader, "--inhibit-cache", "--library-path", libraries, program};
    const size_t length = sizeof head / sizeof *head;
    find_bundle();
    char **all = calloc(length + (size_t)count + 1, sizeof *all);
    if (all == NULL || pass_on(count, arguments) != 0 || prepare() != 0) {
        fputs("batchport-runner: out of memory\n", stderr);
        return FAULT;
    }
    memcpy(all, head, sizeof head);
    for (int index = 1; index < count; index++) all[length + (size_t)index - 1] = arguments[index];
    execve(loader, all, environ);
    fprintf(stderr, "batchport-runner: cannot start %s: is the bundle complete?\n", loader);
    return FAULT;
}
