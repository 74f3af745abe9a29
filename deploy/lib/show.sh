# What deploy/up shows at the end: where to go, how to get in, and a job going through.

demo() { python3 -c 'import json, sys; v = json.load(open(sys.argv[1]))
for part in sys.argv[2].split("."): v = v[part]
print(v)' "$state/demo.json" "$1"; }

# api METHOD PATH [curl options...]: as the demo's member. The token goes in by a file, not by an argument.
api() {
    local method=$1 path=$2
    shift 2
    curl -s --max-time 30 -X "$method" -H @<(printf 'Authorization: Bearer %s\n' "$(demo token)") "$@" \
        "http://127.0.0.1:$port/api/v1$path"
}

# field NAME < JSON: the value, empty where there is none.
field() { python3 -c 'import json, sys
v = json.load(sys.stdin).get(sys.argv[1])
print("" if v is None else v)' "$1"; }

show_sample_job() {
    step "A job goes through: a year of Seattle's weather (deploy/samples/seattle-weather)"
    local answer id shown=0 job until=$((SECONDS + 180))
    answer=$(python3 "$clone/deploy/lib/sample.py" "$clone/deploy/samples/seattle-weather" |
        api POST /jobs -H 'Content-Type: application/json' -H "Idempotency-Key: up-$(random_hex 8)" --data-binary @-)
    id=$(field jobUUID <<<"$answer")
    [ -n "$id" ] || stop "The sample job was not taken: $answer"
    while [ "$SECONDS" -lt "$until" ]; do
        job=$(api GET "/jobs/$id")
        show_status
        [ "$(field settled <<<"$job")" != True ] || break
        sleep 0.2
    done
    note "its page:    http://127.0.0.1:$port/jobs/$id"
    show_outputs
    [ "$(field jobSucceeded <<<"$job")" = True ] || stop "The portal runs, but the sample job did not succeed; its page and $state/logs say why."
}

# What is new in the job's history since the last look, each with the time at which it was so.
show_status() {
    python3 -c 'import json, sys
job, seen = json.load(sys.stdin), int(sys.argv[1])
for entry in job.get("statusHistory", [])[seen:]: print("  {}  {}".format(entry["at"][11:19], entry["status"]))' \
        "$shown" <<<"$job"
    shown=$(python3 -c 'import json, sys; print(len(json.load(sys.stdin).get("statusHistory", [])))' <<<"$job")
}

show_outputs() {
    note "its result:  $(api GET "/jobs/$id/result" | head -c 400)"
    api GET "/jobs/$id/outputs" | python3 -c 'import json, sys
for o in json.load(sys.stdin).get("items", []): print("  its output:  {} ({} bytes)".format(o.get("path") or o.get("name"), o["size"]))'
    note "the files:   $state/region (objects of the bucket batchport-local), or by the links on its page"
}

show_addresses() {
    local code
    step "Batchport runs: http://127.0.0.1:$port"
    code=$(admin first-admin-code 2>/dev/null) || code=
    if [ -n "$code" ]; then
        note "To become the admin, open http://127.0.0.1:$port/first-admin within the hour, with the code  $code"
    fi
    if [ -n "$recovery_key" ]; then
        note "Recovery key, shown this once; write it down and keep it elsewhere: it brings back the vault's keys"
        note "  (batchport admin recovery-key open) from $state/keys/*.recovery:"
        note "  $recovery_key"
    fi
    note "A member to try it with: $(demo member.email), password in $state/demo.json"
    note "From another machine, first:  ssh -L 127.0.0.1:$port:127.0.0.1:$port -L 127.0.0.2:$port:127.0.0.2:$port $(whoami_there)"
    note "  (on macOS, once before that:  sudo ifconfig lo0 alias 127.0.0.2 up)"
    note "The local region: http://127.0.0.2:$port, and over TLS https://127.0.0.3:$port, whose authority is $state/tls/ca.pem"
    note "Logs: $state/logs    Stop: deploy/down$(state_option)"
}

whoami_there() { printf '%s@%s' "${SUDO_USER:-$(id -un)}" "$(hostname)"; }
state_option() { [ "$state" = "$(realpath -m "$(default_state)")" ] || printf ' --state %s' "$state"; }
