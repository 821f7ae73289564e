#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pull inside the guest, whole: a private registry over TLS, a key broker that holds logins, signature policy and
# keys, and images of many layers in a real overlay. No machine is booted but the one whose event log is used.
. "$(dirname "$0")/harness.sh"
. "$here/lab.sh"
. "$here/process_guest.sh"

# run_image NAME IMAGE [initdata options]: to its end; sets $code, and leaves $lab/NAME.out and .err.
run_image() {
	local name=$1 what=$2
	shift 2
	lab_initdata "$lab/initdata-$name" --image "$what" "$@" || fail "initdata: $(cat "$lab/initdata-$name.digest")"
	guest_up "$name" "$lab/initdata-$name"
	session "$name" "$what"
	code=0
	wait "$driver" || code=$?
}

login=(--registry-login kbs:///default/registry/login)
signed=("${login[@]}" --signature-policy kbs:///default/security-policy/demo)

expect_runs() {
	expect_eq "$code" 0 "exit code ($(tail -n 3 "$lab/$1.err"; tail -n 3 "$lab/guest-$1.log"))"
}

# expect_refused NAME REASON: no workload ran, and no layer is left.
expect_refused() {
	expect_eq "$code" 125 "exit code ($(tail -n 3 "$lab/$1.err"))"
	expect_in "$lab/$1.err" "coffer: $2:"
	expect_eq "$(stat -c %s "$lab/$1.out")" 0 "bytes of output"
}

# --- what the layers say, the container sees -----------------------------------------------------------------------

# T-34: deleted, replaced and hidden names, in the overlay of a real kernel.
t_t034_whiteouts_and_opaque_folders() {
	local a=$lab/trees/a b=$lab/trees/b c=$lab/trees/c
	mkdir -p "$a"/data/{gone,hidden/deep,kept,turned} "$b"/data/hidden "$c/data"
	touch "$a"/data/{gone/x,hidden/old,hidden/deep/old,kept/x,turned/x,file,twice}
	touch "$b"/data/{.wh.gone,.wh.file,.wh.twice} "$b"/data/hidden/{.wh..wh..opq,new}
	rm -rf "$c/data" && mkdir -p "$c/data"
	touch "$c"/data/{twice,.wh.turned,.wh.never-there}
	find "$lab/trees" -exec chmod a+rX,u+w,go-w {} +
	lab_trees whiteouts "$a" "$b" "$c" -- --config.cmd tree --config.cmd /data && lab_encrypt whiteouts &&
		lab_push whiteouts || fail "no image"
	run_image whiteouts "$image" "${login[@]}"
	expect_runs whiteouts
	expect_eq "$(cut -d' ' -f1,4 "$lab/whiteouts.out" | paste -sd' ')" \
		"d /data/hidden f /data/hidden/new d /data/kept f /data/kept/x f /data/twice" "the tree"
}

# A dozen layers side by side, each over the one below: the last one's word counts.
t_layers_side_by_side() {
	local i trees=()
	for i in $(seq 12); do
		mkdir -p "$lab/many/$i/d"
		echo "$i" >"$lab/many/$i/d/top"
		echo "$i" >"$lab/many/$i/d/only$i"
		head -c $((RANDOM * 8)) /dev/urandom >"$lab/many/$i/d/noise$i"
		trees+=("$lab/many/$i")
	done
	lab_trees many "${trees[@]}" -- --config.cmd sum --config.cmd /d/top --config.cmd tree --config.cmd /d &&
		lab_encrypt many && lab_push many || fail "no image"
	run_image many "$image" "${login[@]}" --require-encrypted
	expect_runs many
	expect_eq "$(grep -c /d/only "$lab/many.out")" 12 "layers' files"
	expect_in "$lab/many.out" "$("$lab/hello" sum "$lab/many/12/d/top" | sed 's/.*: //')"
}

# --- who may pull what ---------------------------------------------------------------------------------------------

# T-40: the login lies with the key broker alone; a guest that is not told of it is nobody.
t_t040_login_from_the_key_broker() {
	run_image login "$quick" "${login[@]}"
	expect_eq "$code" 7 "exit code ($(tail -n 3 "$lab/login.err"))"
	run_image nobody "$quick"
	expect_refused nobody registry-refused
	! grep -rqF "${LAB_LOGIN#*:}" "$lab/g-login" "$lab/guest-login.log" "$lab/login.err" ||
		fail "the registry's password lies on the host"
}

# T-42: the owner wants a login, and the broker has none: nobody goes on without.
t_t042_login_that_is_not_there() {
	run_image gone "$quick" --registry-login kbs:///default/registry/gone
	expect_refused gone resource-not-found
}

# T-42: the owner's mirror is asked first, and one that is not there costs no more than time; the digest decides anyway.
t_t042_mirrors_of_the_owner() {
	local dead
	dead=$(free_port)
	run_image mirror "$quick" "${login[@]}" --registry-mirror "$registry=https://$registry_name:$dead" \
		--registry-mirror "$registry=https://$registry"
	expect_eq "$code" 7 "exit code ($(tail -n 3 "$lab/mirror.err"))"
}

t_t039_signed_by_the_owner() {
	run_image signed "$quick" "${signed[@]}"
	expect_eq "$code" 7 "exit code ($(tail -n 3 "$lab/signed.err"))"
}

t_t039_not_signed() {
	lab_image unsigned echo hello || fail "no image"
	run_image unsigned "$image" "${signed[@]}"
	expect_refused unsigned signature-missing
}

t_t039_signed_by_another() {
	lab_image foreign echo hello || fail "no image"
	(mkdir "$lab/foreign" && openssl ecparam -name prime256v1 -genkey -noout -out "$lab/foreign/sign.pem" &&
		"$bin/coffer" image sign "${registry_opts[@]}" --key "$lab/foreign/sign.pem" "docker://$image") \
		>"$lab/foreign.log" 2>&1 || fail "not signed: $(cat "$lab/foreign.log")"
	run_image foreign "$image" "${signed[@]}"
	expect_refused foreign signature-invalid
}

# T-39: absent, unreachable by policy, or no policy at all: each is a refusal, before a layer is fetched.
t_t039_policy_absent_denied_or_broken() {
	run_image absent "$quick" "${login[@]}" --signature-policy kbs:///default/security-policy/gone
	expect_refused absent resource-not-found
	kbs set-resource other/security-policy/demo "$lab/signature-policy.json"
	run_image denied "$quick" "${login[@]}" --signature-policy kbs:///other/security-policy/demo
	expect_refused denied policy-denied
	echo '{"default": []}' >"$lab/broken.json"
	kbs set-resource default/security-policy/broken "$lab/broken.json"
	run_image broken "$quick" "${login[@]}" --signature-policy kbs:///default/security-policy/broken
	expect_refused broken policy-malformed
}

t_t039_policy_within_initdata() {
	echo '{"default": [{"type": "reject"}]}' >"$lab/reject.json"
	run_image inline "$quick" "${login[@]}" --signature-policy "$lab/reject.json"
	expect_refused inline policy-rejects
}

t_plain_layers_where_encryption_is_required() {
	lab_layout plain --config.cmd echo --config.cmd hello && cp -r "$lab/oci-plain" "$lab/enc-plain" && lab_push plain ||
		fail "no image"
	run_image plain "$image" "${login[@]}"
	expect_runs plain
	run_image wanted "$image" "${login[@]}" --require-encrypted
	expect_refused wanted layer-not-encrypted
}

# --- memory --------------------------------------------------------------------------------------------------------

# pull_large NAME COUNT BYTES: an image of so many layers of so many bytes; no process takes much beside the store.
pull_large() {
	local name=$1 i trees=() n own shared most=0
	for i in $(seq "$2"); do
		mkdir -p "$lab/$name/$i"
		head -c "$3" /dev/urandom >"$lab/$name/$i/noise$i"
		trees+=("$lab/$name/$i")
	done
	lab_trees "$name" "${trees[@]}" -- --config.cmd echo --config.cmd done && lab_encrypt "$name" && lab_push "$name" ||
		fail "no image"
	lab_initdata "$lab/initdata-$name" --image "$image" "${login[@]}"
	guest_up "$name" "$lab/initdata-$name"
	session "$name" "$image"
	while alive "$driver" && ! grep -q done "$lab/$name.out"; do
		read -r n own shared < <(memory_of "$agent")
		[ $((own + shared)) -le "$most" ] || most=$((own + shared))
		sleep 0.02
	done
	code=0
	wait "$driver" || code=$?
	expect_runs "$name"
	note "at most $most KiB in all processes while $2 layers of $3 bytes came"
	[ "$most" -le 40960 ] || fail "$most KiB"
}

t_memory_while_layers_come() {
	pull_large several 3 60000000
}

t_memory_while_one_large_layer_comes() {
	pull_large one 1 150000000
}

lab_open
LAB_LOGIN=guest:only-the-broker-knows
export LAB_LOGIN
{ lab_certs && lab_registry && lab_image quick echo quick exit 7 && seven=$image && lab_sign &&
	lab_image zero exit 0 && quick=$image && lab_kbs && lab_measure >/dev/null && lab_tpm_ca && lab_owner >/dev/null &&
	lab_signature_policy && lab_owner_images >/dev/null && record_event_log "${login[@]}"; } || { echo "no lab"; exit 2; }
quick=$seven
run_tests
