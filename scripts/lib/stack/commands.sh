# shellcheck shell=bash
# The commands up, down, status and logs. Sourced by stack.sh.

WAIT_SECONDS=${ORDERLOG_STACK_TIMEOUT:-120}
STOP_SECONDS=20

start() {
  case $1 in
    broker-*) start_broker "$1" ;;
    *) "start_$1" ;;
  esac
}

answers() {
  case $1 in
    broker-*) broker_answers "$1" ;;
    *) "${1}_answers" ;;
  esac
}

where_is() {
  case $1 in
    kafka) printf '%s\n' "$KAFKA" ;;
    registry) printf '%s\n' "$REGISTRY_URL" ;;
    *) printf '%s\n' "$(address_of "$1"):$KAFKA_PORT" ;;
  esac
}

already_up() {
  is_running "$1" || return 1
  if answers "$1"; then say "$1: already up"; else say "$1: already starting"; fi
}

# up BROKERS [SERVICE]: BROKERS is 1, 3, or empty for the current number, or 1.
up() {
  local brokers=$1 services service
  shift
  require java maven curl
  lock_stack
  # Another stack.sh may have changed it meanwhile.
  resolve_stack
  if [[ $brokers == 3 ]] && ! is_cluster; then
    ! any_running || die "this stack runs with one broker; stop it first: scripts/stack.sh down"
    SERVICES="$BROKERS registry"
  elif [[ $brokers == 1 ]] && is_cluster; then
    die "this stack has three brokers; stop it first: scripts/stack.sh down"
  fi
  services=$(services_of up "$@")
  if [[ $SERVICES == "$BROKERS"* ]]; then
    [[ -z ${KAFKA_BEHIND_PROXY:-} ]] || die "KAFKA_BEHIND_PROXY works with one broker only"
    require_namespaces
    make_network
    printf '%s\n' "$NET" >"$STACK/cluster"
  fi
  resolve_ports
  if ! is_cluster; then
    # shellcheck disable=SC2086 # split into words
    require_free_ports $services
    # shellcheck disable=SC2086
    warn_of_ephemeral_ports $services
  fi
  fetch fetch_kafka fetch_registry
  any_running || record_ports
  if is_cluster; then format_brokers; fi
  # All at once: they start independently.
  for service in $services; do
    start "$service"
  done
  for service in $services; do
    await "$service" answers "$service"
  done
  if is_running registry; then
    set_registry_default
  fi

  summary
}

summary() {
  local service all=yes
  for service in $SERVICES; do
    if is_running "$service"; then
      printf '%-9s %s\n' "$service" "$(where_is "$service")"
    else
      all=no
    fi
  done
  [[ $all == yes ]] || return 0
  cat <<END

This is a real Kafka and a real registry; their data is kept in $STACK until \`scripts/stack.sh down --wipe\`.

In each shell that runs a service or a client:

  export KAFKA_BOOTSTRAP_SERVERS=$KAFKA SCHEMA_REGISTRY_URL=$REGISTRY_URL

Both services, in the background of one such shell; \`kill %1 %2\` stops them:

  cargo build --release -p cart-service -p order-service
  cargo run --release -q -p cart-service &
  cargo run --release -q -p order-service &

What is in them:

  curl -i $REGISTRY_URL/subjects
  scripts/stack.sh kafka-tool org.apache.kafka.tools.TopicCommand --bootstrap-server $KAFKA --describe
END
}

# down WIPE [SERVICE]
down() {
  local wipe=$1 service services signal=TERM
  shift
  lock_stack
  resolve_stack
  services=$(services_of down "$@")
  if is_cluster; then
    ((EUID == 0)) || die "these three brokers run as root; run this as root, too"
    # The last brokers of a cluster would wait to hand over their partitions, and cannot.
    (($#)) || STOP_SECONDS=5
    if [[ $wipe == yes ]]; then signal=KILL; fi
  fi
  for service in $services; do
    if is_running "$service"; then
      say "$service: stopping"
      kill -s "$signal" "$(pid_of "$service")" 2>/dev/null || true
      # A suspended process cannot end.
      kill -CONT "$(pid_of "$service")" 2>/dev/null || true
    else
      say "$service: not running"
    fi
  done
  for service in $services; do
    await_end "$service"
    rm -f "$STACK/$service.pid"
  done
  any_running || rm -f "$STACK/ports"
  if is_cluster && (($# == 0)); then
    remove_network
    rm -f "$STACK/cluster"
  fi
  if [[ $wipe == yes ]]; then
    rm -rf "$STACK"/{kafka,registry,broker-1,broker-2,broker-3}-data
    rm -f "$STACK"/{server,broker-?}.properties "$STACK"/{kafka,broker-?}-format.log "$STACK/cluster-id"
    rm -f "$STACK"/{kafka,registry,broker-?}.log "$STACK"/{kafka,registry,broker-?}.log.previous
    say "removed the data in $STACK"
  fi
}

status() {
  local service where state all=0
  for service in $SERVICES; do
    where=$(where_is "$service")
    if ! is_running "$service"; then
      state=down all=1
    elif answers "$service"; then
      state="up, pid $(pid_of "$service"), $where"
    else
      state="does not answer, pid $(pid_of "$service"), $where" all=1
    fi
    printf '%-9s %s\n' "$service" "$state"
  done
  printf '%-9s %s\n' data "$STACK"
  return "$all"
}

logs() {
  local follow=() files=() services service
  if [[ ${1:-} == -f ]]; then
    follow=(-F)
    shift
  fi
  services=$(services_of logs "$@")
  for service in $services; do
    [[ -f $STACK/$service.log ]] && files+=("$STACK/$service.log")
  done
  ((${#files[@]})) || die "no log in $STACK yet"
  exec tail -n 100 ${follow[@]+"${follow[@]}"} "${files[@]}"
}

# The services that a command's arguments select: all, or the named one.
services_of() {
  local command=$1
  shift
  case $# in
    0) printf '%s\n' "$SERVICES" ;;
    1)
      [[ " $SERVICES " == *" $1 "* ]] || usage_error "$command: no server is called '$1'; there are: $SERVICES"
      printf '%s\n' "$1"
      ;;
    *) usage_error "$command: too many arguments: $*" ;;
  esac
}
