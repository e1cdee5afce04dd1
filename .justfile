# Short names for what one does here all day; `just` lists them. Nothing needs `just`: each recipe is
# the command that one would type.

_list:
    @'{{ just_executable() }}' --justfile '{{ justfile() }}' --list --unsorted

# Start the whole stack in one process; for example: just run --ephemeral
run *args:
    cargo run -- {{ args }}

# Run the tests; for example: just test -p users
test *args='--workspace':
    cargo test --locked {{ args }}

# Formatting, clippy and the linters of the template: what is quickest of `just ci`
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-central-1}" sam validate --lint
    cfn-lint template.yaml
    checkov -f template.yaml

# The contracts' collections against a local server of their own; for example: just collections docs/contracts/admin.hurl
collections *files:
    .ci/collections {{ files }}

# Generated clients in TypeScript and Python, compiled and run
clients:
    .ci/clients/run

# The pages in Chromium; for example: just pages /tmp/screenshots
pages *directory:
    .ci/pages {{ directory }}

# Licences and crates that may not come in twice
deny:
    cargo deny --locked check

# All that must hold before a change lands
ci:
    .ci/run

# Write openapi.json anew from the route tables
openapi:
    cargo run --locked -- --write-openapi openapi.json

# The Lambda binaries, as `sam deploy` takes them
build:
    sam build

# The Lambda binaries in containers; start `just run --port 3001 --dynamodb-listen 0.0.0.0:8000` first
local: build
    sam local start-api

# The container image of the local server, made and tried
image:
    docker build --file local/Dockerfile --tag usher .
    .ci/image usher

# The README's story and every event in containers, each answer compared with the local server's
containers:
    .ci/containers

# The first deployment, to an emulator of AWS
deployment:
    .ci/deploy
