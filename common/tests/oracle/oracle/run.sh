#!/usr/bin/env bash
# Asks Avro's own library (Java) what the cases must give, and writes that to expected/. Run it after a case has changed.
#
# usage: run.sh                 writes expected/
#        run.sh encode CASE…    prints what these cases have under "written" as hexadecimal data, to be put under "data";
#                               CASE is a path from the repository's root
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ROOT=$(cd "$HERE/../../../.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=../../../../scripts/lib.sh
source "$ROOT/scripts/lib.sh"

require java maven
LIB=${XDG_CACHE_HOME:-$HOME/.cache}/orderlog/avro-oracle
fetch_jars "$HERE/pom.xml" "$LIB"

# The cases name schemas by their paths from here.
cd "$ROOT"
ORACLE=("$(java_command)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$LIB/*" "$HERE/Oracle.java")
if [[ ${1:-} == encode ]]; then
  exec "${ORACLE[@]}" "$@"
fi

# A case that is gone leaves nothing behind.
rm -f common/tests/oracle/expected/*.json
"${ORACLE[@]}" decode common/tests/oracle/cases common/tests/oracle/expected
