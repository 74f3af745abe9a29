# Following 10⁵ jobs that pretend to run, against describing each of them every ten seconds; and an array of 10⁴ children.

tracked=${BENCH_TRACKED:-100000}

portal_sql() { as_postgres batchport; }
region_sql() { as_postgres batchport_local; }

bench_track() {
    note "making $tracked jobs"
    fill_tracked
    wait_for "SELECT count(*) FROM sweeps WHERE surveyed_at > now() - interval '5 s'"
    measure_calls
    measure_delay
    measure_look
    measure_array
}

fill_tracked() {
    as_service "$state/app/bin/batchport" local fill --settings "$state/settings/local.conf" --count "$tracked" \
        --prefix track >/dev/null
    # A fault without effect counts what it meets.
    region_sql <<<"INSERT INTO faults (operation, kind, milliseconds, remaining)
        VALUES ('DescribeJobs', 'delay', 0, NULL), ('ListJobs', 'delay', 0, NULL)"
    region_sql <<<"SELECT id FROM jobs WHERE name LIKE 'track-%'" >"$work/ids"
    sed -n '1,/^\\copy/p' "$here/track/jobs.sql" >"$work/jobs.sql"
    { cat "$work/ids" && echo '\.' && sed '1,/^\\copy/d' "$here/track/jobs.sql"; } >>"$work/jobs.sql"
    portal_sql <"$work/jobs.sql" >/dev/null
}

wait_for() {
    local n
    for n in $(seq 1200); do
        [ "$(portal_sql <<<"$1")" = 0 ] || return 0
        sleep 0.1
    done
    stop "Waited two minutes for: $1"
}

calls() { region_sql <<<"SELECT coalesce(sum(seen), 0) FROM faults WHERE operation IN ('DescribeJobs', 'ListJobs')"; }

# Of the worker's processes, in hundredths of a second.
worker_ticks() {
    local pid
    for pid in $(program worker); do awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"; done |
        awk '{ s += $1 } END { print s }'
}

measure_calls() {
    local before ticks seconds=${BENCH_SECONDS:-120}
    before=$(calls) ticks=$(worker_ticks)
    sleep "$seconds"
    note "$(awk -v a="$(calls)" -v b="$before" -v s="$seconds" -v n="$tracked" 'BEGIN {
        ours = (a - b) * 60 / s; naive = n / 100 * 6
        printf "AWS calls a minute: %.0f; describing all every 10 s: %.0f; ratio %.3f (goal 0.25)", ours, naive, ours / naive }')"
    note "$(awk -v a="$(worker_ticks)" -v b="$ticks" -v s="$seconds" 'BEGIN {
        printf "worker: %.1f %% of a core (goal 20)", (a - b) / s }')"
    note "worker memory: $(for pid in $(program worker); do awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$pid/status"; done) MiB at most (goal 200)"
}

# From the end at the region to the portal's row, of jobs that nobody looks at.
measure_delay() {
    local round ids start
    : >"$work/delays"
    for round in 1 2 3 4 5; do
        ids=$(shuf -n 20 "$work/ids" | sed "s/.*/'&'/" | paste -sd,)
        region_sql <<<"UPDATE jobs SET status = 'SUCCEEDED', stopped_at = clock_timestamp() WHERE id IN ($ids) AND status = 'RUNNING'"
        start=$(date +%s%N)
        while [ "$(portal_sql <<<"SELECT count(*) FROM jobs WHERE id IN ($ids) AND status = 'Running'")" != 0 ]; do sleep 0.2; done
        echo $((($(date +%s%N) - start) / 1000000)) >>"$work/delays"
        sleep $((round * 3))
    done
    note "until the last of 20 changes is shown, ms: $(tr '\n' ' ' <"$work/delays")(goal 30000)"
}

measure_look() {
    local round id start
    : >"$work/delays"
    for round in 1 2 3 4 5; do
        id=$(shuf -n 1 "$work/ids")
        portal_sql <<<"INSERT INTO looks (job) VALUES ('$id') ON CONFLICT (job) DO UPDATE SET at = now()"
        sleep 3
        region_sql <<<"UPDATE jobs SET status = 'SUCCEEDED', stopped_at = clock_timestamp() WHERE id = '$id'"
        start=$(date +%s%N)
        while [ "$(portal_sql <<<"SELECT status FROM jobs WHERE id = '$id'")" = Running ]; do sleep 0.1; done
        echo $((($(date +%s%N) - start) / 1000000)) >>"$work/delays"
    done
    note "until the change of a job that is looked at is shown, ms: $(tr '\n' ' ' <"$work/delays")(goal 5000)"
}

# The first sweep learns of all children, the second of a thousand that have ended.
measure_array() {
    local array before ticks
    portal_sql <<<"UPDATE jobs SET status = 'Failed', capture = 'complete', settled_at = now()
        WHERE name = 'one of many' AND settled_at IS NULL"
    array=$(region_sql <"$here/track/array-region.sql")
    before=$(calls) ticks=$(worker_ticks)
    { echo "\\set array $array" && cat "$here/track/array-portal.sql"; } | portal_sql >/dev/null
    wait_for "SELECT count(*) FROM jobs WHERE id = '$array' AND child_statuses->>'Running' = '10000'"
    array_cost "a sweep that learns of 10,000 running children" "$before" "$ticks"
    before=$(calls) ticks=$(worker_ticks)
    region_sql <<<"UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now() WHERE parent = '$array' AND array_index < 1000"
    wait_for "SELECT count(*) FROM jobs WHERE id = '$array' AND child_statuses->>'Succeeded' = '1000'"
    array_cost "a sweep in which 1,000 of them end (bound $((10 + 9 + 1 + 1)))" "$before" "$ticks"
    measure_children_page "$array"
}

# As its owner's browser gets it, through nginx.
measure_children_page() {
    local page secret=bench-session-of-array-00000000000000000000
    page=$url/jobs/$1/children
    portal_sql <<<"INSERT INTO sessions (token_hash, person, factor, idle, ends_at)
        SELECT sha256('$secret'), owner, true, '1 hour', now() + interval '1 day' FROM jobs WHERE id = '$1'"
    for _ in $(seq 20); do
        curl -s -o /dev/null -w '%{http_code} %{time_total} %{size_download}\n' -H "Cookie: __Host-batchport=$secret" "$page"
    done | sort -k2n | awk '$1 != 200 { exit 1 } { ms[NR] = $2 * 1000; bytes = $3 } END {
        printf "%.0f %.0f %.0f\n", ms[1], ms[int((NR + 1) / 2)], bytes / 1000 }' >"$work/page"
    note "the page of its children, best and median of 20 in ms, and KB: $(cat "$work/page") (goals 100 ms, 300 KB)"
}

array_cost() {
    note "$1: $(($(calls) - $2)) calls, $((($(worker_ticks) - $3) * 10)) ms of the worker's CPU (with the sweeps beside it)"
}
