# shellcheck shell=bash
# Functions that the scripts share. Sourced, never run.

# All messages go to stderr, so that the output of the programs that the scripts run stays clean.
say() { printf '%s\n' "$*" >&2; }

die() {
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# For a mistake on the command line.
usage_error() {
  printf '%s: error: %s\nsee scripts/%s --help\n' "${0##*/}" "$*" "${0##*/}" >&2
  exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# Needs are probed by the commands and libraries that the build uses, so that the answer is right on any system.
# Only the advice and the installation are specific to Debian.
present() {
  case $1 in
    build-essential) have cc && have c++ && have make ;;
    pkg-config) have pkg-config ;;
    zlib1g-dev) have pkg-config && pkg-config --exists zlib ;;
    libssl-dev) have pkg-config && pkg-config --exists openssl ;;
    ca-certificates) [[ ! -e /etc/debian_version || -s /etc/ssl/certs/ca-certificates.crt ]] ;;
    java) (($(java_major) >= 17)) ;;
    maven) have mvn ;;
    iproute2) have ip ;;
    chromium-driver) have chromedriver ;;
    python3-venv) have python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    *) have "$1" ;;
  esac
}

java_command() {
  if [[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]]; then
    printf '%s\n' "$JAVA_HOME/bin/java"
  else
    printf 'java\n'
  fi
}

# The major version of the Java that would run; 0 if there is none.
java_major() {
  local java version=
  java=$(java_command)
  if have "$java"; then
    version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  fi
  printf '%s\n' "${version:-0}"
}

# Debian releases have different Javas; any from 17 on will do.
java_package() {
  local package
  for package in openjdk-17-jre-headless openjdk-21-jre-headless openjdk-25-jre-headless; do
    if [[ -n $(apt-cache --quiet=0 search --names-only "^$package\$" 2>/dev/null) ]]; then
      printf '%s\n' "$package"
      return
    fi
  done
  printf 'openjdk-17-jre-headless\n'
}

# The unmet needs among the arguments, in one line.
missing_of() {
  local need missing=()
  for need in "$@"; do
    present "$need" || missing+=("$need")
  done
  printf '%s\n' "${missing[*]-}"
}

# The command that installs these needs on Debian and Ubuntu.
install_command() {
  local need packages=()
  for need in "$@"; do
    if [[ $need == java ]]; then need=$(java_package); fi
    packages+=("$need")
  done
  printf 'apt-get install -y --no-install-recommends %s\n' "${packages[*]}"
}

# require NEED…: fails if one is not met, and says what installs it.
require() {
  local missing major
  read -ra missing <<<"$(missing_of "$@")"
  ((${#missing[@]})) || return 0
  major=$(java_major)
  if [[ " ${missing[*]} " == *" java "* ]] && ((major > 0)); then
    say "Java 17 or newer is needed, but this is Java $major (from JAVA_HOME, or else from PATH)"
  fi
  die "missing on this machine: ${missing[*]}
  on Debian and Ubuntu, as root: $(install_command "${missing[@]}")"
}

APT_SECONDS=${ORDERLOG_APT_TIMEOUT:-600}

# patiently COMMAND…: runs apt-get, and waits while another program holds its locks (a machine that has just booted updates
# itself). apt's own option for that, DPkg::Lock::Timeout, does not cover the package lists.
patiently() {
  local deadline=$((SECONDS + APT_SECONDS)) told=false output
  until output=$("$@" 2>&1); do
    if [[ $output != *"Could not get lock"* ]] || ((SECONDS >= deadline)); then
      printf '%s\n' "$output" >&2
      return 1
    fi
    $told || say "another program is installing packages; waiting up to $APT_SECONDS seconds for it"
    told=true
    sleep 1
  done
}

# ensure NEED…: installs what is missing if possible without asking (as root, with apt), else like `require`.
ensure() {
  local missing
  read -ra missing <<<"$(missing_of "$@")"
  ((${#missing[@]})) || return 0
  if have apt-get && (($(id -u) == 0)); then
    say "installing: ${missing[*]}"
    local install
    read -ra install <<<"$(install_command "${missing[@]}")"
    patiently env LC_ALL=C apt-get update -qq
    patiently env LC_ALL=C DEBIAN_FRONTEND=noninteractive "${install[@]}" -qq || die "this failed: ${install[*]}"
  fi
  require "$@"
}

# Checks for the oldest toolchain that the workspace supports, which Cargo.toml names.
ensure_toolchain() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)
  if ! have cargo && [[ -x $HOME/.cargo/bin/cargo ]]; then
    # rustup installed it after this shell had started.
    PATH=$HOME/.cargo/bin:$PATH
  fi
  have cargo || die "cargo is missing: Rust $wanted or newer is needed; rustup (https://rustup.rs) installs it"
  found=$(cargo --version | sed -n 's/^cargo \([0-9][0-9.]*\).*/\1/p')
  if [[ $(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
    die "Rust $wanted or newer is needed, but this is $found; update it with: rustup update stable"
  fi
}

# Pinned, so that the same command downloads the same things next year.
COPY_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1

# fetch_jars POM DIRECTORY: downloads the dependencies in POM from Maven Central, again only when POM has changed.
fetch_jars() {
  local pom=$1 directory=$2
  cmp -s "$pom" "$directory/pom.xml" && return
  say "downloading the jars of ${pom##*/} (once)"
  rm -rf "$directory.partial"
  mkdir -p "$directory.partial"
  cp "$pom" "$directory.partial/pom.xml"
  mvn -q -B --strict-checksums -f "$directory.partial/pom.xml" "$COPY_PLUGIN:copy-dependencies" \
    -DoutputDirectory="$directory.partial" >&2 || die "Maven could not download the jars of $pom (see above)"
  # Renamed when complete, so that an interrupted download is not mistaken for a good one.
  rm -rf "$directory"
  mv "$directory.partial" "$directory"
}

sha256_of() {
  if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}
