#!/usr/bin/env bash
# Runs the sandbox: broker, registry and both services in one process. Checks what the build needs first.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$ROOT/scripts/lib.sh"

cd "$ROOT"
ensure_toolchain
ensure build-essential pkg-config zlib1g-dev libssl-dev ca-certificates

if [[ ! -x ${CARGO_TARGET_DIR:-target}/release/sandbox ]]; then
  say "The first build takes some minutes (about six on two cores); later ones take seconds."
fi
exec cargo run --release -- "$@"
