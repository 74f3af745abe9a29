# What signing in, row-level security and the audit trail cost.

# pgbench ROLE FILE [CLIENTS]: transactions a second of a script, for 8 s, and the milliseconds of one.
pgbench_of() {
    local role=$1 file=$2 clients=${3:-1}
    # As the web has it: jit=off.
    as_service env PGOPTIONS="-c jit=off" PGPASSFILE="$state/$([ "$role" = batchport_web ] && echo web/web || echo "keys/${role#batchport_}").pgpass" \
        "$pg_bin/pgbench" -n -M prepared -T 8 -c "$clients" -j 2 -h "$sockets/pg" -U "$role" -f "$file" batchport 2>/dev/null |
        awk '/^latency average/ { ms = $4 } /^tps/ { printf "%.0f %.3f\n", $3, ms }'
}

# The list's own statement with its look-up of who asks: as the web's role, which row-level security binds, and as one
# that it does not.
bench_visibility() {
    local secret with without round
    [ -e "$state/bench-filled" ] || fill
    for secret in "$many" "$few"; do
        {
            printf 'BEGIN;\nSELECT set_config('"'batchport.session', '%s'"', true);\n' "$secret"
            cat "$here/list/list.sql"
            printf ';\nCOMMIT;\n'
        } >"$work/visibility.sql"
        chmod 0644 "$work/visibility.sql"
        for round in 1 2 3; do
            with=$(pgbench_of batchport_web "$work/visibility.sql") without=$(pgbench_of postgres "$work/visibility.sql")
            note "list of ${secret:17:4}: with row-level security ${with#* } ms, without ${without#* } ms, ratio $(ratio "${with#* }" "${without#* }")"
        done
    done
}

# Entries added one a transaction, entries sealed, and a million of them verified.
bench_audit() {
    local from=$SECONDS until=$((SECONDS + 600)) count
    echo "INSERT INTO audit (by_process, action, subject_kind, subject) VALUES ('worker', 'bench', 'site', gen_random_uuid());" >"$work/append.sql"
    chmod 0644 "$work/append.sql"
    note "added by 16 at once: $(pgbench_of batchport_worker "$work/append.sql" 16 | cut -d' ' -f1) entries/s, by one: $(pgbench_of batchport_worker "$work/append.sql" | cut -d' ' -f1)"
    as_postgres batchport <<<"INSERT INTO audit (by_process, action, subject_kind, subject, detail)
        SELECT 'worker', 'bench', 'site', gen_random_uuid(), jsonb_build_object('n', n) FROM generate_series(1, 1000000) n" >/dev/null
    from=$SECONDS count=$(as_postgres batchport <<<"SELECT count(*) FROM audit WHERE seq IS NULL")
    while [ "$SECONDS" -lt "$until" ] && [ "$(as_postgres batchport <<<"SELECT count(*) FROM audit WHERE seq IS NULL")" -gt 0 ]; do sleep 1; done
    note "sealed: $((count / (SECONDS - from + 1))) entries/s"
    from=$(date +%s%N)
    note "$(as_service "$state/app/bin/batchport" admin audit verify --settings "$state/settings/migrate.conf" | cut -c1-60)… in $((($(date +%s%N) - from) / 1000000)) ms"
}

# Two hundred at once: how many get in, how many are told to come back, and what memory that takes.
bench_signin() {
    local processes
    mapfile -t processes < <(program "web --serve")
    python3 "$here/lib/signin.py" "$state/demo.json" "${processes[@]}"
}
