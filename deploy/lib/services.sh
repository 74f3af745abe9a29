# The five processes of an instance, each under a keeper that starts it again when it ends.

# In the order in which they start; they stop in the opposite one.
services=(postgres local worker web nginx)

# The processes that a pid file names, if they are still the same ones (see deploy/lib/keep).
recorded_processes() {
    local pid started
    [ -r "$state/run/$1.pid" ] || return 0
    while read -r pid started; do
        # A process that has ended but was not waited for (Z) does not count.
        [ "$(awk '{ sub(/.*\) /, ""); if ($1 != "Z") print $20 }' "/proc/$pid/stat" 2>/dev/null)" = "$started" ] &&
            printf '%s\n' "$pid"
    done <"$state/run/$1.pid"
    return 0
}

is_running() { [ -n "$(recorded_processes "$1")" ]; }

# start NAME STOP-SIGNAL COMMAND...
start() {
    local name=$1 signal=$2
    shift 2
    as_service setsid --fork "$state/app/bin/keep" "$state/run/$name.pid" "$state/logs/$name.log" "$signal" "$@" 9>&-
}

# ready NAME SECONDS COMMAND...: waits until the command succeeds; otherwise ends with what the log says.
ready() {
    local name=$1 seconds=$2
    shift 2
    wait_until "$seconds" "$@" && return
    printf '\nThe end of %s:\n' "$state/logs/$name.log" >&2
    tail -n 20 "$state/logs/$name.log" >&2 || true
    stop_all
    stop "$name did not start within $seconds seconds."
}

stop_service() {
    local pids
    mapfile -t pids < <(recorded_processes "$1")
    if [ "${#pids[@]}" -gt 0 ]; then
        # The keeper first; without one, the process that it left behind.
        kill -TERM "${pids[0]}" 2>/dev/null || true
        wait_until 45 is_gone "$1" || kill -KILL "${pids[@]}" 2>/dev/null || true
    fi
    rm -f "$state/run/$1.pid"
}

is_gone() { ! is_running "$1"; }

stop_all() {
    local index
    for ((index = ${#services[@]} - 1; index >= 0; index--)); do stop_service "${services[$index]}"; done
}

start_local_region() {
    start local TERM "$state/app/bin/batchport" local --settings "$state/settings/local.conf"
}

start_worker() { start worker TERM "$state/app/bin/batchport" worker --settings "$state/settings/worker.conf"; }

start_web() {
    start web TERM "$state/app/bin/secluded" "$state" "$sockets" \
        "$state/app/bin/batchport" web --settings "$state/web/web.conf"
}

start_nginx() {
    local nginx
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
    # A socket left behind by a killed nginx would keep the next one from listening.
    start nginx QUIT sh -c 'rm -f "$0" && exec "$@"' "$sockets/local/jobs.sock" \
        "$nginx" -p "$state/nginx" -c "$state/nginx/nginx.conf" -e "$state/nginx/logs/error.log"
}

start_postgres() {
    start postgres INT "$pg_bin/postgres" -D "$state/pg"
}

portal_answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "http://127.0.0.1:$port/sign-in")" = 200 ]; }
region_answers() { curl -s -o /dev/null --max-time 2 "http://127.0.0.2:$port/"; }
postgres_answers() { as_service "$pg_bin/pg_isready" -q -h "$sockets/pg"; }
worker_answers() {
    [ "$(as_postgres batchport <<<"SELECT ok AND tested_at > now() - interval '1 minute' FROM vault_tests")" = t ]
}
