# shellcheck shell=bash
# Running the steps of test.sh one after another, and their summary. Sourced by test.sh.

# bash 3.2 of macOS takes an empty array for an unset variable, so no array is used while it is empty.
SUMMARY=()
STEP=
STARTED=$SECONDS

# step NAME HOW FUNCTION: runs FUNCTION; HOW is the command that runs this step alone.
step() {
  local name=$1 how=$2 function=$3 start=$SECONDS result=0
  printf '\n=== %s\n' "$name"
  # In the background, so that a signal to this script is handled at once, and in its own process group (-m), so that
  # everything the step has started can be ended with it.
  set -m
  (
    set +m -e
    "$function"
  ) </dev/null &
  STEP=$!
  set +m
  wait "$STEP" || result=$?
  STEP=
  local seconds=$((SECONDS - start))
  if ((result == 77)) && [[ ${CI:-} != true ]]; then
    SUMMARY+=("$(printf '%-34s skipped' "$name")")
  elif ((result == 77)); then
    fail "$name" "$seconds" "it was skipped, which CI=true does not allow; to run it alone: $how"
  elif ((result != 0)); then
    fail "$name" "$seconds" "to run it alone: $how"
  else
    SUMMARY+=("$(printf '%-34s ok    %5d s' "$name" "$seconds")")
  fi
}

# Skips a step whose requirements are missing.
skip() {
  say "skipped: $*"
  exit 77
}

fail() {
  SUMMARY+=("$(printf '%-34s FAILED%5d s' "$1" "$2")")
  summarize
  say "failed: $1
  $3"
  exit 1
}

summarize() {
  printf '\n=== summary\n'
  printf '%s\n' "${SUMMARY[@]}"
  printf '%-34s       %5d s\n' total $((SECONDS - STARTED))
}
