# Settings of every process, written anew each time: what a person may want to keep is in the database, not here.

database() { printf 'host=%s/pg dbname=%s user=%s passfile=%s' "$sockets" "$1" "$2" "$3"; }

# Half of the machine's, in MiB.
memory_for_jobs() { awk '/^MemTotal:/ { print int($2 / 2048) }' /proc/meminfo; }

# unless_set NAME VALUE: a setting that --set has not given.
unless_set() { [[ " ${extra_settings[*]}" == *" $1="* ]] || echo "$1 = $2"; }

write_settings() {
    write "$state/web/web.conf" <<END
origin = http://127.0.0.1:$port
public.folder = $state/app/public
known_passwords = $state/app/known-passwords.txt
web.socket = $sockets/web/web.sock
web.database = $(database batchport batchport_web "$state/web/web.pgpass")
web.pepper_file = $state/web/pepper
vault.public_key = $state/web/vault.pub
aws.endpoint.us-local-1 = http://127.0.0.2:$port
END
    write "$state/settings/worker.conf" <<END
worker.database = $(database batchport batchport_worker "$state/keys/worker.pgpass")
vault.private_key_file = $state/keys/vault
vault.root_key_file = $state/keys/root
$([ ! -s "$state/keys/root.next" ] || echo "vault.next_root_key_file = $state/keys/root.next")
vault.owner_keys = $state/keys/owners
audit.key_file = $state/keys/audit
aws.endpoint.us-local-1 = http://127.0.0.2:$port
$(printf '%s\n' "${extra_settings[@]}")
END
    write "$state/settings/local.conf" <<END
local.database = $(database batchport_local batchport_local "$state/keys/local.pgpass")
local.socket = $sockets/local/local.sock
local.state = $state/region
local.endpoint = http://127.0.0.2:$port
local.runner = $state/app/runner
$([ ! -e "$state/mathics3/packages" ] || echo "local.mathics = $state/mathics3")
$(unless_set local.cores "$(nproc)")
$(unless_set local.memory_mib "$(memory_for_jobs)")
local.init = $state/app/bin/batchport-init
local.relay_socket = $sockets/local/jobs.sock
$(printf '%s\n' "${extra_settings[@]}")
END
    write "$state/settings/migrate.conf" <<END
sql.folder = $state/app/sql
migrate.database = $(database batchport batchport_migrate "$state/keys/migrate.pgpass")
local.migrate_database = $(database batchport_local batchport_local_migrate "$state/keys/local_migrate.pgpass")
known_passwords = $state/app/known-passwords.txt
audit.key_file = $state/keys/audit
web.pepper_file = $state/web/pepper
vault.public_key = $state/web/vault.pub
END
}

write_nginx_configuration() {
    local nginx=$state/nginx file
    as_service mkdir -p "$nginx/batchport" "$nginx/logs" "$nginx/temp"
    for file in nginx.conf batchport.conf local-region.conf batchport/fastcgi.conf; do
        write "$nginx/$file" <"$clone/nginx/$file"
    done
    write "$nginx/batchport/upstream.conf" <<<"upstream batchport_web { server unix:$sockets/web/web.sock; }"
    # All who reach this instance are on this machine, and are one address.
    write "$nginx/batchport/rate.conf" <<'END'
limit_req_zone $binary_remote_addr zone=batchport_requests:1m rate=100000r/s;
limit_req_zone $batchport_password zone=batchport_passwords:1m rate=10000r/s;
END
    write "$nginx/batchport/local-upstream.conf" <<<"upstream batchport_local { server unix:$sockets/local/local.sock; }"
    write "$nginx/batchport/listen.conf" <<END
listen 127.0.0.1:$port;
server_name 127.0.0.1;
root $state/app/public;
END
    write "$nginx/batchport/local-listen.conf" <<END
listen 127.0.0.2:$port;
listen unix:$sockets/local/jobs.sock;
server_name 127.0.0.2;
END
    write "$nginx/batchport/local-tls.conf" <<END
listen 127.0.0.3:$port ssl;
ssl_certificate $state/tls/server.pem;
ssl_certificate_key $state/tls/server.key;
END
}
