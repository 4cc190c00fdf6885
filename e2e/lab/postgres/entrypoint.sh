#!/bin/sh
# What the entry point of the image "postgres" on Docker Hub does, as far as the demo needs it:
# makes the database in PGDATA when there is none, and runs the server.
set -eu
umask 077
: "${PGDATA:?is not set: name a folder for the data, below the volume and not the volume itself}"

if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?is not set: give the password that the user postgres gets}"
  # Made beside its place and renamed: one that was interrupted is not taken for a whole one.
  new=$PGDATA.new
  rm -rf "$new"
  password=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
  initdb --pgdata="$new" --username=postgres --pwfile="$password" --encoding=UTF8 --locale=C \
    --auth-local=trust --auth-host=scram-sha-256
  rm "$password"
  echo "listen_addresses = '*'" >>"$new/postgresql.conf"
  echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
  rm -rf "$PGDATA"
  mv "$new" "$PGDATA"
fi
# PostgreSQL refuses a folder that its group may write to, which an fsGroup can make of it.
[ ! -d "$PGDATA" ] || chmod 0700 "$PGDATA"

# Kubernetes sends SIGTERM, upon which PostgreSQL waits for its clients. SIGINT makes it end them.
"$@" &
server=$!
asked=
trap 'asked=yes; kill -INT "$server" || :' TERM INT
while :; do
  status=0
  wait "$server" || status=$?
  # A signal ends the wait, not the server, whose own status is still to come.
  [ -n "$asked" ] || exit "$status"
  asked=
done
