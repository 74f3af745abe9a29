# What trust.md promises in figures: work of a dead worker, one person's jobs behind another's thousands, slow clients.

# Four submissions are held by slow answers when their worker is killed: until another process has claimed each of them.
bench_rescue() {
    local round start
    tag_queues '{"batchport:simulation": "instant"}'
    for round in 1 2 3; do
        ask_region "INSERT INTO faults (operation, kind, milliseconds, remaining) VALUES ('SubmitJob', 'delay', 10000, 4)"
        python3 "$here/lib/post.py" "$url" "$(demo_field token)" "$(demo_field environment)" 4
        wait_for "SELECT (count(*) = 4)::int FROM tasks WHERE kind = 'submit' AND state = 'running'"
        ask_portal "CREATE TABLE bench_held AS SELECT id, lease_token FROM tasks WHERE kind = 'submit' AND state = 'running'"
        program worker | xargs kill -KILL
        start=$(date +%s%N)
        wait_for "SELECT (count(*) = 0)::int FROM bench_held h JOIN tasks t USING (id) WHERE t.lease_token = h.lease_token"
        note "the last of 4 tasks was claimed again $((($(date +%s%N) - start) / 1000000)) ms after its worker's death (goal 45000)"
        ask_portal "DROP TABLE bench_held"
        wait_for "SELECT (count(*) = 0)::int FROM jobs WHERE settled_at IS NULL AND name = 'trivial'"
    done
    tag_queues '{}'
}

# From POST to settled for another person, alone and while 5,000 jobs of one wait for their turn at the same account.
bench_fair() {
    local other
    batchport_admin add-person --email fair@example.org --name fair --password-file /dev/stdin <<<"a long $(random_text 12)" >/dev/null || true
    other=$(batchport_admin add-token --email fair@example.org --name fair --scopes jobs:read,jobs:submit,environments:read | tail -1)
    # Simulated, or the region's own queue were measured: that takes jobs in their order, as AWS's does.
    tag_queues '{"batchport:simulation": "instant"}'
    note "alone: $(python3 "$here/lib/settle.py" "$url" "$other" "$(demo_field environment)" 20 | cut -d';' -f1)"
    make_queued 5000
    tag_queues '{"batchport:simulation": "instant"}'
    note "behind 5,000 of another: $(python3 "$here/lib/settle.py" "$url" "$other" "$(demo_field environment)" 20 | cut -d';' -f1) (goal: twice)"
    ask_portal "DELETE FROM tasks WHERE kind = 'submit' AND state <> 'running'" >/dev/null
    tag_queues '{}'
}

batchport_admin() { as_service "$state/app/bin/batchport" admin "$@" --settings "$state/settings/migrate.conf"; }

# The job list's 99th percentile alone, and beside 500 clients that send and read a byte a second.
bench_slow() {
    local alone beside
    alone=$(p99_ms)
    python3 "$here/lib/slow.py" "$url" "$(demo_field token)" 500 25 &
    sleep 3
    beside=$(p99_ms)
    wait $!
    note "job list p99: alone $alone ms, beside 500 slow clients $beside ms, ratio $(ratio "$beside" "$alone") (goal 2)"
}
