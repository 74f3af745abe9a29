# A PostgreSQL cluster of our own, reached by a UNIX socket only; the system's is never touched. One system user runs
# everything, so roles are told apart by passwords (scram), each in a file of its own.

# Sets `pg_bin`.
find_postgres() {
    pg_bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
    [ -n "$pg_bin" ] && [ -x "$pg_bin/initdb" ] || stop "PostgreSQL's server is not where Debian puts it (/usr/lib/postgresql)."
    if [ -e "$state/pg/PG_VERSION" ]; then
        pg_bin=/usr/lib/postgresql/$(cat "$state/pg/PG_VERSION")/bin
        [ -x "$pg_bin/postgres" ] || stop "The data in $state/pg belong to PostgreSQL $(cat "$state/pg/PG_VERSION"), which is not installed."
    fi
}

# A password is made once; where a program reads it, it stands in libpq's own format.
password_of() {
    local file=$state/keys/$1.password
    as_service test -s "$file" || random_text 24 | write "$file"
    as_service cat "$file"
}

make_cluster() {
    if ! as_service test -e "$state/pg/PG_VERSION"; then
        step "Making a PostgreSQL cluster in $state/pg"
        password_of postgres >/dev/null
        rm -rf "$state/pg.new"
        install -d -m 0700 -o "$service" "$state/pg.new"
        as_service "$pg_bin/initdb" --pgdata="$state/pg.new" --username=postgres --pwfile="$state/keys/postgres.password" \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
        mv "$state/pg.new" "$state/pg"
    fi
    write "$state/pg/postgresql.auto.conf" <<END
listen_addresses = ''
unix_socket_directories = '$sockets/pg'
unix_socket_permissions = 0700
max_connections = 100
lc_messages = 'C'
log_line_prefix = '%m [%p] %q%u@%d '
END
}

# as_postgres DATABASE < SQL: as the cluster's own superuser; prints bare values. Nothing secret in an argument.
as_postgres() {
    as_service env PGPASSFILE="$state/keys/postgres.pgpass" "$pg_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h "$sockets/pg" -U postgres -d "$1"
}

# What measures or wears out an instance is one token and one person that ask as often as they can.
raise_rates() { as_postgres batchport <<<"UPDATE limits SET value = most WHERE name LIKE 'rate.%PerSecond'"; }

pgpass() { printf '*:*:*:%s:%s\n' "$1" "$(password_of "${1#batchport_}")" | write "$2"; }

write_password_files() {
    pgpass postgres "$state/keys/postgres.pgpass"
    pgpass batchport_migrate "$state/keys/migrate.pgpass"
    pgpass batchport_worker "$state/keys/worker.pgpass"
    pgpass batchport_local_migrate "$state/keys/local_migrate.pgpass"
    pgpass batchport_local "$state/keys/local.pgpass"
    pgpass batchport_web "$state/web/web.pgpass"
}

# Roles and databases, each made where it is missing. A database opens to its own roles only.
make_databases() {
    local role
    for role in migrate web worker local_migrate local; do
        as_postgres postgres <<END
\set role batchport_$role
\set password '$(password_of $role)'
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \gexec
END
    done
    make_database batchport batchport_migrate "batchport_web, batchport_worker"
    make_database batchport_local batchport_local_migrate batchport_local
}

make_database() {
    as_postgres postgres <<END
SELECT 'CREATE DATABASE $1 OWNER $2' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \gexec
REVOKE ALL ON DATABASE $1 FROM PUBLIC;
GRANT CONNECT ON DATABASE $1 TO $3;
END
}
