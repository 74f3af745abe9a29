# Debian packages: what is missing is installed; without root, what to type is printed instead.

build_packages=(gcc libc6-dev libstdc++-12-dev libgcc-12-dev binutils pkg-config git ca-certificates
    libfcgi-dev libpq-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
    libedit2 libncurses6 libsqlite3-0 libxml2 tzdata) # the last five are what the Swift compiler itself runs on
run_packages=(nginx postgresql bubblewrap python3 curl openssl util-linux)

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

need_packages() {
    command -v dpkg-query >/dev/null || stop "This is not Debian. It was built for Debian 12; the packages it needs are: $*."
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    is_root || stop "$(printf '%s\n\n    sudo apt-get install %s\n' \
        "Some Debian packages are missing. Install them, then run this again:" "${missing[*]}")"
    step "Installing Debian packages: ${missing[*]}"
    without_starting_services apt-get -o DPkg::Lock::Timeout=300 update -q
    without_starting_services env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${missing[@]}"
}

# Debian starts nginx and PostgreSQL when it installs them; what runs here are instances of our own, so a policy
# says no meanwhile (invoke-rc.d's interface). One that is there already is left alone.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}
