# An instance of Batchport for measuring, in the release build, with wrk in front of it.

make_instance() {
    find_layout "${BENCH_STATE:-/var/tmp/batchport-bench}"
    port=${BENCH_PORT:-18080}
    "$clone/deploy/up" --port "$port" --state "$state" --no-sample
    url=http://127.0.0.1:$port
    find_postgres
    raise_rates
    work=$(mktemp -d /tmp/batchport-bench.XXXXXX)
    chmod 0755 "$work"
    started=()
}

remove_instance() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    [ -n "${BENCH_KEEP:-}" ] || {
        "$clone/deploy/down" --state "$state" && rm -rf "$state"
    }
    rm -rf "$work"
}

# per_second URL HEADER [SECONDS]: requests a second at 16 connections; says so when one failed.
per_second() {
    local out
    out=$(wrk -t 2 -c 16 -d "${3:-8}s" -H "$2" "$1")
    grep -E 'Non-2xx|Socket errors' <<<"$out" | sed 's/^/  /' >&2 || true
    sed -n 's/^Requests\/sec: *//p' <<<"$out"
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# In turn, so that both meet the same machine: A B A B A B; prints each one's median and the median of the pairs' ratios.
in_turn() {
    local name_a=$1 command_a=$2 name_b=$3 command_b=$4 round a b
    : >"$work/a" && : >"$work/b" && : >"$work/ratios"
    for round in 1 2 3; do
        a=$($command_a) b=$($command_b)
        echo "$a" >>"$work/a" && echo "$b" >>"$work/b" && ratio "$a" "$b" >>"$work/ratios" && echo >>"$work/ratios"
    done
    note "$name_a $(median <"$work/a")   $name_b $(median <"$work/b")   ratio $(sed '/^$/d' "$work/ratios" | median) ($(sed '/^$/d' "$work/ratios" | sort -n | tr '\n' ' '))"
}

demo_field() { python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."): v = v[k]
print(v)' "$state/demo.json" "$1"; }
