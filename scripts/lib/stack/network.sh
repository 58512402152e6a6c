# shellcheck shell=bash
# The network of three brokers: network namespaces, and cuts between them. Sourced by stack.sh.
#
#   this machine ── hub, a bridge ─┬─ broker-1   $NET.1     each with a controller
#     $NET.254                     ├─ broker-2   $NET.2
#                                  ├─ broker-3   $NET.3
#                                  ├─ registry   $NET.10
#                                  └─ clients    $NET.21 and up, as `client` creates them
#
# Outside of the namespaces there is one link, to the hub; it is removed with the hub.

BROKERS="broker-1 broker-2 broker-3"
NAMESPACES=/var/run/netns

# Whether this stack has three brokers: recorded by `up --brokers 3`, until `down`.
is_cluster() { [[ -f $STACK/cluster ]]; }

# The addresses and namespace names of this stack. As with ports, the recorded ones apply until `down`.
resolve_network() {
  NET=${ORDERLOG_STACK_NET:-10.77.0}
  if is_cluster; then
    read -r NET <"$STACK/cluster" || true
  fi
  if ! [[ $NET =~ ^[0-9]{1,3}(\.[0-9]{1,3}){2}$ ]]; then
    die "ORDERLOG_STACK_NET=$NET is not the first three numbers of an address, such as 10.77.0"
  fi
  # Short enough for the name of a network link.
  PREFIX=ol$(printf %s "$STACK" | cksum | cut -d ' ' -f 1)
  HUB=$PREFIX-hub
}

# The address of a node; empty if there is no such node.
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

# Fails, with the reason, where no such network is possible.
require_namespaces() {
  local probe=$PREFIX-probe said
  [[ $(uname -s) == Linux ]] || die "three brokers need network namespaces, which only Linux has"
  ((EUID == 0)) || die "three brokers need network namespaces, which only root may create: run this as root"
  require iproute2 iptables
  said=$(
    {
      ip netns add "$probe" && nsenter --net="$NAMESPACES/$probe" iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset
    } 2>&1
  ) || {
    ip netns del "$probe" 2>/dev/null || true
    die "network namespaces do not work here: $said"
  }
  ip netns del "$probe"
}

make_network() {
  local n
  # Created last: if it exists, all do.
  [[ ! -e $(namespace_of registry) ]] || return 0
  remove_network
  if ip -o -4 address show | grep -qF " $NET."; then
    die "$NET.0/24 is in use on this machine; choose another prefix: ORDERLOG_STACK_NET=10.78.0 scripts/stack.sh up --brokers 3"
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

# Adds a namespace that is connected to the hub; cuts are rules in its chain CUT.
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
  # First, because it is removed at once, while namespaces take their time.
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

# Creates a namespace for a client unless it exists; prints its path and its address.
client() {
  local name=$1
  if ! [[ $name =~ ^[a-z][a-z0-9-]{0,30}$ ]] || [[ $name == hub || $name == probe || $name == broker-* ]]; then
    die "client: '$name' is not a valid client name: use a to z, 0 to 9 and -, and none of the stack's own names"
  fi
  if [[ -z $(address_of "$name") ]]; then
    printf '%s\n' "$name" >>"$STACK/clients"
    add_node "$name"
  fi
  printf '%s %s\n' "$(namespace_of "$name")" "$(address_of "$name")"
}

# cut_off X:Y[:HOW]…: drops or refuses packets between the nodes X and Y. All rules of a node take effect together.
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
      *) die "cut: '$how' in '$word' is not valid: use nothing, refuse, or 1% to 99%" ;;
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

# heal [NODE…]: removes the cuts of those nodes; without an argument, of all.
heal() {
  local node
  # shellcheck disable=SC2046,SC2086 # several words are meant
  (($#)) || set -- $BROKERS registry $(cat "$STACK/clients" 2>/dev/null || true)
  for node in "$@"; do
    [[ -n $(address_of "$node") ]] || die "heal: there is no '$node'"
    within "$node" iptables -F CUT
  done
}

# For commands that need a running cluster.
require_cluster() {
  is_cluster || die "$1 needs three brokers; start them first: scripts/stack.sh up --brokers 3"
  ((EUID == 0)) || die "$1 needs root"
}
