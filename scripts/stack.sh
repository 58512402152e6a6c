#!/usr/bin/env bash
# A real Apache Kafka and a real schema registry on this machine, without Docker.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$ROOT/scripts/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib-cluster.sh
source "$ROOT/scripts/lib-cluster.sh"

KAFKA_VERSION=4.2.0
APICURIO_VERSION=3.0.9
APICURIO_SHA256=2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43
# The registry's parent POM is not published, which the newer versions of this plugin refuse.
GET_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:2.10

WAIT_SECONDS=${ORDERLOG_STACK_TIMEOUT:-120}
STOP_SECONDS=20
KAFKA_LOGGING=(-Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS")

usage() {
  cat <<END
Runs Apache Kafka $KAFKA_VERSION (KRaft) and Apicurio Registry $APICURIO_VERSION (the Confluent API) on this machine.

usage: scripts/stack.sh COMMAND

  up [kafka|registry]       start what is not running, and wait until it answers
  down [kafka|registry]     stop; what Kafka and the registry have stored is kept
  down --wipe               stop, and remove what they have stored (downloads are kept)
  status                    what runs where; exit code 1 unless all answer
  logs [-f] [kafka|registry]
  kafka-tool CLASS ARG…     run a class of the Kafka distribution, for example
                            org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:9092 --list

  up --brokers 3            three brokers (replication 3, min.insync.replicas 2) and a registry, each in a network namespace
                            of its own; Linux only, as root. Until \`down\`, the commands above are about this cluster, with
                            broker-1, broker-2 and broker-3 in place of kafka, and these are there:
  client NAME               make a network namespace for a client, unless it is there; prints its path and its address:
                            nsenter --net=PATH cart-service --api-host ADDRESS
  cut X:Y[:HOW]…            let no packet pass between two of broker-1, broker-2, broker-3, registry and the clients. With
                            HOW refuse, connections of X to Y are refused; with 1% to 99%, so many packets are lost
  heal [X…]                 end what was cut with X as the first of the two; without X, everything
  check                     exit code 1, with the reason, where \`up --brokers 3\` cannot work

environment:
  KAFKA_PORT                9092
  KAFKA_CONTROLLER_PORT     9093
  REGISTRY_PORT             8081
  KAFKA_HEAP_OPTS           -Xmx1g; of three brokers -Xmx300m, for each
  KAFKA_BEHIND_PROXY        none; LISTEN:ADVERTISED is a second way to the broker: it listens on the first port and sends
                            clients to the second, where a proxy can delay or cut them
  KAFKA_EXTRA_PROPERTIES    none; a file of further settings of the broker, which win over those written here
  ORDERLOG_STACK_DIR        data, logs and pid files: .stack
  ORDERLOG_STACK_CACHE      downloads, can be shared by several stacks: .stack/cache
  ORDERLOG_STACK_TIMEOUT    seconds to wait for a server to answer: 120
  ORDERLOG_STACK_NET        the addresses of three brokers: 10.77.0 is 10.77.0.1 to 10.77.0.254, reached from this machine only

Needs Java 17 or newer, Maven and curl; three brokers also iproute2 and iptables. One broker and its registry listen on
127.0.0.1 only.
END
}

usage_error() {
  printf 'stack.sh: error: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

# ---- where things are ------------------------------------------------------------------------------------------------

# Sets the directories, and leaves them absolute: the servers are started from elsewhere. And what else follows from them.
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

# While something runs, its ports are those that it was started with, so that `down`, `status` or `up registry` need no
# repeated environment. When nothing runs, the environment decides.
resolve_ports() {
  local name default value recorded
  for name in KAFKA_PORT:9092 KAFKA_CONTROLLER_PORT:9093 REGISTRY_PORT:8081; do
    default=${name#*:} name=${name%:*}
    value=${!name:-} recorded=
    if any_running; then
      recorded=$(sed -n "s/^$name=//p" "$STACK/ports" 2>/dev/null || true)
    fi
    if [[ -n $value && -n $recorded && $value != "$recorded" ]]; then
      die "this stack runs with $name=$recorded, not $value; end it first: scripts/stack.sh down"
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
      die "this stack runs with ORDERLOG_STACK_NET=$NET, not $ORDERLOG_STACK_NET; end it first: scripts/stack.sh down"
    fi
    KAFKA=$(bootstrap_servers) LISTEN=$(address_of registry)
  fi
  REGISTRY_URL=http://$LISTEN:$REGISTRY_PORT/apis/ccompat/v7
}

record_ports() {
  printf '%s\n' "KAFKA_PORT=$KAFKA_PORT" "KAFKA_CONTROLLER_PORT=$KAFKA_CONTROLLER_PORT" "REGISTRY_PORT=$REGISTRY_PORT" \
    >"$STACK/ports"
}

# Two commands that change one stack would get in each other's way: the second waits. The lock ends with the process.
lock_stack() {
  # Not every system has flock.
  have flock || return 0
  exec 9>"$STACK/lock"
  if ! flock -n 9; then
    say "waiting for another stack.sh that works on $STACK"
    flock 9
  fi
}

# Downloads can be shared by several stacks, so they have a lock of their own.
fetch() {
  local download
  have flock && exec 8>"$CACHE/lock" && flock 8
  for download in "$@"; do
    "$download"
  done
  exec 8>&-
}

# ---- processes -------------------------------------------------------------------------------------------------------

# Stands in a server's command line: a pid from a file can belong to somebody else after a reboot.
marker() { printf -- '-Dorderlog.stack=%s:%s' "$STACK" "$1"; }

# Empty for a process that has just ended.
command_line() {
  {
    if [[ -d /proc/self ]]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -ww -o args= -p "$1"; fi
  } 2>/dev/null || true
}

is_running() {
  local pid=
  if [[ -f $STACK/$1.pid ]]; then
    read -r pid <"$STACK/$1.pid" || true
  fi
  [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null && [[ $(command_line "$pid") == *"$(marker "$1") "* ]]
}

pid_of() { cat "$STACK/$1.pid"; }

port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

port_owner() {
  if have ss; then
    ss -Hltnp "sport = :$1" | sed -n 's/.*users:((\("[^"]*"\),pid=\([0-9]*\).*/ (by \1, pid \2)/p' | head -n 1
  fi
}

# Before anything is started, so that a busy port does not leave half a stack.
require_free_ports() {
  local service variables variable port
  for service in "$@"; do
    variables="KAFKA_PORT KAFKA_CONTROLLER_PORT"
    [[ $service == registry ]] && variables=REGISTRY_PORT
    is_running "$service" && continue
    for variable in $variables; do
      port=${!variable}
      if port_answers 127.0.0.1 "$port"; then
        die "port $port is in use by another process$(port_owner "$port"); choose another: $variable=… scripts/stack.sh up"
      fi
    done
  done
}

# In the background, deaf to this terminal, and holding neither our output nor our lock.
launch() {
  local name=$1
  shift
  [[ -f $STACK/$name.log ]] && mv "$STACK/$name.log" "$STACK/$name.log.previous"
  nohup "$@" >"$STACK/$name.log" 2>&1 </dev/null 8>&- 9>&- &
  local pid=$!
  printf '%s\n' "$pid" >"$STACK/$name.pid"
  # Until it has become the server, its command line is still ours.
  until is_running "$name" || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.02
  done
}

# await NAME CONDITION…: until the condition holds; fails when the server ends or the time is over.
await() {
  local name=$1 start=$SECONDS told=$SECONDS
  shift
  until "$@"; do
    if ! is_running "$name"; then
      tell_log "$name"
      die "$name ended before it answered; its log: $STACK/$name.log"
    fi
    if ((SECONDS - start >= WAIT_SECONDS)); then
      tell_log "$name"
      die "$name did not answer within $WAIT_SECONDS s (ORDERLOG_STACK_TIMEOUT); its log: $STACK/$name.log"
    fi
    if ((SECONDS - told >= 5)); then
      told=$SECONDS
      say "$name: waiting, $((SECONDS - start)) s"
    fi
    sleep 0.1
  done
}

tell_log() {
  say "--- the end of $STACK/$1.log"
  tail -n 25 "$STACK/$1.log" >&2 || true
  say "---"
}

# ---- Kafka -----------------------------------------------------------------------------------------------------------

fetch_kafka() {
  [[ -d $KAFKA_LIB ]] && return
  say "kafka: downloading $KAFKA_VERSION (55 MB, once)"
  rm -rf "$KAFKA_LIB.partial"
  mkdir -p "$KAFKA_LIB.partial"
  # slf4j-simple: without a logger Kafka would fail in silence.
  cat >"$KAFKA_LIB.partial/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>orderlog</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
END
  mvn -q -B --strict-checksums -f "$KAFKA_LIB.partial/pom.xml" "$COPY_PLUGIN:copy-dependencies" \
    -DoutputDirectory="$KAFKA_LIB.partial" >&2 || die "Maven could not download Kafka $KAFKA_VERSION (see above)"
  # Renamed when whole: an interrupted download is not mistaken for a good one.
  mv "$KAFKA_LIB.partial" "$KAFKA_LIB"
}

write_kafka_config() {
  local listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT advertised=PLAINTEXT://127.0.0.1:$KAFKA_PORT
  if [[ -n ${KAFKA_BEHIND_PROXY:-} ]]; then
    [[ $KAFKA_BEHIND_PROXY =~ ^[0-9]+:[0-9]+$ ]] || die "KAFKA_BEHIND_PROXY=$KAFKA_BEHIND_PROXY is not LISTEN:ADVERTISED"
    listeners+=,PROXIED://127.0.0.1:${KAFKA_BEHIND_PROXY%:*}
    advertised+=,PROXIED://127.0.0.1:${KAFKA_BEHIND_PROXY#*:}
  fi
  cat >"$STACK/server.properties" <<END
# Written by scripts/stack.sh at every start.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:$KAFKA_CONTROLLER_PORT
listeners=$listeners,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
advertised.listeners=$advertised
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$STACK/kafka-data

# The services create their topics themselves; a mistyped name must not become one.
auto.create.topics.enable=false

# One broker.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# Speed on a small machine. The default is 50 partitions for each internal topic, created (files, fsync) when the first
# group or transaction comes: seconds of waiting on a slow disk.
offsets.topic.num.partitions=3
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=3
# A new group waits 3 s for further members by default; here that is only waiting.
group.initial.rebalance.delay.ms=0
# After a kill, Kafka lets the same broker in again only when its old session has ended: 9 s by default.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# The default takes 128 MB of the heap for compacting topics, and here only the internal ones are compacted.
log.cleaner.dedupe.buffer.size=16777216
END
  if [[ -n ${KAFKA_EXTRA_PROPERTIES:-} ]]; then
    cat "$KAFKA_EXTRA_PROPERTIES" >>"$STACK/server.properties" || die "KAFKA_EXTRA_PROPERTIES=$KAFKA_EXTRA_PROPERTIES cannot be read"
  fi
}

format_kafka() {
  # Written last by the formatter: without it there is nothing to lose.
  [[ -f $STACK/kafka-data/meta.properties ]] && return
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr -d '=\n' | tr '+/' 'ab')
  rm -rf "$STACK/kafka-data"
  kafka_class kafka.tools.StorageTool format --standalone -t "$id" -c "$STACK/server.properties" \
    >"$STACK/kafka-format.log" 2>&1 || {
    cat "$STACK/kafka-format.log" >&2
    die "Kafka could not format $STACK/kafka-data"
  }
}

# For short-lived tools: the cheap compiler and collector start in half the time.
kafka_class() {
  "$(java_command)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
    -cp "$KAFKA_LIB/*" "$@"
}

start_kafka() {
  if already_up kafka; then return; fi
  write_kafka_config
  format_kafka
  local heap
  read -ra heap <<<"${KAFKA_HEAP_OPTS:--Xmx1g}"
  say "kafka: starting"
  launch kafka "$(java_command)" "${heap[@]}" "$(marker kafka)" "${KAFKA_LOGGING[@]}" \
    -cp "$KAFKA_LIB/*" kafka.Kafka "$STACK/server.properties"
}

# The port opens shortly before the broker may lead partitions; the log line comes after that.
kafka_answers() {
  grep -qs 'Kafka Server started' "$STACK/kafka.log" && port_answers 127.0.0.1 "$KAFKA_PORT"
}

# ---- the registry ----------------------------------------------------------------------------------------------------

fetch_registry() {
  [[ -d $APICURIO_HOME ]] && return
  say "registry: downloading Apicurio $APICURIO_VERSION (109 MB, once)"
  local partial=$APICURIO_HOME.partial found
  rm -rf "$partial"
  mkdir -p "$partial"
  mvn -q -B --strict-checksums "$GET_PLUGIN:get" -Dartifact="io.apicurio:apicurio-registry-app:$APICURIO_VERSION:tar.gz:all" \
    -Dtransitive=false -Ddest="$partial/apicurio.tar.gz" >&2 ||
    die "Maven could not download Apicurio $APICURIO_VERSION (see above)"
  found=$(sha256_of "$partial/apicurio.tar.gz")
  if [[ $found != "$APICURIO_SHA256" ]]; then
    die "the download of Apicurio is not the expected file: sha256 $found instead of $APICURIO_SHA256"
  fi
  tar -xzf "$partial/apicurio.tar.gz" -C "$partial"
  rm "$partial/apicurio.tar.gz"
  mv "$partial" "$APICURIO_HOME"
}

start_registry() {
  if already_up registry; then return; fi
  local enter=()
  if is_cluster; then enter=(nsenter --net="$(namespace_of registry)"); fi
  mkdir -p "$STACK/registry-data"
  say "registry: starting"
  # It keeps its schemas in memory by default. The topics outlive a restart, so the ids in their records must too;
  # WRITE_DELAY=0 lets them survive a kill.
  launch registry ${enter[@]+"${enter[@]}"} "$(java_command)" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$(marker registry)" \
    -Dquarkus.http.host="$LISTEN" -Dquarkus.http.port="$REGISTRY_PORT" \
    -Dapicurio.ccompat.use-canonical-hash=true \
    "-Dapicurio.datasource.url=jdbc:h2:file:$STACK/registry-data/registry;WRITE_DELAY=0" \
    -jar "$APICURIO_HOME/apicurio-registry-app-$APICURIO_VERSION-runner.jar"
}

registry_answers() { curl --noproxy '*' -fs -o /dev/null --max-time 5 "$REGISTRY_URL/subjects"; }

# Its default level is NONE, that of Confluent's registry BACKWARD. Set once, so that a later choice is not undone.
set_registry_default() {
  [[ -f $STACK/registry-data/default-set ]] && return
  curl --noproxy '*' -fsS -o /dev/null --max-time 10 -X PUT -H 'Content-Type: application/json' -d '{"compatibility":"BACKWARD"}' \
    "$REGISTRY_URL/config" || die "the registry did not take its default compatibility level"
  touch "$STACK/registry-data/default-set"
}

# ---- each of them ----------------------------------------------------------------------------------------------------

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

# ---- commands --------------------------------------------------------------------------------------------------------

# up BROKERS [SERVICE]: BROKERS is 1, 3, or empty for what there is already, else 1.
up() {
  local brokers=$1 services service
  shift
  require java maven curl
  lock_stack
  # What another stack.sh has done meanwhile counts.
  resolve_stack
  if [[ $brokers == 3 ]] && ! is_cluster; then
    ! any_running || die "this stack runs with one broker; end it first: scripts/stack.sh down"
    SERVICES="$BROKERS registry"
  elif [[ $brokers == 1 ]] && is_cluster; then
    die "this stack has three brokers; end it first: scripts/stack.sh down"
  fi
  services=$(services_of up "$@")
  if [[ $SERVICES == "$BROKERS"* ]]; then
    [[ -z ${KAFKA_BEHIND_PROXY:-} ]] || die "KAFKA_BEHIND_PROXY is for one broker"
    require_namespaces
    make_network
    printf '%s\n' "$NET" >"$STACK/cluster"
  fi
  resolve_ports
  # shellcheck disable=SC2086 # several words are meant
  is_cluster || require_free_ports $services
  fetch fetch_kafka fetch_registry
  any_running || record_ports
  if is_cluster; then format_brokers; fi
  # All at once: none needs another one to start.
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

In every shell that starts a service:
  export KAFKA_BOOTSTRAP_SERVERS=$KAFKA SCHEMA_REGISTRY_URL=$REGISTRY_URL
Then, each in its own shell:
  cargo run --release -p cart-service
  cargo run --release -p order-service
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
    ((EUID == 0)) || die "three brokers were started by root: run this as root"
    # The last brokers of a cluster cannot hand anything over, and would wait for it.
    (($#)) || STOP_SECONDS=5
    if [[ $wipe == yes ]]; then signal=KILL; fi
  fi
  for service in $services; do
    if is_running "$service"; then
      say "$service: stopping"
      kill -s "$signal" "$(pid_of "$service")" 2>/dev/null || true
      # One that a test has suspended could not end.
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
    say "removed what they had stored in $STACK"
  fi
}

await_end() {
  local start=$SECONDS
  while is_running "$1"; do
    if ((SECONDS - start >= STOP_SECONDS)); then
      say "$1: did not stop within $STOP_SECONDS s, killing it"
      kill -KILL "$(pid_of "$1")" 2>/dev/null || true
      while is_running "$1"; do sleep 0.1; done
      return
    fi
    sleep 0.1
  done
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

# The services that a command's arguments mean: all, or the one that is named.
services_of() {
  local command=$1
  shift
  case $# in
    0) printf '%s\n' "$SERVICES" ;;
    1)
      [[ " $SERVICES " == *" $1 "* ]] || usage_error "$command: '$1' is none of: $SERVICES"
      printf '%s\n' "$1"
      ;;
    *) usage_error "$command: too many arguments: $*" ;;
  esac
}

# Commands that are about a cluster that runs.
require_cluster() {
  is_cluster || die "$1 is about three brokers, and this stack has not got them: scripts/stack.sh up --brokers 3"
  ((EUID == 0)) || die "$1 needs root"
}

main() {
  local command=${1:-} wipe=no brokers=
  (($#)) && shift
  case $command in
    -h | --help | help)
      usage
      exit
      ;;
    up | down | status | logs | kafka-tool | client | cut | heal | check) ;;
    '') usage_error "which command?" ;;
    *) usage_error "unknown command '$command'" ;;
  esac
  resolve_stack
  case $command in
    up)
      if [[ ${1:-} == --brokers ]]; then
        brokers=${2:-}
        [[ $brokers == 1 || $brokers == 3 ]] || usage_error "up --brokers: 1 or 3, not '$brokers'"
        shift 2
      fi
      up "$brokers" "$@"
      ;;
    down)
      if [[ ${1:-} == --wipe ]]; then
        wipe=yes
        shift
        (($# == 0)) || usage_error "down --wipe takes no service"
      fi
      down "$wipe" "$@"
      ;;
    status)
      (($# == 0)) || usage_error "status takes no arguments"
      resolve_ports
      status
      ;;
    logs) logs "$@" ;;
    kafka-tool)
      (($#)) || usage_error "kafka-tool: which class?"
      require java maven
      fetch fetch_kafka
      kafka_class "$@"
      ;;
    client)
      (($# == 1)) || usage_error "client: which name?"
      lock_stack
      require_cluster client
      client "$1"
      ;;
    cut)
      (($#)) || usage_error "cut: what from what?"
      require_cluster cut
      cut_off "$@"
      ;;
    heal)
      require_cluster heal
      heal "$@"
      ;;
    check)
      (($# == 0)) || usage_error "check takes no arguments"
      require_namespaces
      say "three brokers can be started here"
      ;;
  esac
}

main "$@"
