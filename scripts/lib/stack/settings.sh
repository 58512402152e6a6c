# shellcheck shell=bash
# Directories, ports and locks of a stack. Sourced by stack.sh.

# Sets the directories (absolute, because the servers start in other directories) and what depends on them.
resolve_stack() {
  STACK=${ORDERLOG_STACK_DIR:-$ROOT/.stack}
  CACHE=${ORDERLOG_STACK_CACHE:-$ROOT/.stack/cache}
  mkdir -p "$STACK" "$CACHE"
  STACK=$(cd "$STACK" && pwd -P)
  CACHE=$(cd "$CACHE" && pwd -P)
  KAFKA_LIB=$CACHE/kafka-$KAFKA_VERSION
  APICURIO_HOME=$CACHE/apicurio-$APICURIO_VERSION
  resolve_network
  SERVICES="kafka registry"
  if is_cluster; then SERVICES="$BROKERS registry"; fi
}

any_running() {
  local service
  for service in $SERVICES; do
    if is_running "$service"; then return 0; fi
  done
  return 1
}

# A running stack keeps the ports that it was started with, so that `down`, `status` or `up registry` need no repeated
# environment. Otherwise the environment decides.
resolve_ports() {
  local name default value recorded
  for name in KAFKA_PORT:9092 KAFKA_CONTROLLER_PORT:9093 REGISTRY_PORT:8081; do
    default=${name#*:} name=${name%:*}
    value=${!name:-} recorded=
    if any_running; then
      recorded=$(sed -n "s/^$name=//p" "$STACK/ports" 2>/dev/null || true)
    fi
    if [[ -n $value && -n $recorded && $value != "$recorded" ]]; then
      die "this stack runs with $name=$recorded, not $value; stop it first: scripts/stack.sh down"
    fi
    value=${value:-${recorded:-$default}}
    if ! [[ $value =~ ^[1-9][0-9]{0,4}$ ]] || ((value > 65535)); then
      die "$name=$value is not a port"
    fi
    printf -v "$name" %s "$value"
  done
  if ((KAFKA_PORT == KAFKA_CONTROLLER_PORT || KAFKA_PORT == REGISTRY_PORT || KAFKA_CONTROLLER_PORT == REGISTRY_PORT)); then
    die "KAFKA_PORT, KAFKA_CONTROLLER_PORT and REGISTRY_PORT must be three different ports"
  fi
  KAFKA=127.0.0.1:$KAFKA_PORT LISTEN=127.0.0.1
  if is_cluster; then
    if [[ ${ORDERLOG_STACK_NET:-$NET} != "$NET" ]]; then
      die "this stack runs with ORDERLOG_STACK_NET=$NET, not $ORDERLOG_STACK_NET; stop it first: scripts/stack.sh down"
    fi
    KAFKA=$(bootstrap_servers) LISTEN=$(address_of registry)
  fi
  REGISTRY_URL=http://$LISTEN:$REGISTRY_PORT/apis/ccompat/v7
}

record_ports() {
  printf '%s\n' "KAFKA_PORT=$KAFKA_PORT" "KAFKA_CONTROLLER_PORT=$KAFKA_CONTROLLER_PORT" "REGISTRY_PORT=$REGISTRY_PORT" \
    >"$STACK/ports"
}

# Commands that change the same stack run one at a time. The lock ends with the process.
lock_stack() {
  # Not every system has flock.
  have flock || return 0
  exec 9>"$STACK/lock"
  if ! flock -n 9; then
    say "waiting for another stack.sh that is changing $STACK"
    flock 9
  fi
}

# Several stacks can share the downloads, so these have a lock of their own.
fetch() {
  local download
  have flock && exec 8>"$CACHE/lock" && flock 8
  for download in "$@"; do
    "$download"
  done
  exec 8>&-
}
