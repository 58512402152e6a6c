#!/usr/bin/env bash
# Every check there is, from a clean checkout: installs what it needs, runs, and removes what it started.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/orderlog
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# Tests may call stack.sh too, and must not download again.
export ORDERLOG_STACK_CACHE=${ORDERLOG_STACK_CACHE:-$CACHE/stack}

# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$ROOT/scripts/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/test/steps.sh
source "$ROOT/scripts/lib/test/steps.sh"
# shellcheck source-path=SCRIPTDIR source=lib/test/setup.sh
source "$ROOT/scripts/lib/test/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/test/checks.sh
source "$ROOT/scripts/lib/test/checks.sh"

# The settings of a shell that has run the services must not reach the tests.
unset KAFKA_BOOTSTRAP_SERVERS KAFKA_TOPIC KAFKA_DLQ_TOPIC KAFKA_PARTITIONER KAFKA_EXTRA_PROPERTIES KAFKA_CONFIG KAFKA_CREATE_TOPICS SCHEMA_REGISTRY_URL \
  SCHEMA_REGISTRY_USER SCHEMA_REGISTRY_PASSWORD SCHEMA_REGISTRY_PASSWORD_FILE SCHEMA_REGISTRY_TOKEN \
  SCHEMA_REGISTRY_TOKEN_FILE SCHEMA_REGISTRY_CA_FILE SCHEMAS SCHEMA_CHECK_SECONDS API_HOST API_PORT ALLOWED_HOSTS CORS_ORIGINS ADMIN_API_KEY ADMIN_API_KEY_FILE STORE \
  REBUILD ACCEPT_TRUNCATED ACCEPT_REGISTRY \
  UNKNOWN_SCHEMA_GRACE_MS REPLAY_RATE IDEMPOTENCY_KEYS WRITE_DEADLINE_MS ORDER_SERVICE_URL CART_SERVICE_URL LOG_FORMAT SANDBOX_CART_PORT SANDBOX_ORDER_PORT \
  SANDBOX_REGISTRY_PORT SANDBOX_KAFKA_PORT ORDERLOG_CRASH_AT ORDERLOG_PANIC_AT

QUICK=false
CARGO_FLAGS=(--workspace)
SCRATCH=

usage() {
  cat <<'END'
Runs every check: shell scripts, format, clippy, build, all tests (also those against a real Kafka and a real registry), the
OpenAPI documents against the running services, two minutes of faults (with three brokers if run as root where network
namespaces are allowed, otherwise with one), licenses and sources of the dependencies, docker-compose.yml.

usage: scripts/test.sh [--quick]

  --quick   without real servers, OpenAPI documents, faults, dependencies and docker-compose.yml

As root it installs missing Debian packages; otherwise it names them. It needs Rust; everything else is downloaded to
${XDG_CACHE_HOME:-~/.cache}/orderlog. Some tests mount small disks in their own namespace; where the system does not allow
that, they are skipped, with a message.

environment:
  CARGO_TARGET_DIR                ~/.cache/orderlog/target
  CI                              true: nothing may be skipped, Cargo.lock must be up to date
  ORDERLOG_TEST_KAFKA_PORT        19092
  ORDERLOG_TEST_CONTROLLER_PORT   19093
  ORDERLOG_TEST_REGISTRY_PORT     18081
  ORDERLOG_TORTURE_NET            10.77.1, the address prefix of three brokers
  ORDERLOG_TORTURE_PORT           19100, the first of ten consecutive ports, with one broker
END
}

# Runs on every exit, also after a signal (130, 143): nothing that was started here outlives this script.
cleanup() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  if [[ -n $STEP ]]; then
    kill -TERM -- "-$STEP" 2>/dev/null || true
    wait "$STEP" 2>/dev/null || true
    # Processes of the step must not write into the directory that is removed below.
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

for argument in "$@"; do
  case $argument in
    -h | --help)
      usage
      exit
      ;;
    --quick) QUICK=true ;;
    *)
      usage_error "unknown argument '$argument'"
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

# The tests against real servers need a feature of testbed.
BUILD_FLAGS=("${CARGO_FLAGS[@]}")
$QUICK || BUILD_FLAGS+=(--all-features)

ensure_toolchain
step "set-up: tools" "scripts/test.sh" set_up_tools
$QUICK || step "set-up: Python clients" "scripts/test.sh" set_up_python
$QUICK || step "set-up: Java clients" "scripts/test.sh" set_up_java
$QUICK || step "set-up: axe-core" "scripts/test.sh" set_up_axe
step "shell scripts" "shellcheck -xa scripts/*.sh .ci/run common/avro/tests/oracle/oracle/run.sh" check_scripts
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
  export ORDERLOG_TEST_AXE=$CACHE/axe-$AXE_VERSION.js
fi
step "tests" "cargo test ${BUILD_FLAGS[*]}" run_tests
if ! $QUICK; then
  stop_stack
  step "OpenAPI documents" "scripts/test.sh" check_openapi
  step "torture" "$CARGO_TARGET_DIR/debug/torture --brokers 3 --minutes 2 --seed 23" torture
  step "dependencies: licenses and sources" "cargo deny check licenses bans sources" check_dependencies
  step "docker-compose.yml" "docker compose config" check_compose
fi
summarize
