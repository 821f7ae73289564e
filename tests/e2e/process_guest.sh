# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The agent as a process-level guest, with the event log of a machine that did boot. Source lab.sh first.

# record_event_log [initdata options]: what a real machine that runs $quick showed to the key broker, read on the way.
record_event_log() {
	local port at header length
	port=$(free_port)
	start recorder socat -r "$lab/wire" "OPENSSL-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,verify=0,cert=$lab/tls/server.pem,key=$lab/tls/server.key" \
		"OPENSSL:127.0.0.1:$kbs_port,verify=1,cafile=$lab/tls/ca.pem,commonname=$kbs_name"
	until_true 10 "the recorder" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
	(kbs_url=https://$kbs_name:$port && REGISTER=no lab_initdata "$lab/initdata-wire" --image "$quick" "$@") || return
	kbs set-initdata "$lab/initdata-wire" >/dev/null || return
	(kbs_port=$port && coffer_run wire "$lab/initdata-wire" "$quick" && [ "$code" -eq 0 ]) || return
	at=$(grep -abo "POST /kbs/v0/attest" "$lab/wire" | first_offset)
	tail -c "+$((at + 1))" "$lab/wire" >"$lab/wire.attest"
	header=$(grep -abo $'^\r$' "$lab/wire.attest" | first_offset)
	length=$(head -c "$header" "$lab/wire.attest" | sed -n 's/^[Cc]ontent-[Ll]ength: *\([0-9]*\)\r*$/\1/p')
	head -c "$((header + 2 + length))" "$lab/wire.attest" | tail -c "$length" |
		jq -r '[.. | if type == "string" then (fromjson? // .) else . end | .. | objects | .eventlog? | strings] | first' |
		base64 -d >"$lab/eventlog" && [ -s "$lab/eventlog" ]
}

# A TPM of the enrolled CA in $1, with the reference's measurements extended in order.
make_tpm() {
	local dir=$1 ca=$lab/tpm-ca pcr digest
	mkdir -m 700 "$dir" "$dir/state" || return
	printf '%s\n' "create_certs_tool=$(command -v swtpm_localca)" "create_certs_tool_config=$dir/ca.conf" \
		"create_certs_tool_options=$dir/ca.options" >"$dir/setup.conf"
	printf '%s\n' "statedir = $ca" "signingkey = $ca/signkey.pem" "issuercert = $ca/issuercert.pem" \
		"certserial = $ca/certserial" >"$dir/ca.conf"
	printf '%s\n' "--platform-manufacturer coffer" "--platform-version 1" "--platform-model vm" >"$dir/ca.options"
	swtpm_setup --tpm2 --tpmstate "$dir/state" --create-ek-cert --pcr-banks sha256 --config "$dir/setup.conf" \
		--vmid coffer >"$dir/setup.log" 2>&1 || return
	start "tpm-${dir##*/}" swtpm socket --tpm2 --tpmstate "dir=$dir/state" --server "type=unixio,path=$dir/tpm.sock" \
		--ctrl "type=unixio,path=$dir/tpm.sock.ctrl" --flags startup-clear,not-need-init
	until_true 10 "swtpm" test -S "$dir/tpm.sock"
	jq -r '.events[] | "\(.pcr) \(.digest)"' "$lab/reference.json" >"$dir/events"
	while read -r pcr digest; do
		tpm2_pcrextend --tcti "swtpm:path=$dir/tpm.sock" "$pcr:sha256=$digest" || return
	done <"$dir/events"
}

make_disk() {
	local stream=$2.gz size n
	gzip -nc "$1" >"$stream"
	size=$(stat -c %s "$stream")
	{
		printf initdata
		for n in 0 8 16 24 32 40 48 56; do
			# shellcheck disable=SC2059
			printf "\\x$(printf %02x $((size >> n & 255)))"
		done
		cat "$stream"
	} >"$2"
	truncate -s %512 "$2"
}

# guest_up NAME INITDATA: an agent in namespaces of its own; sets $agent.
guest_up() {
	local dir=$lab/g-$1
	make_tpm "$dir" || fail "no TPM: $(tail -n 3 "$dir/setup.log")"
	make_disk "$2" "$dir/initdata"
	# crun refuses hybrid cgroups: the second tree of such a host is hidden.
	start "guest-$1" unshare --mount --propagation private sh -c "umount /sys/fs/cgroup/unified 2>/dev/null
		exec '$bin/coffer-agent' --process-guest '$dir' --tcti 'swtpm:path=$dir/tpm.sock' --eventlog '$lab/eventlog' \
		--initdata-disk '$dir/initdata' --rest-port -1"
	agent=$started
	until_true 20 "the agent" test -S "$dir/ctl.sock"
}

# session NAME IMAGE [HOW]: drives the guest in the background; sets $driver.
session() {
	"$BUILD/tests/e2e/guest_session" ${3:+"$3"} "$lab/g-$1" "$2" "127.0.0.1=$registry_name" "127.0.0.1=$kbs_name" \
		>"$lab/$1.out" 2>"$lab/$1.err" </dev/null &
	driver=$!
}

# All processes beneath the agent's, but the workload.
members() {
	local pid
	for pid in $(pgrep -P "$1"); do
		[ "$(cat "/proc/$pid/comm")" = hello ] || echo "$pid"
		members "$pid"
	done
}

# "PROCESSES OWN SHARED" of an agent's processes but the workload, in KiB: what is each one's own, and what they share
# counted once.
memory_of() {
	local pid own=0 shared=0 n=0 a b
	for pid in "$1" $(members "$1"); do
		read -r a b < <(awk '/^Private_/ { own += $2 } /^Shared_/ { shared += $2 } END { print own + 0, shared + 0 }' \
			"/proc/$pid/smaps_rollup" 2>/dev/null) || true
		own=$((own + ${a:-0})) n=$((n + 1))
		[ "${b:-0}" -le "$shared" ] || shared=$b
	done
	echo "$n $own $shared"
}
