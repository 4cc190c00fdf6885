#!/bin/sh
# A data mobilizer in a page of shell: tar over nc, with nothing but BusyBox.
#
# It follows docs/contract.md: what to do is in task.json, how far it is goes to status.json,
# both sides count what they hold at the end, and the exit code says how it ended.
# KUBEMOVE_ROOT is for tests only.
set -u

root=${KUBEMOVE_ROOT:-/kubemove}
json=$(tr -d '\n' <"$root/task/task.json") || exit 2

# value KEY prints the first string that the task has under the key.
value() { printf '%s' "$json" | grep -o "\"$1\" *: *\"[^\"]*\"" | head -n 1 | sed 's/^[^:]*: *"\(.*\)"$/\1/'; }

role=$(value role)
run=$(printf '%s' "$json" | grep -o '"run" *: *{[^}]*}' | grep -o '"id" *: *"[^"]*"' | sed 's/.*"\([^"]*\)"$/\1/')
volume=$(printf '%s' "$json" | grep -o '"volumes" *: *\[[^]]*\]' | grep -o '"name" *: *"[^"]*"' | head -n 1 | sed 's/.*"\([^"]*\)"$/\1/')
dial=$(value dial) listen=$(value listen)
data=$root/volumes/$volume
password=$root/credentials/password
work=$root/state/shell-tar
[ -n "$role" ] && [ -n "$run" ] && [ -n "$volume" ] || exit 2
mkdir -p "$work" && cd "$data" || exit 2

# count prints the number of files (all but directories) and the bytes in the regular ones.
# Sockets are no data, and lost+found belongs to the file system.
count() {
	find . -path ./lost+found -prune -o ! -type d ! -type s -exec stat -c '%s %F' {} + >"$work/count" || return 1
	awk '{ files++; if ($2 == "regular") bytes += $1 } END { printf "%.0f %.0f\n", files, bytes }' "$work/count"
}

# digest is one hash over names, types, modes, owners, sizes, times and links. BusyBox's tar
# does not keep the times of links.
digest() {
	find . -path ./lost+found -prune -o ! -type d ! -type s ! -type l -exec stat -c '%n|%f|%u:%g|%s|%Y' {} + >"$work/list" &&
		find . -path ./lost+found -prune -o -type l -exec stat -c '%N|%u:%g' {} + >>"$work/list" &&
		find . -path ./lost+found -prune -o -type d ! -path . -exec stat -c '%n|%f|%u:%g' {} + >>"$work/list" &&
		LC_ALL=C sort "$work/list" | sha256sum | cut -d ' ' -f 1
}

sequence=0
# report STAGE BYTES TOTAL-BYTES FILES TOTAL-FILES [MORE-OF-THE-VOLUME [MORE-OF-THE-STATUS]]
report() {
	sequence=$((sequence + 1))
	printf '{"apiVersion":"task.kubemove.io/v1alpha1","runID":"%s","sequence":%d,"volumes":[{"name":"%s","stage":"%s","bytesDone":%s,"bytesTotal":%s,"filesDone":%s,"filesTotal":%s%s}]%s}\n' \
		"$run" "$sequence" "$volume" "$1" "$2" "$3" "$4" "$5" "${6:-}" "${7:-}" >"$root/result/.status.new" &&
		mv "$root/result/.status.new" "$root/result/status.json"
}

# fail MESSAGE ends with a failure that may pass; the first errors of tar are part of it.
fail() {
	text=$(printf '%s %s' "$1" "$(head -n 5 "$work/errors" 2>/dev/null)" | tr '\n\t"\\' '    ' | tr -d '\000-\037')
	report Failed 0 0 0 0 ',"error":"'"$text"'"' ',"result":{"outcome":"Failed","retry":"Soon","reason":"CopyFailed","message":"'"$text"'"}'
	exit 1
}

# finish verifies this side and ends with success.
finish() {
	report Verifying 0 0 0 0
	counts=$(count) || fail 'cannot read the whole volume:'
	sum=$(digest) || fail 'cannot read the whole volume:'
	files=${counts% *} bytes=${counts#* }
	report Synced "$bytes" "$bytes" "$files" "$files" \
		',"verification":{"files":'"$files"',"bytes":'"$bytes"',"digest":"shell-v1:'"$sum"'"}' \
		',"result":{"outcome":"Succeeded"}' || exit 1
	exit 0
}

# send writes the password, the number of entries, and then all of them as a tar. tar's exit
# code is kept: it is not 0 when a file could not be read.
send() {
	set --
	for entry in * .[!.]* ..?*; do
		[ "$entry" = lost+found ] && continue
		if [ -e "$entry" ] || [ -h "$entry" ]; then set -- "$@" "./$entry"; fi
	done
	cat "$password"
	printf '\n%d\n' $#
	[ $# -eq 0 ] || tar cf - "$@" 2>"$work/errors"
	echo $? >"$work/code"
}

source_side() {
	counts=$(count) || fail 'cannot read the whole volume:'
	report Copying 0 "${counts#* }" 0 "${counts% *}"
	rm -f "$work/code" "$work/errors"
	answer=$(send | nc "${dial%:*}" "${dial##*:}")
	if [ "$(cat "$work/code" 2>/dev/null)" != 0 ]; then
		grep -qv 'write error' "$work/errors" 2>/dev/null && fail 'not every file could be read:'
		fail 'the connection to the target was lost:'
	fi
	[ "$answer" = ok ] || fail "the target answered: ${answer:-nothing}."
	finish
}

# receive runs on a connection: nc listens on every address of the Pod, so whoever does not
# know the password of this run is turned away before anything is touched.
receive() {
	read -r line && read -r entries
	[ "$line" = "$(cat "$password")" ] || exit 1
	find . -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} + 2>"$work/errors" || { echo 1 >"$work/code"; exit 1; }
	# What holds nothing is no tar.
	code=0
	if [ "$entries" != 0 ]; then
		tar xf - 2>>"$work/errors"
		code=$?
	fi
	cat >/dev/null
	[ $code -eq 0 ] && echo ok
	echo $code >"$work/code"
}

target_side() {
	report Preparing 0 0 0 0
	rm -f "$work/code" "$work/errors"
	until [ -e "$work/code" ]; do
		nc -l -p "${listen##*:}" -e "$0" receive &
		listener=$!
		while kill -0 $listener 2>/dev/null && [ ! -e "$work/code" ]; do
			sleep 1
			report Copying "$(du -sk . 2>/dev/null | awk '{ printf "%.0f", $1 * 1024 }')" 0 0 0
		done
		wait $listener
	done
	[ "$(cat "$work/code")" = 0 ] || fail 'not everything could be written:'
	finish
}

trap 'exit 1' TERM INT
case ${1:-sync}-$role in
receive-*) receive ;;
sync-source) source_side ;;
sync-target) target_side ;;
*) exit 2 ;;
esac
