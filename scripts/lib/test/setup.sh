# shellcheck shell=bash
# The tools and servers that the checks need. Sourced by test.sh.

# Pinned, so that a check fails because of a change here and not because of a release elsewhere.
PYTHON_PACKAGES=('confluent-kafka[avro,schemaregistry]==2.16.0' 'fastavro==1.12.2')

# Checks pages for accessibility. Used in tests only (MPL-2.0).
AXE_VERSION=4.11.0
AXE_SHA256=39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107

TEST_KAFKA_PORT=${ORDERLOG_TEST_KAFKA_PORT:-19092}
TEST_CONTROLLER_PORT=${ORDERLOG_TEST_CONTROLLER_PORT:-19093}
TEST_REGISTRY_PORT=${ORDERLOG_TEST_REGISTRY_PORT:-18081}

set_up_tools() {
  local needs=(build-essential pkg-config zlib1g-dev libssl-dev ca-certificates shellcheck)
  $QUICK || needs+=(faketime java maven kcat python3-venv jq curl chromium chromium-driver npm)
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

set_up_java() {
  fetch_jars "$ROOT/testbed/java/pom.xml" "$CACHE/java-clients"
  # Spring Kafka and Kafka Connect, which use other versions of Kafka's clients. The tests look beside the others.
  fetch_jars "$ROOT/testbed/java/readers/pom.xml" "$CACHE/java-readers"
}

# axe-core, one file, which the tests of the console page run in it.
set_up_axe() {
  local file=$CACHE/axe-$AXE_VERSION.js tarball=$SCRATCH/axe-core-$AXE_VERSION.tgz found
  [[ -f $file ]] && return
  npm pack --silent --pack-destination "$SCRATCH" "axe-core@$AXE_VERSION" >/dev/null
  found=$(sha256_of "$tarball")
  [[ $found == "$AXE_SHA256" ]] || die "the download of axe-core is not the expected file: sha256 $found instead of $AXE_SHA256"
  tar -xzf "$tarball" -O package/axe.min.js >"$file.partial"
  mv "$file.partial" "$file"
}

stack() {
  ORDERLOG_STACK_DIR=$SCRATCH/stack KAFKA_PORT=$TEST_KAFKA_PORT KAFKA_CONTROLLER_PORT=$TEST_CONTROLLER_PORT \
    REGISTRY_PORT=$TEST_REGISTRY_PORT "$ROOT/scripts/stack.sh" "$@"
}

start_stack() { stack up >/dev/null; }

stop_stack() {
  stack down 2>/dev/null || say "cannot stop the test stack cleanly"
  rm -rf "$SCRATCH/stack"
}

show_stack_logs() {
  local log
  for log in kafka registry; do
    [[ -f $SCRATCH/stack/$log.log ]] || continue
    say "--- last lines of the test stack's $log.log"
    tail -n 40 "$SCRATCH/stack/$log.log" >&2
  done
}
