# A gigabyte into and out of the local region, against nginx alone on the same disk.

bench_gigabyte() {
    head -c 1073741824 /dev/urandom >"$work/gigabyte"
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
    wait_until 10 curl -s -o /dev/null "http://127.0.0.1:$((port + 3))/"
    python3 "$here/lib/presign.py" "$state/demo.json" >"$work/links"
    in_turn "region PUT s" put_region "nginx PUT s" put_nginx
    in_turn "region GET s" get_region "nginx GET s" get_nginx
    curl -s "$(sed -n 2p "$work/links")" | cmp - "$work/gigabyte" && note "bytes equal"
}

seconds_of() { curl -sS -f -o /dev/null -w '%{time_total}' -H 'Expect:' "$@"; }
put_region() { seconds_of -T "$work/gigabyte" "$(sed -n 1p "$work/links")"; }
put_nginx() { seconds_of -T "$work/gigabyte" "http://127.0.0.1:$((port + 3))/gigabyte"; }
get_region() { seconds_of "$(sed -n 2p "$work/links")"; }
get_nginx() { seconds_of "http://127.0.0.1:$((port + 3))/gigabyte"; }
