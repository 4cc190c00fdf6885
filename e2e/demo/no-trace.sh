#!/usr/bin/env bash
# Proves that "make demo-down" leaves nothing on this machine: what is looked at is the same
# before "make demo" and after "make demo-down". The clusters must be down when it begins.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Processes of the lab, by the mark in their environment, the control group of containers, or
# the folder that they run from. Others come and go on a machine, and are none of our business.
processes() {
  local dir command
  for dir in /proc/[0-9]*; do
    command=$(tr '\0' ' ' <"$dir/cmdline")
    [[ -n $command ]] || continue # of the kernel, or ended
    if tr '\0' '\n' <"$dir/environ" | grep -q '^KUBEMOVE_LAB_NODE=' ||
      grep -q k8s.io "$dir/cgroup" || grep -qF "$PWD/.kubemove/" <<<"$command"; then
      printf 'process %s %s\n' "${dir#/proc/}" "${command:0:120}"
    fi
  done 2>/dev/null || true
}

look() {
  ip -o link | awk -F': ' '{print "link", $2}'
  ip -o address | awk '{print "address", $2, $4}'
  ip route | sed 's/^/route /'
  ip netns | sed 's/^/netns /'
  sed 's/^/mount /' /proc/self/mounts
  local table
  for table in filter nat mangle; do
    iptables -w 10 -t "$table" -S | sed "s/^/iptables $table /"
  done
  processes
  find /run /tmp -maxdepth 1 -name 'kubemove-*' | sed 's/^/file /'
  find /sys/fs/cgroup -maxdepth 2 -name k8s.io | sed 's/^/cgroup /'
  [[ ! -e .kubemove ]] || find .kubemove | sed 's/^/file /'
}

if ip link show kmbr0 >/dev/null 2>&1; then
  echo "$0: the clusters are up; end them first: make demo-down" >&2
  exit 2
fi
before=$(look | sort)
make --no-print-directory demo
if [[ $(look | sort) == "$before" ]]; then
  echo "$0: no trace of the demo is seen while it is up: this script does not look where it should" >&2
  exit 2
fi
make --no-print-directory demo-down
if ! diff <(echo "$before") <(look | sort); then
  echo "$0: the lines above differ: < was there before, > is left" >&2
  exit 1
fi
echo "Nothing is left: $(wc -l <<<"$before") links, addresses, routes, mounts, rules, processes and files are as before."
