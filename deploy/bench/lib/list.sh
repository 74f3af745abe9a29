# The signed-in job list through nginx, against responders that do the same by hand.

many=bench-session-of-many-000000000000000000000
few=bench-session-of-few-0000000000000000000000

bench_list() { list_of "$many"; }
bench_few() { list_of "$few"; }

list_of() {
    [ -e "$state/bench-filled" ] || fill
    start_rivals
    secret=$1
    local ours theirs
    ours=$(page_of "$url/jobs") theirs=$(page_of "http://127.0.0.1:$((port + 1))/jobs")
    note "sha256 of the page: ours $ours, C responder $theirs$([ "$ours" = "$theirs" ] && echo ' (equal)' || echo ' (DIFFERENT)')"
    in_turn "portal req/s" list_ours "C libfcgi+libpq req/s" list_c
    in_turn "portal req/s" list_ours "PHP-FPM req/s" list_php
}

cookie() { printf 'Cookie: __Host-batchport=%s' "$secret"; }
# The page says when it was made, to the minute: the two are asked until both fall into the same one.
page_of() { curl -s -H "$(cookie)" "$1" | sha256sum | head -c 16; }
list_ours() { per_second "$url/jobs" "$(cookie)"; }
list_c() { per_second "http://127.0.0.1:$((port + 1))/jobs" "$(cookie)"; }
list_php() { per_second "http://127.0.0.1:$((port + 2))/jobs" "$(cookie)"; }

fill() {
    note "making a million jobs"
    as_postgres batchport <"$here/list/fill.sql" >/dev/null
    touch "$state/bench-filled"
}

# The rivals read the same database with the web's own role, behind an nginx of their own on the next ports.
start_rivals() {
    [ -z "${rivals_started:-}" ] || return 0
    rivals_started=yes
    local conninfo
    conninfo="host=$sockets/pg dbname=batchport user=batchport_web password=$(password_of web) options='-c jit=off'"
    cc -O2 -Wall -o "$work/rival" "$here/list/rival.c" -I/usr/include/postgresql -lfcgi -lpq -lcrypto -lpthread
    assets_of_page >"$work/assets"
    cp "$here"/list/{who.sql,list.sql,rival.php} "$work/"
    export BENCH_DATABASE=$conninfo BENCH_LIST_SQL=$work/list.sql
    python3 "$here/lib/listen.py" "$work/rival.sock" "$work/rival" 4 4 "$work/who.sql" "$work/list.sql" "$work/assets" &
    started+=($!)
    write_fpm
    "$(compgen -G "/usr/sbin/php-fpm*" | tail -1)" --nodaemonize --fpm-config "$work/fpm.conf" -R 2>"$work/fpm.log" &
    started+=($!)
    write_rivals_nginx
    nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.log" &
    started+=($!)
    wait_until 10 answers_jobs "http://127.0.0.1:$((port + 1))/jobs"
    wait_until 10 answers_jobs "http://127.0.0.1:$((port + 2))/jobs"
}

# Where the portal's page finds its static files.
assets_of_page() {
    curl -s -H "Cookie: __Host-batchport=$many" "$url/jobs" |
        grep -oE '/assets/[0-9a-z]+/[a-z.]+' | sort -u | awk -F/ '{ print $4, $0 }'
}

write_fpm() {
    cat >"$work/fpm.conf" <<END
[global]
error_log = $work/fpm.log
[www]
user = root
listen = $work/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 16
clear_env = no
END
}

write_rivals_nginx() {
    cat >"$work/nginx.conf" <<END
worker_processes 2;
daemon off;
pid $work/nginx.pid;
user root;
events { worker_connections 2048; }
http {
    access_log off;
    client_body_temp_path $work/t1; fastcgi_temp_path $work/t2; proxy_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    include /etc/nginx/fastcgi_params;
    server { listen 127.0.0.1:$((port + 1)); location / { fastcgi_pass unix:$work/rival.sock; } }
    server { listen 127.0.0.1:$((port + 2)); location / { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $work/rival.php; fastcgi_pass unix:$work/fpm.sock; } }
}
END
}

# A responder that sends something else would be measured doing nothing.
answers_jobs() { curl -sf -H "Cookie: __Host-batchport=$many" "$1" | grep -q 'fit model'; }
