# Keys, made once and kept: without them the database's secrets are worth nothing, so back them up apart from it.

key() { as_service test -s "$state/$1" || random_hex 32 | write "$state/$1"; }

make_keys() {
    key keys/root                # wraps every owner's key
    key web/pepper               # goes into every password's hash
    key keys/audit               # chains the entries of the audit trail
    make_vault_keys
    make_recovery_key
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

# Kept elsewhere, it brings back the keys above when this machine is gone. Its secret half is nowhere but on this terminal
# (`recovery_key`, which show_addresses prints); what is sealed for it lies in keys/*.recovery.
recovery_key=
make_recovery_key() {
    local name
    as_service test -s "$state/keys/recovery.pub" ||
        recovery_key=$(as_service "$state/app/bin/batchport" admin recovery-key new --public-file "$state/keys/recovery.pub")
    for name in root vault audit; do
        [ -n "$recovery_key" ] || as_service test ! -s "$state/keys/$name.recovery" || continue
        as_service "$state/app/bin/batchport" admin recovery-key seal --public-file "$state/keys/recovery.pub" \
            --name "$name" --secret-file "$state/keys/$name" --out "$state/keys/$name.recovery"
    done
}
