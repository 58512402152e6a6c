#!/usr/bin/env bash
# Every check there is, from a clean checkout: sets up what it needs, runs, and takes down what it started.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$ROOT/scripts/lib.sh"

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/orderlog
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# The tests may call stack.sh too, and are not to download again.
export ORDERLOG_STACK_CACHE=${ORDERLOG_STACK_CACHE:-$CACHE/stack}
# A shell that has run the services is not to configure those of the tests.
unset KAFKA_BOOTSTRAP_SERVERS KAFKA_TOPIC KAFKA_DLQ_TOPIC KAFKA_PARTITIONER KAFKA_EXTRA_PROPERTIES KAFKA_CONFIG KAFKA_CREATE_TOPICS SCHEMA_REGISTRY_URL \
  SCHEMA_REGISTRY_USER SCHEMA_REGISTRY_PASSWORD SCHEMA_REGISTRY_PASSWORD_FILE SCHEMA_REGISTRY_TOKEN \
  SCHEMA_REGISTRY_TOKEN_FILE SCHEMA_REGISTRY_CA_FILE SCHEMAS SCHEMA_CHECK_SECONDS API_HOST API_PORT ALLOWED_HOSTS CORS_ORIGINS STORE \
  REBUILD ACCEPT_TRUNCATED ACCEPT_REGISTRY \
  UNKNOWN_SCHEMA_GRACE_MS IDEMPOTENCY_KEYS WRITE_DEADLINE_MS ORDER_SERVICE_URL LOG_FORMAT SANDBOX_CART_PORT SANDBOX_ORDER_PORT \
  SANDBOX_REGISTRY_PORT ORDERLOG_CRASH_AT ORDERLOG_PANIC_AT

# Pinned, so that a check fails because of a change here and not because of a release elsewhere.
PYTHON_PACKAGES=('confluent-kafka[avro,schemaregistry]==2.16.0' 'fastavro==1.12.2')
SCHEMATHESIS_VERSION=4.32.5
CARGO_DENY_VERSION=0.20.2
COMPOSE_VERSION=v2.40.3

TEST_KAFKA_PORT=${ORDERLOG_TEST_KAFKA_PORT:-19092}
TEST_CONTROLLER_PORT=${ORDERLOG_TEST_CONTROLLER_PORT:-19093}
TEST_REGISTRY_PORT=${ORDERLOG_TEST_REGISTRY_PORT:-18081}

QUICK=false
# No array is ever empty where it is used: to the bash 3.2 of macOS, that would be an unset variable.
CARGO_FLAGS=(--workspace)
SUMMARY=()
SCRATCH=
STEP=
STARTED=$SECONDS

usage() {
  cat <<'END'
Runs every check: shell scripts, format, clippy, build, all tests (those against real Kafka and a real registry too), the
OpenAPI documents against the running services, two minutes of faults (with three brokers where root may make network
namespaces, else with one), licences and sources of the dependencies, docker-compose.yml.

usage: scripts/test.sh [--quick]

  --quick   without real servers, OpenAPI documents, faults, dependencies and docker-compose.yml

Installs missing Debian packages when it runs as root, else it names them. Needs Rust; everything else is fetched into
${XDG_CACHE_HOME:-~/.cache}/orderlog. Some tests mount small disks, in a namespace of their own; where a system lets neither
root nor this user have one, they are left out, and that is said.

environment:
  CARGO_TARGET_DIR                ~/.cache/orderlog/target
  CI                              true: nothing may be skipped, Cargo.lock must be up to date
  ORDERLOG_TEST_KAFKA_PORT        19092
  ORDERLOG_TEST_CONTROLLER_PORT   19093
  ORDERLOG_TEST_REGISTRY_PORT     18081
  ORDERLOG_TORTURE_NET            10.77.1, the first three numbers of the addresses of three brokers
  ORDERLOG_TORTURE_PORT           19100, the first of ten in a row, with one broker
END
}

# ---- steps -----------------------------------------------------------------------------------------------------------

# step NAME HOW FUNCTION: HOW is the command that does the same alone.
step() {
  local name=$1 how=$2 function=$3 start=$SECONDS result=0
  printf '\n=== %s\n' "$name"
  # In the background, so that a signal to this script is answered at once, and in a process group of its own (-m), so
  # that everything the step has started can be ended with it.
  set -m
  (
    set +m -e
    "$function"
  ) </dev/null &
  STEP=$!
  set +m
  wait "$STEP" || result=$?
  STEP=
  local seconds=$((SECONDS - start))
  if ((result == 77)) && [[ ${CI:-} != true ]]; then
    SUMMARY+=("$(printf '%-34s skipped' "$name")")
  elif ((result == 77)); then
    fail "$name" "$seconds" "it was skipped, which CI=true does not allow; $how"
  elif ((result != 0)); then
    fail "$name" "$seconds" "alone: $how"
  else
    SUMMARY+=("$(printf '%-34s ok    %5d s' "$name" "$seconds")")
  fi
}

# Leaves a step: what it needs is not here.
skip() {
  say "skipped: $*"
  exit 77
}

fail() {
  SUMMARY+=("$(printf '%-34s FAILED%5d s' "$1" "$2")")
  summarize
  say "failed: $1
  $3"
  exit 1
}

summarize() {
  printf '\n=== summary\n'
  printf '%s\n' "${SUMMARY[@]}"
  printf '%-34s       %5d s\n' together $((SECONDS - STARTED))
}

# Exit codes 130 and 143 come through here too: nothing that was started here outlives this script.
cleanup() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  if [[ -n $STEP ]]; then
    kill -TERM -- "-$STEP" 2>/dev/null || true
    wait "$STEP" 2>/dev/null || true
    # What the step has started would go on to write into what is removed below.
    local deadline=$((SECONDS + 10))
    while ((SECONDS < deadline)) && kill -0 -- "-$STEP" 2>/dev/null; do sleep 0.1; done
    kill -KILL -- "-$STEP" 2>/dev/null || true
  fi
  if [[ -d $SCRATCH/stack ]]; then
    ((code == 0 || code > 128)) || show_stack_logs
    stop_stack
  fi
  rm -rf "$SCRATCH"
  exit "$code"
}

# ---- set-up ----------------------------------------------------------------------------------------------------------

set_up_tools() {
  local needs=(build-essential pkg-config zlib1g-dev libssl-dev ca-certificates shellcheck)
  $QUICK || needs+=(faketime java maven kcat python3-venv jq curl)
  # For three brokers, which only root can start.
  if ! $QUICK && ((EUID == 0)); then needs+=(iproute2 iptables); fi
  ensure "${needs[@]}"
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    rustup component add rustfmt clippy
  fi
}

set_up_python() {
  local wanted="${PYTHON_PACKAGES[*]}"
  if [[ $(cat "$CACHE/venv/installed" 2>/dev/null) == "$wanted" ]] && "$CACHE/venv/bin/python" -c '' 2>/dev/null; then
    return
  fi
  rm -rf "$CACHE/venv"
  python3 -m venv "$CACHE/venv"
  "$CACHE/venv/bin/pip" install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
  printf '%s\n' "$wanted" >"$CACHE/venv/installed"
}

set_up_java() { fetch_jars "$ROOT/testbed/java/pom.xml" "$CACHE/java-clients"; }

stack() {
  ORDERLOG_STACK_DIR=$SCRATCH/stack KAFKA_PORT=$TEST_KAFKA_PORT KAFKA_CONTROLLER_PORT=$TEST_CONTROLLER_PORT \
    REGISTRY_PORT=$TEST_REGISTRY_PORT "$ROOT/scripts/stack.sh" "$@"
}

stop_stack() {
  stack down 2>/dev/null || say "the test stack did not stop cleanly"
  rm -rf "$SCRATCH/stack"
}

show_stack_logs() {
  local log
  for log in kafka registry; do
    [[ -f $SCRATCH/stack/$log.log ]] || continue
    say "--- the end of the test stack's $log.log"
    tail -n 40 "$SCRATCH/stack/$log.log" >&2
  done
}

# ---- the checks ------------------------------------------------------------------------------------------------------

check_scripts() { shellcheck -x scripts/*.sh .ci/run common/avro/tests/oracle/oracle/run.sh; }

check_format() { cargo fmt --all --check; }

check_clippy() { cargo clippy "${CARGO_FLAGS[@]}" --all-targets --all-features -- -D warnings; }

# With --all-targets, as the tests need it: another choice of targets would be another choice of features, and build
# some of the dependencies twice.
build() { cargo build "${BUILD_FLAGS[@]}" --all-targets; }

start_stack() { stack up >/dev/null; }

# In a mount namespace of its own, in which an ordinary user may mount too, and with which all that is mounted goes, however
# the tests end.
run_tests() {
  local namespace=(unshare --mount) tests=(cargo test "${BUILD_FLAGS[@]}")
  ((EUID == 0)) || namespace+=(--map-root-user)
  if ! "${namespace[@]}" true 2>/dev/null; then
    if ! $QUICK && [[ ${CI:-} == true ]]; then
      die "no small disk can be mounted here (this fails: ${namespace[*]} true), and CI=true lets no test be left out"
    fi
    $QUICK || say "left out: the tests of endings/small_disk.rs, as this fails here: ${namespace[*]} true"
    namespace=(env) tests+=(-- --skip small_disk::)
  fi
  mkdir -p "$SCRATCH/tmp"
  TMPDIR=$SCRATCH/tmp "${namespace[@]}" "${tests[@]}"
}

# Both services answer as their OpenAPI documents say, to requests that are valid by them and to others. Against the sandbox.
check_openapi() {
  local venv=$CACHE/schemathesis ports=(--cart-port 0 --order-port 0 --registry-port 0) log=$SCRATCH/sandbox.log sandbox url
  if ! [[ $("$venv/bin/st" --version 2>/dev/null) == *" $SCHEMATHESIS_VERSION" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION"
  fi
  "$CARGO_TARGET_DIR/debug/sandbox" "${ports[@]}" >"$log" &
  sandbox=$!
  # It prints where it is once both services are ready; it gives up by itself when they are not.
  until grep -q 'Ctrl-C stops it' "$log"; do
    kill -0 "$sandbox" || return 1
    sleep 0.1
  done
  local result=0
  while read -r url; do
    PYTHONPATH=testbed/python SCHEMATHESIS_HOOKS=openapi_hooks "$venv/bin/st" run "$url/openapi.json" --checks all \
      --continue-on-failure --max-examples 20 --seed 23 --no-color --suppress-health-check all </dev/null || result=1
  done < <(sed -n 's/^  \(cart\|order\)-service *\(http[^ ]*\) .*/\2/p' "$log")
  kill "$sandbox"
  wait "$sandbox" || true
  rm -rf .schemathesis
  return "$result"
}

# It brings servers of its own.
torture() { "$CARGO_TARGET_DIR/debug/torture" --brokers 3 --minutes 2 --seed 23; }

check_dependencies() {
  # The targets of other systems are in the lock file too, and cargo-deny wants to read them all.
  cargo fetch --quiet --locked
  local deny=cargo-deny
  if ! have cargo-deny; then
    deny=$CACHE/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny
  fi
  if ! have "$deny"; then
    # Built to be used once: compiling it fast matters more than its speed.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_TARGET_DIR=$CACHE/cargo-deny-target \
      cargo install cargo-deny --locked --version "$CARGO_DENY_VERSION" --root "$CACHE/cargo-deny-$CARGO_DENY_VERSION"
    rm -rf "$CACHE/cargo-deny-target"
  fi
  "$deny" --offline check --hide-inclusion-graph licenses bans sources
}

check_compose() {
  local compose
  if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
  else
    compose=("$CACHE/docker-compose-$COMPOSE_VERSION")
    have "${compose[0]}" || build_compose "${compose[0]}"
  fi
  "${compose[@]}" -f docker-compose.yml config --quiet
  say "docker-compose.yml is valid"
}

# Docker's own parser is a Go module; its command needs no engine to check a file. (`go install` refuses it.)
build_compose() {
  have go || skip "neither docker compose nor Go (1.21 or newer) is here to check docker-compose.yml with"
  say "building docker compose $COMPOSE_VERSION (once)"
  mkdir -p "$SCRATCH/compose"
  cd "$SCRATCH/compose"
  {
    go mod init compose && go get "github.com/docker/compose/v2/cmd@$COMPOSE_VERSION"
  } >go.log 2>&1 || {
    cat go.log >&2
    return 1
  }
  go build -o "$1.partial" github.com/docker/compose/v2/cmd
  mv "$1.partial" "$1"
  cd "$ROOT"
}

# ---- all of it -------------------------------------------------------------------------------------------------------

for argument in "$@"; do
  case $argument in
    -h | --help)
      usage
      exit
      ;;
    --quick) QUICK=true ;;
    *)
      printf 'test.sh: error: unknown argument %s\n\n' "$argument" >&2
      usage >&2
      exit 2
      ;;
  esac
done

cd "$ROOT"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$CACHE"
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/orderlog-test.XXXXXX")
[[ ${CI:-} == true ]] && CARGO_FLAGS+=(--locked)

# The tests against real servers are behind a feature of testbed.
BUILD_FLAGS=("${CARGO_FLAGS[@]}")
$QUICK || BUILD_FLAGS+=(--all-features)

ensure_toolchain
step "set-up: tools" "scripts/test.sh" set_up_tools
$QUICK || step "set-up: Python clients" "scripts/test.sh" set_up_python
$QUICK || step "set-up: Java clients" "scripts/test.sh" set_up_java
step "shell scripts" "shellcheck -x scripts/*.sh .ci/run common/avro/tests/oracle/oracle/run.sh" check_scripts
step "format" "cargo fmt --all --check" check_format
step "clippy" "cargo clippy --workspace --all-targets --all-features -- -D warnings" check_clippy
step "build" "cargo build ${BUILD_FLAGS[*]} --all-targets" build
if ! $QUICK; then
  step "real Kafka and registry: start" "scripts/stack.sh up" start_stack
  export ORDERLOG_TEST_KAFKA=127.0.0.1:$TEST_KAFKA_PORT
  export ORDERLOG_TEST_REGISTRY=http://127.0.0.1:$TEST_REGISTRY_PORT/apis/ccompat/v7
  export ORDERLOG_TEST_STACK_DIR=$SCRATCH/stack
  export ORDERLOG_TEST_PYTHON=$CACHE/venv/bin/python
  export ORDERLOG_TEST_JAVA_TOOLS=$CACHE/java-clients
fi
step "tests" "cargo test ${BUILD_FLAGS[*]}" run_tests
if ! $QUICK; then
  stop_stack
  step "OpenAPI documents" "scripts/test.sh" check_openapi
  step "torture" "$CARGO_TARGET_DIR/debug/torture --brokers 3 --minutes 2 --seed 23" torture
  step "dependencies: licences and sources" "cargo deny check licenses bans sources" check_dependencies
  step "docker-compose.yml" "docker compose config" check_compose
fi
summarize
