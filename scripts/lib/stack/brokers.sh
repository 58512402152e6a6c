# shellcheck shell=bash
# Three Kafka brokers, each in its own network namespace. Sourced by stack.sh.

# host:port of each broker, comma-separated.
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

# An acknowledged record is on at least two brokers.
default.replication.factor=3
min.insync.replicas=2

# A silent broker is deposed after 3 s; the default is 9 s.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# The threads of one broker, divided by three.
num.network.threads=2
num.io.threads=3

$(small_machine_properties)
END
}

# Formats each broker's directory with the same cluster id.
format_brokers() {
  local n id pid pids='' failed=no
  [[ -f $STACK/cluster-id ]] || head -c 16 /dev/urandom | base64 | tr -d '=\n' | tr '+/' 'ab' >"$STACK/cluster-id"
  id=$(cat "$STACK/cluster-id")
  for n in 1 2 3; do
    # The formatter writes this file last: without it there is nothing to lose.
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
  # The cheap compiler and garbage collector: three brokers start at once, on few cores.
  launch "$name" nsenter --net="$(namespace_of "$name")" "$(java_command)" ${heap[@]+"${heap[@]}"} -XX:+UseSerialGC \
    -XX:TieredStopAtLevel=1 "$(marker "$name")" "${KAFKA_LOGGING[@]}" -cp "$KAFKA_LIB/*" \
    kafka.Kafka "$STACK/$name.properties"
}

broker_answers() {
  grep -qs 'Kafka Server started' "$STACK/$1.log" && port_answers "$(address_of "$1")" "$KAFKA_PORT"
}
