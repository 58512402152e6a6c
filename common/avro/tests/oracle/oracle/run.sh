#!/usr/bin/env bash
# Asks Avro's own library (Java) what the cases and the corpus must give, and writes that to expected/ and corpus/. Run it
# after a case or corpus/generate.py has changed.
#
# usage: run.sh                 writes expected/*.json, corpus/schemas.jsonl and corpus/pairs.jsonl
#        run.sh encode CASE…    prints what these cases have under "written" as hexadecimal data, to be put under "data";
#                               CASE is a path from the repository's root
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ROOT=$(cd "$HERE/../../../../.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=../../../../../scripts/lib/common.sh
source "$ROOT/scripts/lib/common.sh"

# Versions that wrote schemas which registries still hold. The newest one is that of pom.xml.
OLDER=(1.8.2 1.9.2 1.10.2 1.11.4)

require java maven
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/orderlog
LIB=$CACHE/avro-oracle
fetch_jars "$HERE/pom.xml" "$LIB"
NEWEST=$(sed -n 's|.*<version>\(1\.1[0-9.]*\)</version>.*|\1|p' "$HERE/pom.xml" | head -n 1)

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir "$WORK/classes"
"$(java_command)" -m jdk.compiler/com.sun.tools.javac.Main -cp "$(printf '%s:' "$LIB"/*.jar)" -d "$WORK/classes" "$HERE"/*.java

# The cases name schemas by their paths from here.
cd "$ROOT"
ORACLE=("$(java_command)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$WORK/classes:$LIB/*" Oracle)
if [[ ${1:-} == encode ]]; then
  "${ORACLE[@]}" "$@"
  exit
fi

# A case that is gone leaves nothing behind.
rm -f common/avro/tests/oracle/expected/*.json
"${ORACLE[@]}" decode common/avro/tests/oracle/cases common/avro/tests/oracle/expected

require python3
LIBS=()
for version in "${OLDER[@]}"; do
  sed "s|<version>$NEWEST</version>|<version>$version</version>|" "$HERE/pom.xml" >"$WORK/pom.xml"
  fetch_jars "$WORK/pom.xml" "$CACHE/avro-oracle-older/$version"
  LIBS+=("$CACHE/avro-oracle-older/$version")
done
python3 common/avro/tests/oracle/corpus/generate.py >"$WORK/corpus"
"${ORACLE[@]}" corpus "$WORK/corpus" common/avro/tests/oracle/corpus "${LIBS[@]}"
