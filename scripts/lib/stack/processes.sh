# shellcheck shell=bash
# Starting, finding, awaiting and ending server processes. Sourced by stack.sh.

# Identifies a server by its command line: after a reboot, the pid in a file may belong to another process.
marker() { printf -- '-Dorderlog.stack=%s:%s' "$STACK" "$1"; }

# The command line of a process; empty if it has just ended.
command_line() {
  {
    if [[ -d /proc/self ]]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -ww -o args= -p "$1"; fi
  } 2>/dev/null || true
}

is_running() {
  local pid=
  if [[ -f $STACK/$1.pid ]]; then
    read -r pid <"$STACK/$1.pid" || true
  fi
  [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null && [[ $(command_line "$pid") == *"$(marker "$1") "* ]]
}

pid_of() { cat "$STACK/$1.pid"; }

port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

port_owner() {
  if have ss; then
    ss -Hltnp "sport = :$1" | sed -n 's/.*users:((\("[^"]*"\),pid=\([0-9]*\).*/ (by \1, pid \2)/p' | head -n 1
  fi
}

# Checked before anything is started, so that a busy port does not leave half a stack.
require_free_ports() {
  local service variables variable port
  for service in "$@"; do
    variables="KAFKA_PORT KAFKA_CONTROLLER_PORT"
    [[ $service == registry ]] && variables=REGISTRY_PORT
    is_running "$service" && continue
    for variable in $variables; do
      port=${!variable}
      if port_answers 127.0.0.1 "$port"; then
        die "port $port is in use by another process$(port_owner "$port"); choose another: $variable=… scripts/stack.sh up"
      fi
    done
  done
}

# The first and the last of the ports that the system gives to outgoing connections.
ephemeral_ports() {
  local range=/proc/sys/net/ipv4/ip_local_port_range name=net.inet.ip.portrange
  if [[ -r $range ]]; then
    cat "$range"
  else
    # The range that IANA sets aside, where the system does not tell its own.
    printf '%s %s\n' "$(sysctl -n "$name.first" 2>/dev/null || echo 49152)" "$(sysctl -n "$name.last" 2>/dev/null || echo 65535)"
  fi
}

# While a server is down, a client on this machine that keeps connecting to such a port is given it as its own, sooner or
# later. Then it is connected to itself, and the server cannot start.
warn_of_ephemeral_ports() {
  local service variables variable first last
  read -r first last < <(ephemeral_ports)
  for service in "$@"; do
    variables="KAFKA_PORT KAFKA_CONTROLLER_PORT"
    [[ $service == registry ]] && variables=REGISTRY_PORT
    is_running "$service" && continue
    for variable in $variables; do
      if ((${!variable} >= first && ${!variable} <= last)); then
        say "warning: $variable=${!variable} is one of the ports that this system gives to outgoing connections ($first to $last): while the server is stopped, a client may occupy it, and the next start fails with \"Address already in use\"; choose a port below $first"
      fi
    done
  done
}

# Starts a server in the background, detached from the terminal, without our output and our locks.
launch() {
  local name=$1
  shift
  [[ -f $STACK/$name.log ]] && mv "$STACK/$name.log" "$STACK/$name.log.previous"
  nohup "$@" >"$STACK/$name.log" 2>&1 </dev/null 8>&- 9>&- &
  local pid=$!
  printf '%s\n' "$pid" >"$STACK/$name.pid"
  # Before exec, its command line is still ours.
  until is_running "$name" || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.02
  done
}

# await NAME CONDITION…: waits until the condition holds; fails if the server ends, or on timeout.
await() {
  local name=$1 start=$SECONDS told=$SECONDS
  shift
  until "$@"; do
    if ! is_running "$name"; then
      tell_log "$name"
      die "$name exited before it was ready; see its log: $STACK/$name.log"
    fi
    if ((SECONDS - start >= WAIT_SECONDS)); then
      tell_log "$name"
      die "$name did not answer within $WAIT_SECONDS s (ORDERLOG_STACK_TIMEOUT); see its log: $STACK/$name.log"
    fi
    if ((SECONDS - told >= 5)); then
      told=$SECONDS
      say "$name: waiting, $((SECONDS - start)) s"
    fi
    sleep 0.1
  done
}

tell_log() {
  say "--- last lines of $STACK/$1.log"
  tail -n 25 "$STACK/$1.log" >&2 || true
  say "---"
}

await_end() {
  local start=$SECONDS
  while is_running "$1"; do
    if ((SECONDS - start >= STOP_SECONDS)); then
      say "$1: did not stop within $STOP_SECONDS s, killing it"
      kill -KILL "$(pid_of "$1")" 2>/dev/null || true
      while is_running "$1"; do sleep 0.1; done
      return
    fi
    sleep 0.1
  done
}
