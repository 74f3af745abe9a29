# Where everything is, who owns it, and what stands in the way.
#   STATE/app/        programs, runner's bundle, public/, sql/, samples/: replaced as a whole by each deploy/up
#   STATE/web/        what the web process may read: its settings, password and the vault's public key
#   STATE/keys/       the vault's keys and the password files of everyone else
#   STATE/settings/   settings of worker, local region and migrations
#   STATE/pg/ region/ the PostgreSQL cluster; the local region's objects
#   STATE/tls/        the local region's certificate authority and certificate
#   STATE/nginx/ logs/ run/   nginx's configuration; logs; pid files
#   STATE/demo.json   a member, a token and an access key for scripts
# Sockets stand in a short folder of their own: their paths may have about a hundred characters.

default_state() {
    if is_root; then
        printf /var/lib/batchport-local
    else
        printf '%s/batchport' "${XDG_STATE_HOME:-$HOME/.local/state}"
    fi
}

# Sets `state` (absolute), `sockets` and `service` (who runs it all).
find_layout() {
    case $1 in /*) state=$1 ;; *) state=$PWD/$1 ;; esac
    state=$(realpath -m "$state")
    [[ $state =~ ^[A-Za-z0-9/._@+-]+$ ]] || stop "The state folder's path may hold letters, digits and / . _ @ + - only: $state"
    local digest
    digest=$(printf %s "$state" | sha256sum | head -c 8)
    if is_root; then
        service=batchport
        sockets=/run/batchport-$digest
    else
        service=$(id -un)
        sockets=/tmp/batchport-$(id -u)-$digest
    fi
}

# The service's user runs commands with an empty environment: nothing ambient, such as an AWS key, gets in.
as_service() {
    local clean=(env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 HOME="$state" TZ=UTC)
    if is_root; then
        setpriv --reuid="$service" --regid="$service" --clear-groups --no-new-privs -- "${clean[@]}" "$@"
    else
        "${clean[@]}" "$@"
    fi
}

# write FILE < content: whole or not at all, readable by the service's user only.
write() { as_service sh -c 'umask 077; cat >"$0.new" && mv "$0.new" "$0"' "$1"; }

make_service_user() {
    is_root && ! getent passwd "$service" >/dev/null || return 0
    note "making the system user $service"
    useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$service"
}

make_folders() {
    local group
    group=$(id -gn "$service")
    [ ! -e "$state" ] || [ -O "$state" ] || stop "$state belongs to somebody else ($(stat -c %U "$state")). Choose another with --state."
    mkdir -p "$state"
    chgrp "$group" "$state"
    chmod 0750 "$state"
    as_service test -x "$state" ||
        stop "The user $service cannot reach $state: a folder above it is closed. Choose another with --state, for example under /var/lib."
    install -d -m 0700 -o "$service" -g "$group" "$state"/{web,keys,keys/owners,settings,region,tls,nginx,logs,run}
    make_socket_folder "$group"
}

# In /tmp anyone may have made a folder of that name: then it is refused, not used.
make_socket_folder() {
    mkdir -m 0700 "$sockets" 2>/dev/null || true
    [ -d "$sockets" ] && [ ! -L "$sockets" ] || stop "$sockets is in the way: remove it."
    local owner
    owner=$(stat -c %U "$sockets")
    [ "$owner" = "$(id -un)" ] || [ "$owner" = "$service" ] || stop "$sockets belongs to $owner: remove it."
    chown "$service:$1" "$sockets"
    install -d -m 0700 -o "$service" -g "$1" "$sockets"/{pg,web,local}
}

# Jobs run in bubblewrap and web runs secluded: both need user namespaces.
need_namespaces() {
    as_service unshare --user --map-root-user --net --mount true 2>/dev/null &&
        as_service bwrap --unshare-all --ro-bind / / true 2>/dev/null ||
        stop "This machine does not let the user $service make user namespaces, which keep jobs and the web process apart from everything else (sysctl kernel.unprivileged_userns_clone; in a container, its seccomp profile)."
}

# An instance of ours on that port is no obstacle: it is the one to be resumed.
need_port() {
    local address
    for address in 127.0.0.1 127.0.0.2 127.0.0.3; do
        if (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null && ! { is_running nginx && [ "$(running_port)" = "$port" ]; }; then
            stop "Port $port of $address is taken by another program. Choose another: deploy/up --port $((port + 1))"
        fi
    done
}

running_port() { sed -n 's/^listen 127\.0\.0\.1:\([0-9]*\);.*/\1/p' "$state/nginx/batchport/listen.conf" 2>/dev/null; }

# Copies what runs out of the clone, which the service's user may be unable to read; swapped in as a whole.
install_app() {
    local new=$state/app.new
    rm -rf "$new"
    mkdir -p "$new/bin"
    install -m 0755 "$binaries/batchport" "$clone"/deploy/lib/{keep,secluded,certificate} "$new/bin/"
    gcc -static -Os -s -o "$new/bin/batchport-init" "$clone/deploy/local/init.c"
    RUNNER=$binaries/batchport-runner "$clone/deploy/runner/bundle" "$new/runner" 2>&1 | sed 's/^/  /'
    cp -r "$clone/public" "$clone/sql" "$clone/deploy/samples" "$new/"
    cp "$clone/deploy/known-passwords.txt" "$new/"
    chmod -R u=rwX,go=rX "$new"
    rm -rf "$state/app.old"
    [ ! -e "$state/app" ] || mv "$state/app" "$state/app.old"
    mv "$new" "$state/app"
    rm -rf "$state/app.old"
}
