# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The pieces of a whole installation in a lab folder: throw-away CA, registry, key broker, images, initdata. Shared by
# the demo and the tests. Source harness.sh first.
registry_name=registry.coffer.test
kbs_name=kbs.coffer.test
secret_line="only the encrypted layer holds this"
secret_value="released by the key broker"

# --- certificates ----------------------------------------------------------------------------------------------

lab_certs() {
	local dir=$lab/tls
	mkdir -p "$dir"
	cat >"$dir/conf" <<-CONF
		[req]
		distinguished_name = name
		[name]
		[ca]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
		[server]
		basicConstraints = CA:FALSE
		keyUsage = critical, digitalSignature
		extendedKeyUsage = serverAuth
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		subjectAltName = DNS:$registry_name, DNS:$kbs_name
	CONF
	(
		cd "$dir" || exit 2
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
			-subj "/CN=coffer throw-away CA" -config conf -extensions ca &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr \
				-subj "/CN=coffer test server" -config conf &&
			openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 2 -out server.pem \
				-extfile conf -extensions server
	) >"$dir/log" 2>&1 || { cat "$dir/log" >&2; return 2; }
	chmod 600 "$dir"/*.key
}

# --- registry --------------------------------------------------------------------------------------------------

# With LAB_LOGIN=user:password, only that user is let in.
lab_registry() {
	local listening='listening on 127.0.0.1:\([0-9]*\), tls' auth=
	mkdir -p "$lab/registry"
	if [ -n "${LAB_LOGIN:-}" ]; then
		# shellcheck disable=SC2016 # Perl's
		printf '%s:%s\n' "${LAB_LOGIN%%:*}" "$(perl -e 'print crypt($ARGV[0], "\$2b\$05\$" . "coffer" x 3 . "1234")' \
			"${LAB_LOGIN#*:}")" >"$lab/htpasswd"
		auth="auth: {htpasswd: {realm: lab, path: $lab/htpasswd}}"
	fi
	cat >"$lab/registry.yml" <<-CONF
		version: 0.1
		log: {level: info, formatter: text}
		storage:
		  filesystem: {rootdirectory: $lab/registry}
		$auth
		http:
		  addr: 127.0.0.1:${1:-0}
		  secret: throw-away
		  tls: {certificate: $lab/tls/server.pem, key: $lab/tls/server.key}
	CONF
	start registry env OTEL_TRACES_EXPORTER=none "$BUILD/debian/docker-registry/usr/bin/docker-registry" serve \
		"$lab/registry.yml"
	registry_pid=$started
	until_true 20 "the registry" grep -q "$listening" "$lab/registry.log"
	registry_port=$(sed -n "s/.*$listening.*/\1/p" "$lab/registry.log" | head -n 1)
	registry=$registry_name:$registry_port
	registry_opts=(--ca "$lab/tls/ca.pem" --resolve "$registry_name:$registry_port:127.0.0.1")
	[ -z "$auth" ] || lab_auth_file
}

lab_auth_file() {
	jq -n --arg host "$registry" --arg auth "$(printf %s "$LAB_LOGIN" | base64)" '{auths: {($host): {auth: $auth}}}' \
		>"$lab/auth.json"
	registry_opts+=(--auth-file "$lab/auth.json")
}

# --- images ----------------------------------------------------------------------------------------------------

lab_workload() {
	[ -x "$lab/hello" ] ||
		gcc -O2 -static -D_GNU_SOURCE -o "$lab/hello" "$here/workload.c"
}

# lab_layout NAME [umoci config options...]: an OCI layout NAME:demo with the workload and the secret file.
lab_layout() {
	local name=$1 layout=$lab/oci-$1
	shift
	lab_workload
	printf '%s\n' "$secret_line" >"$lab/secret.txt"
	chmod 644 "$lab/secret.txt"
	{
		umoci init --layout "$layout" &&
			umoci new --image "$layout:demo" &&
			tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" hello &&
			umoci raw add-layer --image "$layout:demo" "$lab/layer.tar" &&
			tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" secret.txt &&
			umoci raw add-layer --image "$layout:demo" "$lab/layer.tar" &&
			umoci config --image "$layout:demo" --config.entrypoint /hello --config.user 1000:1000 "$@"
	} >"$lab/umoci.log" 2>&1 || { cat "$lab/umoci.log" >&2; return 2; }
}

# Sets $image to NAME@DIGEST of what was pushed.
lab_push() {
	local name=$1 digest
	digest=$("$bin/coffer" image push "${registry_opts[@]}" "$lab/enc-$name:demo" "$registry/$name:demo") || return
	image=$registry/$name@$digest
}

lab_encrypt() {
	[ -f "$lab/image.key" ] || (umask 077 && head -c 32 /dev/urandom >"$lab/image.key")
	"$bin/coffer" image encrypt --key "$lab/image.key" --kid kbs:///default/image-key/demo "$lab/oci-$1:demo" \
		"$lab/enc-$1:demo" >"$lab/encrypt.log"
}

# lab_image NAME ARGUMENTS...: the workload with these arguments, encrypted and pushed; sets $image.
lab_image() {
	local name=$1 arg options=()
	shift
	for arg in "$@"; do
		options+=(--config.cmd "$arg")
	done
	lab_layout "$name" "${options[@]}" && lab_encrypt "$name" && lab_push "$name"
}

# lab_trees NAME FOLDER... [-- umoci config options...]: an image of the workload below the folders' trees, a layer each
# (".wh." names are the format's own); not encrypted yet.
lab_trees() {
	local layout=$lab/oci-$1 folders=()
	shift
	lab_workload
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		folders+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	{
		umoci init --layout "$layout" && umoci new --image "$layout:demo" &&
			tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" hello &&
			umoci raw add-layer --image "$layout:demo" "$lab/layer.tar" &&
			for folder in "${folders[@]}"; do
				tar -C "$folder" --owner=0 --group=0 --sort=name -cf "$lab/layer.tar" . &&
					umoci raw add-layer --image "$layout:demo" "$lab/layer.tar" || return
			done &&
			umoci config --image "$layout:demo" --config.entrypoint /hello "$@"
	} >"$lab/umoci.log" 2>&1 || { cat "$lab/umoci.log" >&2; return 2; }
}

# lab_sign NAME: the image that was pushed last gets a cosign signature by the owner's key.
lab_sign() {
	[ -f "$lab/sign.pem" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$lab/sign.pem"
	openssl pkey -in "$lab/sign.pem" -pubout -out "$lab/sign.pub"
	"$bin/coffer" image sign "${registry_opts[@]}" --key "$lab/sign.pem" "docker://$image" >"$lab/sign.log" 2>&1
}

# Only what the owner's key has signed, of this registry; the key is a resource of the broker.
lab_signature_policy() {
	jq -n --arg scope "$registry" '{default: [{type: "reject"}], transports: {docker: {($scope): [
		{type: "sigstoreSigned", keyPath: "kbs:///default/cosign/demo", signedIdentity: {type: "matchRepository"}}]}}}' \
		>"$lab/signature-policy.json"
}

# What the owner's tool and the guest need for private registries and signatures.
lab_owner_images() {
	kbs set-resource default/registry/login "$lab/auth.json" &&
		kbs set-resource default/cosign/demo "$lab/sign.pub" &&
		kbs set-resource default/security-policy/demo "$lab/signature-policy.json"
}

# The file in the registry's store that holds the blob with this digest.
lab_blob() {
	local hex=${1#sha256:}
	echo "$lab/registry/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}

# Changes one byte of a file in its middle.
flip_byte() {
	local file=$1 at byte
	at=${2:-$(($(stat -c %s "$file") / 2))}
	byte=$(od -An -tu1 -j "$at" -N 1 "$file")
	printf "\\x$(printf '%02x' $((byte ^ 1)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}

# --- key broker ------------------------------------------------------------------------------------------------

lab_kbs_serve() {
	rm -f "$lab/kbs.port"
	start kbs "$bin/coffer-kbs" serve --store "$lab/kbs" --listen "127.0.0.1:${1:-0}" --tls-cert "$lab/tls/server.pem" \
		--tls-key "$lab/tls/server.key" --port-file "$lab/kbs.port"
	echo "$started" >"$lab/kbs.pid"
	until_true 20 "the key broker" test -s "$lab/kbs.port"
	kbs_port=$(cat "$lab/kbs.port")
	kbs_url=https://$kbs_name:$kbs_port
}

kbs() {
	local verb=$1
	shift
	"$bin/coffer" kbs "$verb" --url "$kbs_url" --ca "$lab/tls/ca.pem" --key "$lab/admin.key" \
		--resolve "$kbs_name:$kbs_port:127.0.0.1" "$@"
}

# Which guest gets what: to the tpm TEE only, only with an affirming appraisal.
lab_release_policy() {
	cat >"$lab/release.json" <<-JSON
		{"format": "coffer-release-policy/1", "rules": [
		 {"resource": "default/image-key/*", "require": {"tee": ["tpm"], "status": "affirming"}},
		 {"resource": "default/registry/*", "require": {"tee": ["tpm"], "status": "affirming"}},
		 {"resource": "default/cosign/*", "require": {"tee": ["tpm"], "status": "affirming"}},
		 {"resource": "default/security-policy/*", "require": {"tee": ["tpm"], "status": "affirming"}},
		 {"resource": "default/demo/*", "require": {"tee": ["tpm"], "status": "affirming"}}]}
	JSON
}

lab_kbs() {
	"$bin/coffer-kbs" init --store "$lab/kbs" --admin-key "$lab/admin.key" >"$lab/kbs-init.log" || return
	lab_kbs_serve || return
	lab_release_policy
	printf '%s' "$secret_value" >"$lab/secret-value"
}

lab_measure() {
	"$bin/coffer" measure --tee tpm --guest "${1:-$guest}/manifest.json" --output "$lab/reference.json"
}

# The software TPM's CA is made beforehand, so that its root can be enrolled before anything boots.
lab_tpm_ca() {
	"$bin/coffer" tpm-ca "$lab/tpm-ca" >"$lab/ek-roots.pem"
}

# What the owner tells the key broker: key, secret, policy, reference values, whose TPMs.
lab_owner() {
	kbs set-resource default/image-key/demo "$lab/image.key" &&
		kbs set-resource default/demo/secret "$lab/secret-value" &&
		kbs set-policy "$lab/release.json" &&
		kbs set-reference "$lab/reference.json" &&
		kbs set-ek-root "$lab/ek-roots.pem"
}

# lab_initdata FILE [options]: for $image; registered with the key broker unless REGISTER=no.
lab_initdata() {
	local file=$1
	shift
	"$bin/coffer" initdata make --resource "default/demo/*" --kbs "$kbs_url" --kbs-ca "$lab/tls/ca.pem" --registry-ca "$lab/tls/ca.pem" \
		--output "$file" "$@" >"$file.digest" || return
	[ "${REGISTER:-yes}" = no ] || kbs set-initdata "$file" >/dev/null
}

# --- running ---------------------------------------------------------------------------------------------------

run_options() {
	run_opts=(--guest "${GUEST:-$guest}/manifest.json" --tpm-ca "$lab/tpm-ca"
		--resolve "$registry_name:${REGISTRY_PORT:-$registry_port}:127.0.0.1" --resolve "$kbs_name:$kbs_port:127.0.0.1"
		--timeout "${RUN_TIMEOUT:-180}")
}

# coffer_run NAME INITDATA IMAGE [options]: output in $lab/NAME.out, .err, .json (report), .console; sets $code. Runs
# beside the shell, so that a signal to the shell is answered at once.
coffer_run() {
	local name=$1 initdata=$2 what=$3
	shift 3
	run_options
	"$bin/coffer" run --initdata "$initdata" "${run_opts[@]}" --report "$lab/$name.json" --console "$lab/$name.console" \
		"$@" "$what" >"$lab/$name.out" 2>"$lab/$name.err" </dev/null &
	foreground=$!
	code=0
	wait "$foreground" || code=$?
	foreground=
}

# A guest image as a lying host would make it: another initrd or command line, and a manifest that agrees with it.
lab_other_initrd() {
	local dir=$1 digest size
	cp -r --reflink=auto "$guest" "$dir"
	# One letter of one certificate's frame: the guest works as before. The size stays too, by packing harder and
	# filling up with zeros, since the size is part of what is measured of the kernel.
	size=$(stat -c %s "$guest/initrd")
	zstd -dcq "$guest/initrd" | sed '0,/BEGIN CERTIFICATE/s//BEGIN CERTIFICATF/' |
		zstd -q -19 --long=25 -T2 --no-check -f -o "$dir/initrd"
	[ "$(stat -c %s "$dir/initrd")" -gt "$size" ] || truncate -s "$size" "$dir/initrd"
	digest=$(sha256sum "$dir/initrd" | cut -d' ' -f1)
	jq --arg sha "$digest" --argjson n "$(stat -c %s "$dir/initrd")" '.initrd.sha256 = $sha | .initrd.bytes = $n' \
		"$guest/manifest.json" >"$dir/manifest.json"
}

lab_other_cmdline() {
	cp -r --reflink=auto "$guest" "$1"
	jq '.cmdline |= sub("quiet"; "loglevel=4")' "$guest/manifest.json" >"$1/manifest.json"
}

# The first offset of what grep -b prints. Reads all of them: who stops early kills the one who writes.
first_offset() {
	awk -F: 'NR == 1 { print $1 }'
}
