#!/usr/bin/env bash
# Sets up this checkout: .venv with the packages pinned in constraints.txt, and from the
# distribution MariaDB, Redis, and what PDFs are made with: Pango and fonts. With the extra "test"
# also the programs that only tests use. Idempotent; quick when there is nothing to do.
#
# usage: infra/setup.sh [EXTRAS]    extras of pyproject.toml, such as test,bench
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

extras=${1:-}
stamp=.venv/.installed${extras:+-$extras}
PATH=$PATH:/usr/sbin:/sbin # mariadbd is in /usr/sbin, which users' paths often lack
is_new_enough='sys.exit(sys.version_info < (3, 11))'

say() { printf 'setup: %s\n' "$*"; }
die() {
    say "$*" >&2
    exit 1
}

# A virtual environment that was moved or copied still runs, but its scripts name the old place.
venv_works() {
    grep -qsF "$PWD/.venv" .venv/bin/activate &&
        .venv/bin/python -c "import pip, sys; $is_new_enough" 2>/dev/null
}

# Print a Python that can make virtual environments. Debian's cannot without python3-venv,
# and a pyenv shim may exist for a version that does not: only running it tells.
find_python() {
    local python
    for python in python3 python3.{11..14} /usr/bin/python3; do
        if "$python" -c "import ensurepip, sys, venv; $is_new_enough" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

has_python() { venv_works || find_python >/dev/null; }

# mariadb-install-db calls my_print_defaults, which Debian ships with the client's programs.
has_mariadb() {
    command -v mariadbd && command -v mariadb-install-db && command -v my_print_defaults
} >/dev/null

has_redis() { command -v redis-server >/dev/null; }

# WeasyPrint loads these when it makes a PDF. The list is read to its end: grep -q would end
# ldconfig by a signal, and pipefail would call that a failure.
has_pango() {
    local libraries
    libraries=$(ldconfig -p)
    [[ $libraries == *libpangoft2-1.0.so.0* && $libraries == *libharfbuzz-subset.so.0* ]]
}

# The fonts of PDFs. Without them, what is Japanese or Arabic would be a row of boxes.
has_font() { [[ -n $(fc-list "$1" family 2>/dev/null) ]]; }

for_tests() { [[ ,$extras, == *,test,* ]]; }

# Whoever names servers of his own needs none of ours.
needs_mariadb() { [[ -z ${RINGI_DATABASE_URL:-} ]] && ! has_mariadb; }
needs_redis() { [[ -z ${RINGI_REDIS_URL:-} ]] && ! has_redis; }

# Nothing that gets installed may start a service: Debian's packages ask policy-rc.d, and 101
# is its "no". A policy that the machine has already stays as it is.
forbid_services() {
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy && ! -L $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
}

# --no-remove: a MySQL server that conflicts is somebody's; better to fail than to replace it.
apt_install() {
    apt-get install -qy --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 "$@"
}

# An update that fails for one source may have renewed the one that matters.
apt_update() {
    say "renewing apt's package lists"
    apt-get update -q || say "apt-get update failed; trying to install all the same"
}

# In a subshell, so that the policy is gone as soon as the packages are there. Not to be called
# in a condition: there `set -e` would not stop it if the policy cannot be written.
install_packages() (
    export DEBIAN_FRONTEND=noninteractive
    forbid_services
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        apt_update
        apt_install "$@"
    elif ! apt_install "$@"; then
        apt_update
        apt_install "$@"
    fi
)

ensure_packages() {
    local missing=()
    has_python || missing+=(python3-venv)
    ! needs_mariadb || missing+=(mariadb-server-core mariadb-client-core)
    ! needs_redis || missing+=(redis-server)
    has_pango || missing+=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
    has_font "Noto Sans" || missing+=(fonts-noto-core)
    has_font "Noto Sans CJK JP" || missing+=(fonts-noto-cjk)
    ((${#missing[@]})) || return 0

    local ask="as root, apt-get install --no-install-recommends ${missing[*]}"
    [[ $EUID -eq 0 ]] || die "missing on this machine; $ask; then make setup again." \
        "Or name servers that there are: RINGI_DATABASE_URL (MariaDB), RINGI_REDIS_URL (Redis)"
    command -v apt-get >/dev/null || die "missing here; on Debian it would be: $ask"
    say "installing the distribution's ${missing[*]}"
    install_packages "${missing[@]}"
    # policy-rc.d forbids to start a service, not to enable it for the next boot.
    [[ " ${missing[*]} " != *" redis-server "* ]] || update-rc.d redis-server disable

    has_python || die "needs Python 3.11 or newer with its modules venv and ensurepip"
    ! needs_mariadb || die "MariaDB's programs are still not to be found in $PATH"
    ! needs_redis || die "redis-server is still not to be found in $PATH"
    has_pango || die "Pango's libraries are still not to be found by ldconfig"
}

# Tests drive a browser, and nginx before the API. Nothing else needs them, so a machine that
# cannot have them is set up all the same, and told.
ensure_test_programs() {
    local missing=() failed=0
    command -v chromium >/dev/null || missing+=(chromium)
    command -v nginx >/dev/null || missing+=(nginx-light)
    ((${#missing[@]})) || return 0

    local ask="as root, apt-get install --no-install-recommends ${missing[*]}"
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        say "some tests will fail for want of ${missing[*]}; on Debian, $ask"
        return
    fi
    say "installing the distribution's ${missing[*]}, for tests"
    set +e # not `if install_packages`: in a condition, nothing in it would stop at an error
    (
        set -e
        install_packages "${missing[@]}"
    )
    failed=$?
    set -e
    ((failed == 0)) || say "could not install ${missing[*]}; some tests will fail"
    if [[ " ${missing[*]} " == *" nginx-light "* && -e /etc/init.d/nginx ]]; then
        update-rc.d nginx disable
    fi
}

fingerprint() { sha256sum pyproject.toml constraints.txt infra/setup.sh; }

# Whether what is asked for was installed; with any extras, what needs none was as well.
is_installed() {
    local found candidates=("$stamp")
    [[ -n $extras ]] || candidates+=(.venv/.installed-*)
    for found in "${candidates[@]}"; do
        if fingerprint | cmp -s - "$found"; then return; fi
    done
    return 1
}

ensure_venv() {
    if venv_works && is_installed; then
        return
    fi
    if ! venv_works; then
        local python
        python=$(find_python)
        say "making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "installing the Python packages${extras:+ of [$extras]} into .venv; a minute or so"
    local pip=(.venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt)
    # Constraints do not reach pip's isolated builds, which take the newest setuptools. So the
    # pinned one is installed, and the build uses what is installed.
    "${pip[@]}" setuptools
    "${pip[@]}" --no-build-isolation -e ".${extras:+[$extras]}"
    fingerprint >"$stamp"
}

ensure_packages
! for_tests || ensure_test_programs
ensure_venv
