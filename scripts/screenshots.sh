#!/usr/bin/env bash
# Makes the pictures of the console page in docs/images/.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$ROOT/scripts/lib/common.sh"

PICTURES=$ROOT/docs/images
# Bytes. More than this slows down whoever reads the README.
LARGEST=200000

usage() {
  cat <<'END'
Makes the pictures of the console page in docs/images/: runs the sandbox with traffic for about a minute, and photographs its page
in Chromium. As root it installs missing Debian packages; otherwise it names them.

usage: scripts/screenshots.sh
END
}

case ${1:-} in
  "") ;;
  -h | --help)
    usage
    exit
    ;;
  *) usage_error "unexpected argument '$1'" ;;
esac

cd "$ROOT"
ensure_toolchain
ensure build-essential pkg-config zlib1g-dev libssl-dev chromium chromium-driver pngquant
mkdir -p "$PICTURES"
# CI=true: a missing browser is an error.
CI=true ORDERLOG_PICTURES=$PICTURES cargo test --workspace --all-features --test browser -- --ignored --exact pictures::pictures_of_the_page
for picture in "$PICTURES"/*.png; do
  pngquant --force --skip-if-larger --strip --output "$picture" 128 "$picture" || (($? == 98))
  size=$(wc -c <"$picture")
  ((size <= LARGEST)) || die "$picture has $size bytes, more than $LARGEST: make its window smaller"
done
ls -l "$PICTURES"
