/* The rival of the job list: a bare FastCGI responder over libfcgi and libpq that does what the portal does for
 * GET /jobs of a member and nothing else: reads the session's cookie, asks the database who that is and for the newest
 * 50 jobs under the same row-level security, and writes the same page to the byte. No framework, no allocation per row.
 *
 *   rival PROCESSES THREADS WHO.SQL LIST.SQL ASSETS < listening socket      BENCH_DATABASE = conninfo
 * ASSETS holds one line per static file: NAME PATH. */
#define _GNU_SOURCE
#include <fcgiapp.h>
#include <libpq-fe.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *list_sql, *who_sql, *css, *icons, *js, *mark, *api;

struct page { char *at; size_t count, room; };

static void put(struct page *p, const char *bytes, size_t count) {
    if (p->count + count > p->room) p->at = realloc(p->at, p->room = 2 * (p->count + count));
    memcpy(p->at + p->count, bytes, count);
    p->count += count;
}
static void say(struct page *p, const char *text) { put(p, text, strlen(text)); }
static void escaped(struct page *p, const char *text) {
    for (; *text; text++) switch (*text) {
        case '&': say(p, "&amp;"); break;
        case '<': say(p, "&lt;"); break;
        case '>': say(p, "&gt;"); break;
        case '"': say(p, "&quot;"); break;
        case '\'': say(p, "&#39;"); break;
        default: put(p, text, 1);
    }
}
static void format(struct page *p, const char *form, ...) {
    char line[512];
    va_list list;
    va_start(list, form);
    int count = vsnprintf(line, sizeof line, form, list);
    va_end(list);
    put(p, line, (size_t)count);
}
static void icon(struct page *p, const char *name) {
    format(p, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"%s#%s\"/></svg>", icons, name);
}
static void duration(struct page *p, long long ms) {
    long long s = (ms < 0 ? 0 : ms) / 1000;
    if (s < 60) format(p, "%lld s", s);
    else if (s < 3600) {
        format(p, "%lld min", s / 60);
        if (s < 600 && s % 60) format(p, " %lld s", s % 60);
    } else if (s < 86400) format(p, "%lld h %02lld min", s / 3600, s / 60 % 60);
    else format(p, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

#include "page.inc"

static int cookie_of(FCGX_Request *r, char *out, size_t room) {
    const char *line = FCGX_GetParam("HTTP_COOKIE", r->envp), *name = COOKIE "=";
    const char *found = line ? strstr(line, name) : NULL;
    if (!found) return 0;
    found += strlen(name);
    size_t count = strcspn(found, ";");
    if (count >= room) return 0;
    memcpy(out, found, count);
    out[count] = 0;
    return 1;
}

static void *serve(void *unused) {
    (void)unused;
    PGconn *db = PQconnectdb(getenv("BENCH_DATABASE"));
    if (PQstatus(db) != CONNECTION_OK) { fprintf(stderr, "%s", PQerrorMessage(db)); exit(1); }
    PQclear(PQprepare(db, "as", "SELECT set_config('batchport.session', $1, true)", 1, NULL));
    PQclear(PQprepare(db, "who", who_sql, 0, NULL));
    PQclear(PQprepare(db, "list", list_sql, LIST_PARAMETERS, NULL));
    PQenterPipelineMode(db);
    FCGX_Request r;
    FCGX_InitRequest(&r, 0, 0);
    struct page p = {malloc(1 << 17), 0, 1 << 17};
    while (FCGX_Accept_r(&r) == 0) {
        char cookie[256];
        p.count = 0;
        if (!cookie_of(&r, cookie, sizeof cookie) || !answer(db, &p, cookie)) {
            FCGX_PutS("Status: 303\r\nLocation: /sign-in\r\n\r\n", r.out);
        } else {
            FCGX_PutS("Status: 200\r\nContent-Type: text/html; charset=utf-8\r\n\r\n", r.out);
            FCGX_PutStr(p.at, (int)p.count, r.out);
        }
        FCGX_Finish_r(&r);
    }
    return NULL;
}

static char *whole(const char *path) {
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 16);
    if (!f || !fread(text, 1, (1 << 16) - 1, f)) { perror(path); exit(1); }
    fclose(f);
    return text;
}

int main(int count, char **words) {
    if (count != 6) return 64;
    int processes = atoi(words[1]), threads = atoi(words[2]);
    who_sql = whole(words[3]);
    list_sql = whole(words[4]);
    char *assets = whole(words[5]);
    for (char *line = strtok(assets, "\n"); line; line = strtok(NULL, "\n")) {
        char *space = strchr(line, ' ');
        *space = 0;
        if (!strcmp(line, "app.css")) css = space + 1;
        if (!strcmp(line, "icons.svg")) icons = space + 1;
        if (!strcmp(line, "app.js")) js = space + 1;
        if (!strcmp(line, "mark.svg")) mark = space + 1;
        if (!strcmp(line, "openapi.json")) api = space + 1;
    }
    for (int n = 1; n < processes; n++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    FCGX_Init();
    /* libfcgi would only note the signal until the next request. */
    signal(SIGTERM, SIG_DFL);
    pthread_t handles[16];
    for (int n = 0; n < threads && n < 16; n++) pthread_create(&handles[n], NULL, serve, NULL);
    for (int n = 0; n < threads && n < 16; n++) pthread_join(handles[n], NULL);
    return 0;
}
