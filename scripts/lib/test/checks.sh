# shellcheck shell=bash
# The checks that test.sh runs, one function each. Sourced by test.sh.

# Pinned, so that a check fails because of a change here and not because of a release elsewhere.
SCHEMATHESIS_VERSION=4.32.5
CARGO_DENY_VERSION=0.20.2
COMPOSE_VERSION=v2.40.3


check_scripts() { shellcheck -xa scripts/*.sh .ci/run common/avro/tests/oracle/oracle/run.sh; }

check_format() { cargo fmt --all --check; }

check_clippy() { cargo clippy "${CARGO_FLAGS[@]}" --all-targets --all-features -- -D warnings; }

# With --all-targets, like the tests: other targets would select other features, and build some dependencies twice.
build() { cargo build "${BUILD_FLAGS[@]}" --all-targets; }

# In its own mount namespace, in which an ordinary user may mount too, and which takes all mounts with it, however the tests
# end.
run_tests() {
  local namespace=(unshare --mount) tests=(cargo test "${BUILD_FLAGS[@]}")
  ((EUID == 0)) || namespace+=(--map-root-user)
  if ! "${namespace[@]}" true 2>/dev/null; then
    if ! $QUICK && [[ ${CI:-} == true ]]; then
      die "cannot mount a small disk here (this fails: ${namespace[*]} true), and CI=true allows no test to be skipped"
    fi
    $QUICK || say "skipped: the tests of endings/small_disk.rs, because this fails here: ${namespace[*]} true"
    namespace=(env) tests+=(-- --skip small_disk::)
  fi
  mkdir -p "$SCRATCH/tmp"
  TMPDIR=$SCRATCH/tmp "${namespace[@]}" "${tests[@]}"
}

# Both services of a sandbox answer as their OpenAPI documents say, to valid and to invalid requests.
check_openapi() {
  local venv=$CACHE/schemathesis ports=(--cart-port 0 --order-port 0 --registry-port 0 --kafka-port 0)
  local log=$SCRATCH/sandbox.log sandbox url
  if ! [[ $("$venv/bin/st" --version 2>/dev/null) == *" $SCHEMATHESIS_VERSION" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION"
  fi
  "$CARGO_TARGET_DIR/debug/sandbox" "${ports[@]}" >"$log" &
  sandbox=$!
  # It prints its addresses once both services are ready, and gives up by itself if they are not.
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

# It starts its own servers.
torture() { "$CARGO_TARGET_DIR/debug/torture" --brokers 3 --minutes 2 --seed 23; }

check_dependencies() {
  # cargo-deny reads every package in the lock file, also those for other systems.
  cargo fetch --quiet --locked
  local deny=cargo-deny
  if ! have cargo-deny; then
    deny=$CACHE/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny
  fi
  if ! have "$deny"; then
    # Used once: a fast build matters more than a fast program.
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

# Docker's own parser is a Go module; its command needs no engine to check a file. (`go install` does not work for it.)
build_compose() {
  have go || skip "checking docker-compose.yml needs docker compose or Go 1.21"
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
