# shellcheck shell=bash
# The schema registry. Sourced by stack.sh.

APICURIO_VERSION=3.0.9
APICURIO_SHA256=2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43
# The registry's parent POM is not published, and newer versions of this plugin fail without it.
GET_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:2.10

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
  # By default it keeps its schemas in memory. Topics survive a restart, so the ids in their records must survive too;
  # with WRITE_DELAY=0 they also survive a kill.
  launch registry ${enter[@]+"${enter[@]}"} "$(java_command)" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$(marker registry)" \
    -Dquarkus.http.host="$LISTEN" -Dquarkus.http.port="$REGISTRY_PORT" \
    -Dapicurio.ccompat.use-canonical-hash=true \
    "-Dapicurio.datasource.url=jdbc:h2:file:$STACK/registry-data/registry;WRITE_DELAY=0" \
    -jar "$APICURIO_HOME/apicurio-registry-app-$APICURIO_VERSION-runner.jar"
}

registry_answers() { curl --noproxy '*' -fs -o /dev/null --max-time 5 "$REGISTRY_URL/subjects"; }

# Its default level is NONE, Confluent's is BACKWARD. Set only once, so that a later choice is not undone.
set_registry_default() {
  [[ -f $STACK/registry-data/default-set ]] && return
  curl --noproxy '*' -fsS -o /dev/null --max-time 10 -X PUT -H 'Content-Type: application/json' -d '{"compatibility":"BACKWARD"}' \
    "$REGISTRY_URL/config" || die "the registry did not accept its default compatibility level"
  touch "$STACK/registry-data/default-set"
}
