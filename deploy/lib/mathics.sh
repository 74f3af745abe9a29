# Mathics 3, for jobs in Wolfram Language where there is no Wolfram kernel: a virtual environment of Debian's Python, which
# the sandbox shows to jobs as /opt/mathics3. 400 MB, so only where it is asked for.

mathics_packages=(Mathics3==10.0.1 packaging)

# install_mathics FOLDER: made anew when the list of packages changes.
install_mathics() {
    local folder=$1
    [ "$(cat "$folder/packages" 2>/dev/null)" != "${mathics_packages[*]}" ] || return 0
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/python3" -m pip install -q --disable-pip-version-check "${mathics_packages[@]}"
    # What every kernel would compile again, for it may not write here.
    "$folder/bin/python3" -m compileall -q "$folder/lib" || true
    printf '%s' "${mathics_packages[*]}" >"$folder/packages"
}
