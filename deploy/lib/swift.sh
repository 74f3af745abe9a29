# Swift: the right compiler, and the two programs built with it.

swift_version=6.3

# Sets `swift` to a Swift compiler that is new enough, or stops and says what to install.
find_swift() {
    local candidate found='' said version
    for candidate in "$(command -v swift || true)" /opt/swift/usr/bin/swift /usr/share/swift/usr/bin/swift \
        "$(home_of_caller)/.local/share/swiftly/bin/swift"; do
        [ -n "$candidate" ] && [ -x "$candidate" ] || continue
        said=$("$candidate" --version 2>&1) || true
        version=$(sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' <<<"$said" | head -1)
        if [[ $said == *"loading shared libraries: "* ]]; then
            said=${said##*loading shared libraries: }
            found+="$candidate does not start without ${said%%:*}; find its package with \`apt-file search ${said%%:*}\`. "
        elif [ -z "$version" ]; then
            found+="$candidate is another program (Debian's package \"swift\" is OpenStack's object store). "
        elif [ "$(printf '%s\n%s\n' "$swift_version" "$version" | sort -V | head -1)" != "$swift_version" ]; then
            found+="$candidate is Swift $version. "
        else
            swift=$candidate
            return
        fi
    done
    stop "${found}Swift $swift_version or newer is needed. Install it from https://www.swift.org/install/linux/:

    curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz
    tar zxf swiftly-\$(uname -m).tar.gz && ./swiftly init && . ~/.local/share/swiftly/env.sh

Then run this again."
}

# With sudo, PATH and HOME are root's; the compiler may be the caller's.
home_of_caller() { getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6; }

# Builds both programs and sets `binaries` to their folder. BATCHPORT_BINARIES names a folder with built ones instead.
build_programs() {
    if [ -n "${BATCHPORT_BINARIES:-}" ]; then
        binaries=$(cd "$BATCHPORT_BINARIES" && pwd)
        note "taking the programs from $binaries"
        return
    fi
    find_swift
    step "Building Batchport with $("$swift" --version 2>/dev/null | head -1) (the first time takes some minutes)"
    local options=(--package-path "$clone" --scratch-path "$(build_folder)" -c release --static-swift-stdlib)
    "$swift" build "${options[@]}" --product batchport
    "$swift" build "${options[@]}" --product batchport-runner
    binaries=$("$swift" build "${options[@]}" --show-bin-path)
}

# The clone's own .build where that is ours to write, otherwise the state folder.
build_folder() {
    if [ -w "$clone" ] && [ -O "$clone" ]; then
        printf '%s/.build' "$clone"
    else
        printf '%s/build' "$state"
    fi
}
