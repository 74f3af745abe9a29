# Objects into and out of the local region, against nginx alone on the same disk; and what else of AWS the region and the
# client do: signatures, DescribeJobs.

# Sets `dav`: nginx with a folder of its own, PUT and GET.
start_dav() {
    dav=http://127.0.0.1:$((port + 3))
    [ -d "$work/dav" ] && return
    mkdir -p "$work/dav" && chmod 0777 "$work/dav"
    cat >"$work/dav.conf" <<END
worker_processes 2;
daemon off;
pid $work/dav.pid;
user root;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $work/dav/t1; fastcgi_temp_path $work/t2; proxy_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    sendfile on;
    server { listen 127.0.0.1:$((port + 3)); client_max_body_size 0; root $work/dav; location / { dav_methods PUT; create_full_put_path on; } }
}
END
    nginx -p "$work" -c "$work/dav.conf" -e "$work/dav.log" &
    started+=($!)
    wait_until 10 curl -s -o /dev/null "$dav/"
}

bench_gigabyte() {
    start_dav
    make_venv
    head -c 1073741824 /dev/urandom >"$work/gigabyte"
    "$python" "$here/objects/links.py" "$state/demo.json" put gigabyte 1 >"$work/put-link"
    "$python" "$here/objects/links.py" "$state/demo.json" get gigabyte 1 >"$work/get-link"
    in_turn "region PUT s" put_region "nginx PUT s" put_nginx
    in_turn "region GET s" get_region "nginx GET s" get_nginx
    curl -s "$(cat "$work/get-link")" | cmp - "$work/gigabyte" && note "bytes equal"
}

seconds_of() { curl -sS -f -o /dev/null -w '%{time_total}' -H 'Expect:' "$@"; }
put_region() { seconds_of -T "$work/gigabyte" "$(cat "$work/put-link")"; }
put_nginx() { seconds_of -T "$work/gigabyte" "$dav/gigabyte"; }
get_region() { seconds_of "$(cat "$work/get-link")"; }
get_nginx() { seconds_of "$dav/gigabyte"; }

# Small objects, 64 of each size, by 16 connections: requests a second.
bench_objects() {
    start_dav
    make_venv
    local size method
    for size in 1024 1048576; do
        seq 0 63 | sed "s|^|/bench/$size/|" >"$work/nginx-paths"
        for method in put get; do
            "$python" "$here/objects/links.py" "$state/demo.json" "$method" "$size" 64 | sed 's|^http://[^/]*||' >"$work/region-paths"
            in_turn "region ${method^^} $size bytes req/s" "each region ${method^^} $size" \
                "nginx ${method^^} $size bytes req/s" "each nginx ${method^^} $size"
        done
    done
}

# each region|nginx METHOD SIZE
each() {
    local base=$dav body=0
    [ "$1" = nginx ] || base=$(demo_field aws.endpoint)
    [ "$2" = GET ] || body=$3
    per_second_of "$base" "$here/objects/each.lua" "$2" "$body" "$work/$1-paths"
}

# per_second_of URL SCRIPT [ARGUMENT...]
per_second_of() {
    local out
    out=$(wrk -t 2 -c 16 -d 5s -s "$2" "$1" -- "${@:3}")
    grep -E 'Non-2xx|Socket errors' <<<"$out" | sed 's/^/  /' >&2 || true
    sed -n 's/^Requests\/sec: *//p' <<<"$out"
}

# Five gigabytes by boto3 in parts, bytes equal.
bench_five() {
    make_venv
    "$python" "$here/objects/five.py" "$state/demo.json" "${BENCH_GIGABYTES:-5}" | sed 's/^/  /'
}

# A hundred jobs in one answer, by 16 connections; moto for scale.
bench_describe() {
    make_venv
    running=()
    start_moto
    local aws=(aws.endpoint aws.region aws.accessKeyId aws.secretAccessKey)
    "$python" "$here/objects/describe.py" "$(demo_field "${aws[0]}")" "$(demo_field "${aws[1]}")" \
        "$(demo_field "${aws[2]}")" "$(demo_field "${aws[3]}")" >"$work/region.lua"
    curl -sS -o /dev/null -H 'Content-Type: application/json' -d '{"batch": {"use_docker": false}}' "$BATCHPORT_TEST_MOTO/moto-api/config"
    "$python" "$here/objects/describe.py" "$BATCHPORT_TEST_MOTO" us-east-1 testing testing >"$work/moto.lua"
    in_turn "region DescribeJobs of 100 a second" describe_region "moto a second" describe_moto
    end_running
}

describe_region() { per_second_of "$(demo_field aws.endpoint)/v1/describejobs" "$work/region.lua"; }
describe_moto() { per_second_of "$BATCHPORT_TEST_MOTO/v1/describejobs" "$work/moto.lua"; }

# Signatures a second by one thread, against botocore's.
bench_sign() {
    make_venv
    find_swift
    local build=(--package-path "$clone" --scratch-path "$(build_folder)" -c release --static-swift-stdlib)
    "$swift" build "${build[@]}" --product SigningBench >"$work/build.log" 2>&1 || stop "SigningBench does not build: $(tail -3 "$work/build.log")"
    signing=$("$swift" build "${build[@]}" --show-bin-path)/SigningBench
    in_turn "ours signatures/s" "$signing" "botocore's signatures/s" sign_botocore
}

sign_botocore() { "$python" "$here/sign/botocore_signs.py"; }
