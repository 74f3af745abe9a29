# What an empty instance is given: a member for scripts, with a token, and the environment "local" with a credential
# that everyone may use through it. The admin is made by a one-time code, by whoever reads this terminal.

admin() { as_service "$state/app/bin/batchport" admin "$@" --settings "$state/settings/migrate.conf"; }

migrate() {
    as_service "$state/app/bin/batchport" migrate portal --settings "$state/settings/migrate.conf"
    as_service "$state/app/bin/batchport" migrate local --settings "$state/settings/migrate.conf"
}

# Each part is made where it is missing, so that an interrupted first run is taken up where it stopped.
seed() {
    local email=member@example.org languages=python,shell,command password token
    password=$(password_of member)
    if [ -e "$state/demo.json" ]; then
        write_demo "$email" "$password" "$(demo token)"
        return
    fi
    step "Making a member, a token and the environment \"local\""
    has people "email = '$email'" || admin add-person --email "$email" --name Member --role member \
        --password-file "$state/keys/member.password" >/dev/null
    local_key secretAccessKey | write "$state/keys/local.secret"
    has credentials "name = 'local region'" || admin add-credential --email "$email" --name "local region" --region us-local-1 \
        --access-key-id "$(local_key accessKeyId)" --secret-file "$state/keys/local.secret" >/dev/null
    [ ! -e "$state/mathics3/packages" ] || languages=python,shell,wolfram,command
    has environments "name = 'local'" || admin add-environment --name local --credential "local region" --owner "$email" \
        --languages "$languages" --max-vcpus "$(nproc)" --max-memory-mib "$(memory_for_jobs)" >/dev/null
    token=$(admin add-token --email "$email" --name demo \
        --scopes jobs:read,jobs:submit,jobs:abort,jobs:delete,environments:read | tail -n 1)
    write_demo "$email" "$password" "$token"
    wait_until 30 environment_checked || stop "The worker could not check the environment \"local\": $(tail -n 5 "$state/logs/worker.log")"
}

has() { [ "$(as_postgres batchport <<<"SELECT count(*) > 0 FROM $1 WHERE $2")" = t ]; }
environment_checked() { has environments "name = 'local' AND healthy"; }

# Of the local region's first user, whom it makes at its own first start.
local_key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0][sys.argv[2]], end="")' "$state/region/users.json" "$1"; }

# demo.json is for scripts and tests: api.md, "The demo's hand-shake". It is rewritten when the port changes.
write_demo() {
    (umask 077 && EMAIL=$1 PASSWORD=$2 TOKEN=$3 PORT=$port USERS=$state/region/users.json \
        python3 "$clone/deploy/lib/demo.py" >"$state/demo.json.new")
    mv "$state/demo.json.new" "$state/demo.json"
}

# Who the portal is in the local region: it may assume roles, and nothing else. The region's own start comes first.
make_portal_identity() {
    as_service test -s "$state/keys/portal.json" ||
        as_service "$state/app/bin/batchport" local identity --settings "$state/settings/local.conf" <<'END' | write "$state/keys/portal.json"
{"users": [{"name": "portal", "policies": {"roles": {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Resource": "*"}]}}}]}
END
    portal_key secretAccessKey | write "$state/keys/portal.secret"
    {
        cat "$state/settings/worker.conf"
        echo "portal.access_key_id = $(portal_key accessKeyId)"
        echo "portal.secret_access_key_file = $state/keys/portal.secret"
        echo "portal.region = us-local-1"
    } | write "$state/settings/worker.conf"
}

portal_key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]], end="")' "$state/keys/portal.json" "$1"; }
