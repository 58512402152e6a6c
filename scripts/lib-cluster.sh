# shellcheck shell=bash
# Three brokers in network namespaces. Sourced by stack.sh, never run: what is started, awaited and ended here is so by
# stack.sh's own functions, and its directory, ports and downloads are used.
#
#   this machine ── hub, a bridge ─┬─ broker-1   $NET.1     each with a controller
#     $NET.254                     ├─ broker-2   $NET.2
#                                  ├─ broker-3   $NET.3
#                                  ├─ registry   $NET.10
#                                  └─ clients    $NET.21 and up, as `client` makes them
#
# Outside of the namespaces there is one link, to the hub; it goes with the hub.

BROKERS="broker-1 broker-2 broker-3"
NAMESPACES=/var/run/netns

# ---- where things are ------------------------------------------------------------------------------------------------

# Whether this stack has three brokers: noted by `up --brokers 3`, until `down`.
is_cluster() { [[ -f $STACK/cluster ]]; }

# The addresses, and the names of namespaces, which are this stack's own. As with ports, what was noted counts until `down`.
resolve_network() {
  NET=${ORDERLOG_STACK_NET:-10.77.0}
  if is_cluster; then
    read -r NET <"$STACK/cluster" || true
  fi
  if ! [[ $NET =~ ^[0-9]{1,3}(\.[0-9]{1,3}){2}$ ]]; then
    die "ORDERLOG_STACK_NET=$NET is not the first three numbers of an address, such as 10.77.0"
  fi
  # No longer than the name of a link may be.
  PREFIX=ol$(printf %s "$STACK" | cksum | cut -d ' ' -f 1)
  HUB=$PREFIX-hub
}

# Empty for a node that there is not.
address_of() {
  local line
  case $1 in
    broker-[123]) printf '%s\n' "$NET.${1#broker-}" ;;
    registry) printf '%s\n' "$NET.10" ;;
    *)
      line=$(grep -nxF -- "$1" "$STACK/clients" 2>/dev/null | cut -d : -f 1)
      [[ -z $line ]] || printf '%s\n' "$NET.$((20 + line))"
      ;;
  esac
}

namespace_of() { printf '%s\n' "$NAMESPACES/$PREFIX-$1"; }

# ---- the network -----------------------------------------------------------------------------------------------------

# Stops, with the reason, where there can be no such network.
require_namespaces() {
  local probe=$PREFIX-probe said
  [[ $(uname -s) == Linux ]] || die "three brokers need network namespaces, which only Linux has"
  ((EUID == 0)) || die "three brokers need network namespaces, which only root may make: run this as root"
  require iproute2 iptables
  said=$(
    {
      ip netns add "$probe" && nsenter --net="$NAMESPACES/$probe" iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset
    } 2>&1
  ) || {
    ip netns del "$probe" 2>/dev/null || true
    die "network namespaces cannot be used here: $said"
  }
  ip netns del "$probe"
}

make_network() {
  local n
  # The last one that is made: then all are there.
  [[ ! -e $(namespace_of registry) ]] || return 0
  remove_network
  if ip -o -4 address show | grep -qF " $NET."; then
    die "$NET.0/24 is in use on this machine; choose another one: ORDERLOG_STACK_NET=10.78.0 scripts/stack.sh up --brokers 3"
  fi
  ip netns add "$HUB"
  ip -n "$HUB" link set lo up
  ip -n "$HUB" link add name bridge type bridge
  ip -n "$HUB" link set bridge up
  ip link add name "$PREFIX" type veth peer name host netns "$HUB"
  ip -n "$HUB" link set host master bridge up
  ip address add "$NET.254/24" dev "$PREFIX"
  ip link set "$PREFIX" up
  for n in 1 2 3; do
    add_node "broker-$n"
  done
  add_node registry
}

# A namespace that is connected to the hub; cuts are made in its chain CUT.
add_node() {
  local name=$1 address namespace=$PREFIX-$1 link
  address=$(address_of "$name")
  link=node${address##*.}
  ip netns add "$namespace"
  ip -n "$namespace" link set lo up
  ip -n "$HUB" link add name "$link" type veth peer name eth0 netns "$namespace"
  ip -n "$HUB" link set "$link" master bridge up
  ip -n "$namespace" address add "$address/24" dev eth0
  ip -n "$namespace" link set eth0 up
  printf '%s\n' '*filter' ':CUT - [0:0]' '-A INPUT -j CUT' '-A OUTPUT -j CUT' COMMIT | within "$name" iptables-restore
}

remove_network() {
  local namespace
  # First, as it goes at once, and namespaces go in their own time.
  ip link del "$PREFIX" 2>/dev/null || true
  for namespace in "$NAMESPACES/$PREFIX"-*; do
    [[ ! -e $namespace ]] || ip netns del "${namespace##*/}"
  done
  rm -f "$STACK/clients"
}

# within NODE COMMAND…
within() {
  local node=$1
  shift
  nsenter --net="$(namespace_of "$node")" "$@"
}

# A namespace for a client, made when it is not there yet; prints its path and its address.
client() {
  local name=$1
  if ! [[ $name =~ ^[a-z][a-z0-9-]{0,30}$ ]] || [[ $name == hub || $name == probe || $name == broker-* ]]; then
    die "client: '$name' cannot be a client's name: a to z, 0 to 9 and -, and none of the stack's own"
  fi
  if [[ -z $(address_of "$name") ]]; then
    printf '%s\n' "$name" >>"$STACK/clients"
    add_node "$name"
  fi
  printf '%s %s\n' "$(namespace_of "$name")" "$(address_of "$name")"
}

# cut_off X:Y[:HOW]…: what becomes of packets between the nodes X and Y. All rules of a node take effect together.
cut_off() {
  local word from to how address lines='' node
  for word in "$@"; do
    IFS=: read -r from to how <<<"$word"
    [[ -n $(address_of "$from") ]] || die "cut: there is no '$from' in '$word'"
    address=$(address_of "${to:-?}")
    [[ -n $address ]] || die "cut: there is no '$to' in '$word'"
    case $how in
      '') lines+="$from -s $address -j DROP"$'\n'"$from -d $address -j DROP"$'\n' ;;
      refuse) lines+="$from -d $address -p tcp -j REJECT --reject-with tcp-reset"$'\n' ;;
      [1-9]% | [1-9][0-9]%)
        how=$(printf '%03d' "${how%\%}")
        lines+="$from -s $address -m statistic --mode random --probability 0.${how#0} -j DROP"$'\n'
        lines+="$from -d $address -m statistic --mode random --probability 0.${how#0} -j DROP"$'\n'
        ;;
      *) die "cut: what is '$how' in '$word'? nothing, refuse, or 1% to 99%" ;;
    esac
  done
  while read -r node; do
    {
      printf '*filter\n'
      sed -n "s/^$node /-A CUT /p" <<<"$lines"
      printf 'COMMIT\n'
    } | within "$node" iptables-restore --noflush
  done < <(printf %s "$lines" | awk '!seen[$1]++ { print $1 }')
}

# heal [NODE…]: forgets what was cut at those nodes; without one, at all.
heal() {
  local node
  # shellcheck disable=SC2046,SC2086 # several words are meant
  (($#)) || set -- $BROKERS registry $(cat "$STACK/clients" 2>/dev/null || true)
  for node in "$@"; do
    [[ -n $(address_of "$node") ]] || die "heal: there is no '$node'"
    within "$node" iptables -F CUT
  done
}

# ---- the brokers -----------------------------------------------------------------------------------------------------

# host:port of each broker, with commas between.
bootstrap_servers() { printf '%s\n' "$NET.1:$KAFKA_PORT,$NET.2:$KAFKA_PORT,$NET.3:$KAFKA_PORT"; }

write_broker_config() {
  local n=$1 port=$KAFKA_CONTROLLER_PORT
  cat >"$STACK/broker-$n.properties" <<END
# Written by scripts/stack.sh at every start.
process.roles=broker,controller
node.id=$n
controller.quorum.voters=1@$NET.1:$port,2@$NET.2:$port,3@$NET.3:$port
listeners=PLAINTEXT://$NET.$n:$KAFKA_PORT,CONTROLLER://$NET.$n:$port
advertised.listeners=PLAINTEXT://$NET.$n:$KAFKA_PORT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$STACK/broker-$n-data

# A record that was acknowledged is at two brokers at least.
default.replication.factor=3
min.insync.replicas=2

# A broker that is not heard is deposed after 3 s, where 9 s are the default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# The same small machine as with one broker, three times.
auto.create.topics.enable=false
offsets.topic.num.partitions=3
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=3
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=3
END
}

# Each broker's directory, under one cluster's id.
format_brokers() {
  local n id pid pids='' failed=no
  [[ -f $STACK/cluster-id ]] || head -c 16 /dev/urandom | base64 | tr -d '=\n' | tr '+/' 'ab' >"$STACK/cluster-id"
  id=$(cat "$STACK/cluster-id")
  for n in 1 2 3; do
    # Written last by the formatter: without it there is nothing to lose.
    [[ ! -f $STACK/broker-$n-data/meta.properties ]] || continue
    rm -rf "$STACK/broker-$n-data"
    write_broker_config "$n"
    kafka_class kafka.tools.StorageTool format -t "$id" -c "$STACK/broker-$n.properties" >"$STACK/broker-$n-format.log" 2>&1 &
    pids+=" $!"
  done
  for pid in $pids; do
    wait "$pid" || failed=yes
  done
  if [[ $failed == yes ]]; then
    tail -n 25 "$STACK"/broker-*-format.log >&2
    die "Kafka could not format its directories in $STACK"
  fi
}

start_broker() {
  local name=$1 heap
  if already_up "$name"; then return; fi
  write_broker_config "${name#broker-}"
  read -ra heap <<<"${KAFKA_HEAP_OPTS:--Xmx300m}"
  say "$name: starting"
  # The cheap compiler and collector: three of them start at once, on few cores.
  launch "$name" nsenter --net="$(namespace_of "$name")" "$(java_command)" ${heap[@]+"${heap[@]}"} -XX:+UseSerialGC \
    -XX:TieredStopAtLevel=1 "$(marker "$name")" "${KAFKA_LOGGING[@]}" -cp "$KAFKA_LIB/*" \
    kafka.Kafka "$STACK/$name.properties"
}

broker_answers() {
  grep -qs 'Kafka Server started' "$STACK/$1.log" && port_answers "$(address_of "$1")" "$KAFKA_PORT"
}
