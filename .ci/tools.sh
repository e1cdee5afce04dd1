# Sourced by the scripts beside it, at the root of the repository: the Python tools that they use, and what these and
# cargo are given. Needs python3.

# Pinned: a linter's new opinion must not break a change that has nothing to do with it.
SAM_CLI=aws-sam-cli==1.170.0
CARGO_LAMBDA=cargo-lambda==1.9.2
CFN_LINT=cfn-lint==1.58.0
PYJWT='pyjwt[crypto]==2.10.1'
CHECKOV=checkov==3.2.459
PYTHON_TOOLS=("$SAM_CLI" "$CARGO_LAMBDA" "$CFN_LINT" "$PYJWT" "$CHECKOV")

# `sam validate` wants a region to be named and then calls nobody.
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-central-1}" AWS_EC2_METADATA_DISABLED=true
export SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# Nobody builds here twice in a row, so incremental state would only be written and never read.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}" CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

# Outside the tree, so that a fresh clone finds the tools again; named by what is in it.
TOOLS="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/usher-ci/$(printf '%s\n' "${PYTHON_TOOLS[@]}" | cksum | cut -d' ' -f1)"

make_venv() { # directory
    python3 -m venv "$1" 2>/dev/null && return
    # Debian ships python3 without venv.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq </dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv </dev/null
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

# The developer's own variables are not a server's, and it refuses those that it does not know.
unset_variables() {
    for name in $(compgen -e | grep '^USHER_'); do unset "$name"; done
}

ran=()
step() { # heading, command...
    local heading=$1 began=$SECONDS
    shift
    printf '\n== %s\n' "$heading"
    "$@" </dev/null
    printf -- '-- %s: %d s\n' "$heading" $((SECONDS - began))
    ran+=("$heading $((SECONDS - began)) s")
}
