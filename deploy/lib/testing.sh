# What deploy/test needs around the tests: Python packages, a PostgreSQL to throw away, a moto, and the counting.

test_packages=(chromium fcgiwrap mmdebstrap python3-venv shellcheck skopeo umoci)

# Python packages in a folder of their own, made anew when their list changes. Sets `python` and BATCHPORT_TEST_PYTHON.
make_venv() {
    local list=$clone/Tests/system/requirements.txt venv=${XDG_CACHE_HOME:-$HOME/.cache}/batchport/venv
    python=$venv/bin/python
    export BATCHPORT_TEST_PYTHON=$python
    cmp -s "$list" "$venv/requirements.txt" && return
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$python" -m pip install -q --disable-pip-version-check -r "$list"
    cp "$list" "$venv/requirements.txt"
}

# A folder of this run in memory, where there is room for it. Sets `memory`.
find_memory() {
    local free shared=/dev/shm
    memory=$work
    free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    [ -w "$shared" ] && [ "${free:-0}" -gt 3000000 ] || return 0
    [ "$(df --output=avail "$shared" | tail -n 1)" -gt 1000000 ] || return 0
    memory=$(mktemp -d "$shared/batchport-test.XXXXXX")
    chmod 0755 "$memory"
}

# A server that trusts whoever reaches its socket, in a folder of this run. In memory: most tests make a database of three
# hundred files, and a disk's file system looks long for each. Sets BATCHPORT_TEST_POSTGRES.
start_test_postgres() {
    install -d -m 0700 -o "$service" "$sockets" "$memory/pg"
    as_service "$pg_bin/initdb" -D "$memory/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    as_service "$pg_bin/postgres" -D "$memory/pg" -c listen_addresses= -c "unix_socket_directories=$sockets" \
        -c max_connections=300 -c fsync=off -c min_wal_size=32MB -c max_wal_size=128MB >"$work/postgres.log" 2>&1 &
    running+=($!)
    wait_until 30 as_service "$pg_bin/pg_isready" -q -h "$sockets" || stop "The tests' PostgreSQL did not start: $(tail -3 "$work/postgres.log")"
    export BATCHPORT_TEST_POSTGRES="host=$sockets user=postgres"
}

# A second implementation of AWS's protocols to test the client against. Sets BATCHPORT_TEST_MOTO.
start_moto() {
    local port
    port=$(free_port)
    "$python" -m moto.server -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
    running+=($!)
    export BATCHPORT_TEST_MOTO=http://127.0.0.1:$port
    wait_until 60 curl -s -o /dev/null "$BATCHPORT_TEST_MOTO/moto-api/" || stop "moto did not start: $(tail -3 "$work/moto.log")"
}

# A port that is free, and that the system gives to no client.
free_port() {
    /usr/bin/python3 - <<'END'
import random, socket
while True:
    port = random.randrange(20_000, 32_000)
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
END
}

end_running() {
    local pid
    for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${running[@]}"; do wait "$pid" 2>/dev/null || true; done
    running=()
}

# Of a run that was broken off: its processes had no time to.
end_instances() {
    local made
    for made in "$work"/instances/*/s; do
        [ -d "$made/run" ] && "$clone/deploy/down" --state "$made" >/dev/null || true
    done
}
