# shellcheck shell=bash
# One Kafka broker. Sourced by stack.sh.

KAFKA_VERSION=4.2.0
KAFKA_LOGGING=(-Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS")

fetch_kafka() {
  local pom=$CACHE/kafka-$KAFKA_VERSION.xml
  # slf4j-simple: without a logger Kafka would fail silently.
  cat >"$pom" <<END
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
  fetch_jars "$pom" "$KAFKA_LIB"
}

# The broker settings that one broker and three have in common.
small_machine_properties() {
  cat <<'END'
# The services create their topics themselves; a mistyped name must not become one.
auto.create.topics.enable=false
# The default is 50 partitions for each internal topic, created (files, fsync) when the first group or transaction comes:
# seconds of waiting on a slow disk.
offsets.topic.num.partitions=3
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=3
# A new group waits 3 s for more members by default.
group.initial.rebalance.delay.ms=0
# Compacting topics takes 128 MB of the heap by default, and only the internal topics are compacted here.
log.cleaner.dedupe.buffer.size=16777216
END
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

# One broker.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# After a kill, Kafka accepts the same broker again only when its old session has expired: 9 s by default.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000

$(small_machine_properties)
END
  if [[ -n ${KAFKA_EXTRA_PROPERTIES:-} ]]; then
    cat "$KAFKA_EXTRA_PROPERTIES" >>"$STACK/server.properties" || die "KAFKA_EXTRA_PROPERTIES=$KAFKA_EXTRA_PROPERTIES cannot be read"
  fi
}

format_kafka() {
  # The formatter writes this file last: without it there is nothing to lose.
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

# For short-lived tools: the cheap compiler and garbage collector start in half the time.
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

# The port opens shortly before the broker can lead partitions; this log line comes later.
kafka_answers() {
  grep -qs 'Kafka Server started' "$STACK/kafka.log" && port_answers 127.0.0.1 "$KAFKA_PORT"
}
