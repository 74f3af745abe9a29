# What a process costs: a CGI start, memory, and the way from a POST to a settled job.

program() { pgrep -f "^$state/app/bin/batchport $1"; }

# The same request by the same program: FastCGI through nginx, and a new process each.
bench_cgi() {
    in_turn "FastCGI ms" fastcgi_ms "CGI ms" cgi_ms
}

fastcgi_ms() {
    local n
    for n in $(seq 30); do curl -s -o /dev/null -w '%{time_total}\n' "$url/healthz"; done | awk '{ print $1 * 1000 }' | median
}

# Started as a web server would: the environment is the request. Includes the connection to the database.
cgi_ms() {
    local n
    for n in $(seq 30); do
        as_service env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REQUEST_URI=/healthz SERVER_PROTOCOL=HTTP/1.1 \
            HTTP_HOST="127.0.0.1:$port" BATCHPORT_SETTINGS="$state/web/web.conf" \
            python3 -c 'import subprocess, sys, time
start = time.monotonic()
done = subprocess.run([sys.argv[1], "web"], capture_output=True, check=True)
assert b"Status: 200" in done.stdout, done.stdout
print((time.monotonic() - start) * 1000)' "$state/app/bin/batchport"
    done | median
}

rss_mib() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }

bench_memory() {
    local pid before
    before=$(for pid in $(program "web --serve"); do rss_mib "$pid"; done | sort -n | tail -1)
    wrk -t 2 -c 16 -d 70s -H "Authorization: Bearer $(demo_field token)" "$url/api/v1/jobs" >"$work/wrk"
    note "$(sed -n 's/^ *\([0-9]* requests in .*\)/\1/p' "$work/wrk")"
    note "largest web process: $before MiB before, $(for pid in $(program "web --serve"); do rss_mib "$pid"; done | sort -n | tail -1) MiB after (goal 40)"
    note "idle worker: $(for pid in $(program worker); do rss_mib "$pid"; done | sort -n | tail -1) MiB"
}

# Against the same program run directly: what is left is the portal's and the region's own time.
bench_settle() {
    python3 "$here/lib/settle.py" "$url" "$(demo_field token)" "$(demo_field environment)" 10 | sed 's/^/  /'
}
