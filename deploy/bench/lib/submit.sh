# The queue and the way to AWS: submissions against AWS's own limit, claims against PGMQ's statements, pages beside a
# worker at full load.

ask_portal() { as_postgres batchport <<<"$1"; }
ask_region() { as_postgres batchport_local <<<"$1"; }

# With the simulation `held`, jobs stay where they are: only their way to AWS is measured.
tag_queues() { ask_region "UPDATE job_queues SET tags = '$1'"; }

# make_queued COUNT: that many copies of one small job, with the tasks that send them.
make_queued() {
    tag_queues '{}'
    python3 "$here/lib/settle.py" "$url" "$(demo_field token)" "$(demo_field environment)" 1 >/dev/null
    tag_queues '{"batchport:simulation": "held"}'
    { echo "\set count $1" && cat "$here/submit/fill.sql"; } | as_postgres batchport >/dev/null
}

unsent() { ask_portal "SELECT count(*) FROM jobs WHERE phase IN ('queued', 'sending', 'checking')"; }

bench_submit() {
    local count=${BENCH_SUBMISSIONS:-5000} start first
    first=$(ask_region "SELECT coalesce(max(number), 0) + 1 FROM jobs")
    make_queued "$count"
    start=$SECONDS
    until [ "$(unsent)" = 0 ]; do
        [ $((SECONDS - start)) -lt 900 ] || { note "not all were sent in 900 s"; return 1; }
        sleep 1
    done
    ask_region "SELECT format('%s submissions in %s s: %s a second; %s times what 50 a second take (goal 1.2); accepted twice: %s',
            count(*), round(seconds, 1), round(count(*) / seconds, 1), round(seconds / ((count(*) - 1) / 50.0), 2),
            count(*) - count(DISTINCT name))
        FROM (SELECT name, extract(epoch FROM max(created_at) OVER () - min(created_at) OVER ()) AS seconds
            FROM jobs WHERE number > $first) sent GROUP BY seconds" | sed 's/^/  /'
    tag_queues '{}'
    note "$(ask_portal "SELECT format('refused as too many: %s', coalesce(sum(throttles), 0)) FROM call_rates WHERE operation = 'SubmitJob'")"
}

# Claim and finish, a task at a time, by 1 and by 8 clients: our statements, and those of PGMQ 1.5 (read, delete).
bench_claims() {
    as_postgres batchport <"$here/submit/claims.sql" >/dev/null
    cp "$here"/submit/*.pgbench "$work/"
    local clients
    for clients in 1 8; do
        in_turn "ours $clients clients claims/s" "claims ours $clients" "PGMQ $clients clients claims/s" "claims pgmq $clients"
    done
    ask_portal "DROP SCHEMA bench CASCADE; DELETE FROM tasks WHERE kind = 'bench'" >/dev/null
}

claims() {
    ask_portal "SELECT bench.fill()" >/dev/null
    as_service env PGPASSFILE="$state/keys/postgres.pgpass" "$pg_bin/pgbench" -h "$sockets/pg" -U postgres -n -M prepared -c "$2" -j "$2" -T 6 -f "$work/$1.pgbench" batchport 2>/dev/null |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

# The job list's 99th percentile while nothing happens, and while the worker sends as fast as it may.
bench_load() {
    local idle busy
    idle=$(p99_ms)
    make_queued 3000
    busy=$(p99_ms)
    note "job list p99: idle $idle ms, worker at full load $busy ms, ratio $(ratio "$busy" "$idle") (goal 2); unsent at the end $(unsent)"
    ask_portal "DELETE FROM tasks WHERE kind = 'submit' AND state <> 'running'" >/dev/null
    tag_queues '{}'
}

# At a rate that leaves the machine room, as people do.
p99_ms() {
    wrk -t 1 -c 4 -d 20s --latency -H "Authorization: Bearer $(demo_field token)" "$url/api/v1/jobs" |
        awk '$1 == "99%" { v = $2; print (v ~ /us$/) ? v / 1000 : (v ~ /ms$/) ? v + 0 : v * 1000 }'
}
