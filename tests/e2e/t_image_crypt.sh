#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images encrypted by coffer and decrypted by skopeo, and the other way round: schemes, curves, compressions, recipients.
. "$(dirname "$0")/harness.sh"

coffer=$bin/coffer

peer() {
	skopeo --insecure-policy "$@" >"$lab/peer.log" 2>&1 || fail "skopeo $*: $(tail -n 3 "$lab/peer.log")"
}

peer_fails() {
	! skopeo --insecure-policy "$@" >"$lab/peer.log" 2>&1 || fail "skopeo $*: it should not have"
}

ours() {
	"$coffer" image "$@" >"$lab/ours.out" 2>"$lab/ours.err" || fail "coffer image $*: $(cat "$lab/ours.err")"
}

# ours_refuses REASON ARGUMENTS…
ours_refuses() {
	local reason=$1
	shift
	! "$coffer" image "$@" >"$lab/ours.out" 2>"$lab/ours.err" || fail "coffer image $*: it should not have"
	expect_in "$lab/ours.err" "$reason" "the reason of coffer image $*"
}

manifest() {
	local digest
	digest=$(jq -r --arg tag "$2" '.manifests[] |
		select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$1/index.json")
	cat "$1/blobs/${digest/://}"
}

# What an image's layers are, whoever wrote its manifest.
layers() {
	manifest "$1" "$2" | jq -c '[.layers[] | [.mediaType, .digest, .size]]'
}

same_layers() {
	expect_eq "$(layers "$1" "$2")" "$(layers "$3" "$4")" "layers of $1:$2"
}

# key NAME [openssl genpkey options]: NAME.key, NAME.pub; RSA keys a certificate too.
key() {
	local name=$1
	shift
	openssl genpkey -quiet -out "$lab/$name.key" "$@" 2>/dev/null || openssl genpkey -out "$lab/$name.key" "$@" 2>/dev/null
	openssl pkey -in "$lab/$name.key" -pubout -out "$lab/$name.pub"
}

certificate() {
	openssl req -x509 -new -key "$lab/$1.key" -subj "/CN=$1" -days 2 -out "$lab/$1.crt" 2>/dev/null
}

prepare() {
	mkdir -p "$lab/tree/etc"
	echo "the secret" >"$lab/tree/etc/secret"
	head -c 300000 /dev/urandom >"$lab/tree/etc/noise"
	umoci init --layout "$lab/plain"
	umoci new --image "$lab/plain:gzip"
	umoci insert --rootless --image "$lab/plain:gzip" "$lab/tree/etc/noise" /etc/noise
	umoci insert --rootless --image "$lab/plain:gzip" "$lab/tree/etc/secret" /etc/secret
	peer copy --dest-compress --dest-compress-format zstd "oci:$lab/plain:gzip" "oci:$lab/plain:zstd"
	key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
	key rsa3072 -algorithm RSA -pkeyopt rsa_keygen_bits:3072
	key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
	key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
	key p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
	key stranger -algorithm RSA -pkeyopt rsa_keygen_bits:2048
	certificate rsa
	certificate rsa3072
}

# ours_then_peer IMAGE RECIPIENT KEY…: coffer encrypts, skopeo decrypts, and a stranger's key opens nothing.
ours_then_peer() {
	local image=$1 recipient=$2 k args=()
	shift 2
	rm -rf "$lab/sealed" "$lab/back"
	ours encrypt --recipient "$recipient" "oci:$lab/plain:$image" "oci:$lab/sealed:x"
	for k in "$@"; do args+=(--decryption-key "$lab/$k"); done
	peer copy "${args[@]}" "oci:$lab/sealed:x" "oci:$lab/back:x"
	same_layers "$lab/back" x "$lab/plain" "$image"
	peer_fails copy --decryption-key "$lab/stranger.key" "oci:$lab/sealed:x" "oci:$lab/none:x"
}

# peer_then_ours IMAGE RECIPIENT KEY: skopeo encrypts, coffer decrypts and unpacks.
peer_then_ours() {
	local image=$1 recipient=$2 k=$3
	rm -rf "$lab/sealed" "$lab/back"
	peer copy --encryption-key "$recipient" "oci:$lab/plain:$image" "oci:$lab/sealed:x"
	ours decrypt --key "$lab/$k" "oci:$lab/sealed:x" "oci:$lab/back:x"
	same_layers "$lab/back" x "$lab/plain" "$image"
	ours_refuses layer-key-unwrap decrypt --key "$lab/stranger.key" "oci:$lab/sealed:x" "oci:$lab/none:x"
}

t_what_coffer_encrypts() {
	local image k
	for image in gzip zstd; do
		for k in rsa rsa3072 p256 p384 p521; do
			ours_then_peer "$image" "jwe:$lab/$k.pub" "$k.key"
		done
		ours_then_peer "$image" "pkcs7:$lab/rsa3072.crt" rsa3072.key rsa3072.crt
	done
}

t_what_skopeo_encrypts() {
	local image k
	for image in gzip zstd; do
		for k in rsa rsa3072 p256 p384 p521; do
			peer_then_ours "$image" "jwe:$lab/$k.pub" "$k.key"
		done
		peer_then_ours "$image" "pkcs7:$lab/rsa.crt" rsa.key
	done
}

t_several_recipients() {
	local k
	rm -rf "$lab/sealed"
	ours encrypt --recipient "jwe:$lab/rsa.pub" --recipient "jwe:$lab/p521.pub" --recipient "pkcs7:$lab/rsa3072.crt" \
		"oci:$lab/plain:gzip" "oci:$lab/sealed:x"
	for k in rsa p521; do
		rm -rf "$lab/back"
		peer copy --decryption-key "$lab/$k.key" "oci:$lab/sealed:x" "oci:$lab/back:x"
		same_layers "$lab/back" x "$lab/plain" gzip
	done
	rm -rf "$lab/sealed"
	peer copy --encryption-key "jwe:$lab/rsa.pub" --encryption-key "jwe:$lab/p256.pub" "oci:$lab/plain:gzip" \
		"oci:$lab/sealed:x"
	for k in rsa p256; do
		rm -rf "$lab/back"
		ours decrypt --key "$lab/$k.key" "oci:$lab/sealed:x" "oci:$lab/back:x"
		same_layers "$lab/back" x "$lab/plain" gzip
	done
}

# Who joins what skopeo encrypted is read by skopeo; not a byte of the layers is written anew.
t_a_recipient_who_joins() {
	rm -rf "$lab/sealed" "$lab/back"
	peer copy --encryption-key "jwe:$lab/rsa.pub" "oci:$lab/plain:gzip" "oci:$lab/sealed:x"
	ours_refuses layer-already-encrypted encrypt --recipient "jwe:$lab/p256.pub" "oci:$lab/sealed:x" "oci:$lab/sealed:y"
	ours encrypt --recipient "jwe:$lab/p256.pub" --key "$lab/rsa.key" "oci:$lab/sealed:x" "oci:$lab/sealed:y"
	same_layers "$lab/sealed" x "$lab/sealed" y
	peer copy --decryption-key "$lab/p256.key" "oci:$lab/sealed:y" "oci:$lab/back:x"
	same_layers "$lab/back" x "$lab/plain" gzip
}

t_one_layer_alone() {
	rm -rf "$lab/sealed" "$lab/back"
	ours encrypt --layer -1 --recipient "jwe:$lab/rsa.pub" "oci:$lab/plain:gzip" "oci:$lab/sealed:x"
	expect_eq "$(manifest "$lab/sealed" x | jq -c '[.layers[].mediaType | endswith("+encrypted")]')" '[false,true]' layers
	peer copy --decryption-key "$lab/rsa.key" "oci:$lab/sealed:x" "oci:$lab/back:x"
	same_layers "$lab/back" x "$lab/plain" gzip
}

# Docker's types have no encrypted form, so that the manifest becomes OCI's.
t_a_docker_manifest() {
	rm -rf "$lab/sealed" "$lab/back" "$lab/dir"
	peer copy --format v2s2 "oci:$lab/plain:gzip" "dir:$lab/dir"
	mkdir -p "$lab/docker/blobs/sha256"
	find "$lab/dir" -type f -regex '.*/[0-9a-f]*' -exec cp {} "$lab/docker/blobs/sha256/" \;
	local digest size
	digest=$(sha256sum <"$lab/dir/manifest.json" | cut -d' ' -f1)
	size=$(stat -c %s "$lab/dir/manifest.json")
	cp "$lab/dir/manifest.json" "$lab/docker/blobs/sha256/$digest"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$lab/docker/oci-layout"
	jq -n --arg d "sha256:$digest" --argjson s "$size" '{schemaVersion: 2, manifests: [{digest: $d, size: $s,
		mediaType: "application/vnd.docker.distribution.manifest.v2+json",
		annotations: {"org.opencontainers.image.ref.name": "x"}}]}' >"$lab/docker/index.json"
	ours encrypt --recipient "jwe:$lab/rsa.pub" "oci:$lab/docker:x" "oci:$lab/sealed:x"
	manifest "$lab/sealed" x >"$lab/manifest"
	expect_not_in "$lab/manifest" docker
	peer copy --decryption-key "$lab/rsa.key" "oci:$lab/sealed:x" "oci:$lab/back:x"
	same_layers "$lab/back" x "$lab/plain" gzip
}

t_through_archives() {
	rm -f "$lab/sealed.tar" "$lab/back.tar"
	peer copy "oci:$lab/plain:gzip" "oci-archive:$lab/plain.tar:x"
	ours encrypt --recipient "jwe:$lab/p384.pub" "oci-archive:$lab/plain.tar:x" "oci-archive:$lab/sealed.tar:x"
	peer copy --decryption-key "$lab/p384.key" "oci-archive:$lab/sealed.tar:x" "oci:$lab/back:archive"
	same_layers "$lab/back" archive "$lab/plain" gzip
	ours decrypt --key "$lab/p384.key" "oci-archive:$lab/sealed.tar:x" "oci-archive:$lab/back.tar:x"
	peer copy "oci-archive:$lab/back.tar:x" "oci:$lab/back:again"
	same_layers "$lab/back" again "$lab/plain" gzip
}

# A key under a password: this skopeo takes none, so it encrypts.
t_a_password() {
	rm -rf "$lab/sealed" "$lab/back"
	openssl rsa -traditional -aes128 -passout pass:sesame -in "$lab/rsa.key" -out "$lab/locked.key" 2>/dev/null
	printf 'sesame' >"$lab/password"
	peer copy --encryption-key "jwe:$lab/rsa.pub" "oci:$lab/plain:gzip" "oci:$lab/sealed:x"
	ours decrypt --key "$lab/locked.key:pass=sesame" "oci:$lab/sealed:x" "oci:$lab/back:text"
	ours decrypt --key "$lab/locked.key:file=$lab/password" "oci:$lab/sealed:x" "oci:$lab/back:ours"
	ours decrypt --key "$lab/locked.key:fd=9" "oci:$lab/sealed:x" "oci:$lab/back:fd" 9<"$lab/password"
	same_layers "$lab/back" text "$lab/plain" gzip
	same_layers "$lab/back" ours "$lab/plain" gzip
	same_layers "$lab/back" fd "$lab/plain" gzip
	ours_refuses key-password decrypt --key "$lab/locked.key" "oci:$lab/sealed:x" "oci:$lab/none:x"
}

lab_open
prepare >"$lab/prepare.log" 2>&1 || { cat "$lab/prepare.log"; exit 1; }
run_tests
