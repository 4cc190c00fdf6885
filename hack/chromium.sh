#!/usr/bin/env bash
# Prints the path of a Chromium, and installs the package of Debian or Ubuntu where there is none (root, apt-get).
# CHROMIUM names another one.
set -euo pipefail

find_browser() {
  local name
  for name in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
    command -v "$name" && return 0
  done
  return 1
}

fail() {
  printf 'chromium: %s\n' "$*" >&2
  exit 1
}

find_browser && exit 0
[[ -z ${CHROMIUM:-} ]] || fail "CHROMIUM is $CHROMIUM, which is no program"
command -v apt-get >/dev/null || fail "there is none on the PATH, and no apt-get to install it: install Chromium, or name one with CHROMIUM"
((EUID == 0)) || fail "there is none on the PATH, and only root may install it: apt-get install chromium fonts-dejavu-core"
echo "chromium: it is not there, so apt-get installs it (some 100 MB)" >&2
export DEBIAN_FRONTEND=noninteractive
{
  apt-get update -q &&
    apt-get install -q -y --no-install-recommends chromium chromium-sandbox fonts-dejavu-core
} >&2 || fail "apt-get cannot install the package chromium"
find_browser || fail "the package chromium is installed, but has no program on the PATH"
