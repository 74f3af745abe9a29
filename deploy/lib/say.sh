# How deploy/up, deploy/down and deploy/test speak: one line a step, one sentence when they stop.

step() { printf '\n\033[1m%s\033[0m\n' "$*" | decolour; }
note() { printf '  %s\n' "$*"; }
stop() {
    printf '\nbatchport: %s\n' "$*" >&2
    exit 1
}

# Colours only for a terminal.
decolour() { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

is_root() { [ "$(id -u)" = 0 ]; }

# wait_until SECONDS COMMAND...: asks ten times a second; false if it never succeeded.
wait_until() {
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

random_text() { head -c "$1" /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }
random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
