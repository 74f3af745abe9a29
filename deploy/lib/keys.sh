# Keys, made once and kept: without them the database's secrets are worth nothing, so back them up apart from it.

key() { as_service test -s "$state/$1" || random_hex 32 | write "$state/$1"; }

make_keys() {
    key keys/root                # wraps every owner's key
    key web/pepper               # goes into every password's hash
    key keys/audit               # chains the entries of the audit trail
    make_vault_keys
    as_service "$state/app/bin/certificate" "$state/tls"
}

# What the web seals is opened with the private key, which the worker alone has (X25519, RFC 9180).
make_vault_keys() {
    as_service test -s "$state/keys/vault" && as_service test -s "$state/web/vault.pub" && return
    local pair
    pair=$(as_service openssl genpkey -algorithm X25519 -text 2>/dev/null)
    key_bytes "$pair" priv | write "$state/keys/vault"
    key_bytes "$pair" pub | write "$state/web/vault.pub"
}

# The 32 bytes under that heading of `openssl -text`, as hexadecimal digits.
key_bytes() { sed -n "/^$2:/,/^[^ ]/{/^ /p}" <<<"$1" | tr -d ' :\n'; }
