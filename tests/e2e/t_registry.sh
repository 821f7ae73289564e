#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images to and from real registries: with a password, with tokens, over lines that break, through mirrors.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/lab.sh"

tests=$BUILD/tests/e2e
user_pair=$(printf 'me:pa55 word' | base64)

# A registry of its own with one more block of settings: registry_with NAME <<SETTINGS. Sets $port_NAME.
registry_with() {
	local name=$1 log=$lab/registry-$1.log listening='listening on 127.0.0.1:\([0-9]*\), tls'
	mkdir -p "$lab/store-$name"
	{
		cat <<-CONF
			version: 0.1
			log: {level: info, formatter: text}
			storage:
			  filesystem: {rootdirectory: $lab/store-$name}
			http:
			  addr: 127.0.0.1:0
			  secret: throw-away
			  tls: {certificate: $lab/tls/server.pem, key: $lab/tls/server.key}
		CONF
		cat
	} >"$lab/registry-$name.yml"
	start "registry-$name" env OTEL_TRACES_EXPORTER=none "$BUILD/debian/docker-registry/usr/bin/docker-registry" serve \
		"$lab/registry-$name.yml"
	until_true 20 "registry $name" grep -q "$listening" "$log"
	printf -v "port_$name" '%s' "$(sed -n "s/.*$listening.*/\1/p" "$log" | head -n 1)"
}

token_server() {
	mkdir -p "$lab/token"
	cp "$lab/tls/server.pem" "$lab/tls/server.key" "$lab/token/"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$lab/token/sign.key" -out "$lab/token/sign.pem" -days 2 \
		-subj "/CN=coffer test tokens" >"$lab/token/log" 2>&1 || { cat "$lab/token/log" >&2; return 2; }
	start token "$tests/token_server" "$lab/token"
	until_true 10 "the token server" test -s "$lab/token/port"
	token_port=$(cat "$lab/token/port")
}

# auth_file NAME JSON: an entry for the registries that it is used with.
auth_file() {
	(umask 077 && printf '{"auths": {"%s": %s}}\n' "$2" "$3" >"$lab/auth-$1.json")
}

set_up() {
	lab_open
	lab_certs
	token_server
	# The registry wants bcrypt.
	perl -e 'print "me:", crypt("pa55 word", q($2b$05$abcdefghijklmnopqrstuu)), "\n"' >"$lab/htpasswd"
	registry_with open </dev/null
	registry_with basic <<-CONF
		auth:
		  htpasswd: {realm: lab, path: $lab/htpasswd}
	CONF
	registry_with token <<-CONF
		auth:
		  token:
		    realm: https://$registry_name:$token_port/token
		    service: lab registry
		    issuer: coffer test tokens
		    rootcertbundle: $lab/token/sign.pem
	CONF
	lab_layout image
	head -c 6000000 /dev/urandom >"$lab/large"
	tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" large
	umoci raw add-layer --image "$lab/oci-image:demo" "$lab/layer.tar" >"$lab/umoci.log" 2>&1
	digest=$("$bin/coffer" image digest "$lab/oci-image:demo")
}

# coffer_image VERB PORT [options] ...: with the lab's CA, and the registry's name led to that port.
coffer_image() {
	local verb=$1 port=$2
	shift 2
	"$bin/coffer" image "$verb" --ca "$lab/tls/ca.pem" --resolve "$registry_name:$port:127.0.0.1" \
		--resolve "$registry_name:$token_port:127.0.0.1" "$@" 2>"$lab/err"
}

# refused REASON COMMAND...
refused() {
	local reason=$1
	shift
	! "$@" >"$lab/out" || fail "it went through"
	expect_in "$lab/err" "coffer: $reason: "
}

at() {
	echo "docker://$registry_name:$1/$2"
}

# Every blob of a layout is what it is called, and its index names nothing that is not there.
clean_layout() {
	local blob
	[ -d "$1/blobs/sha256" ] || return 0
	for blob in "$1"/blobs/sha256/*; do
		[ -e "$blob" ] || continue
		expect_eq "$(sha256sum "$blob" | cut -d' ' -f1)" "$(basename "$blob")" "a blob left behind"
	done
	expect_eq "$(find "$1" -type f ! -path '*/blobs/sha256/*' ! -name oci-layout ! -name index.json | wc -l)" 0 "other files"
}

t_basic() {
	auth_file basic "$registry_name:$port_basic" "{\"auth\": \"$user_pair\"}"
	auth_file wrong "$registry_name:$port_basic" "{\"auth\": \"$(printf 'me:other' | base64)\"}"
	auth_file elsewhere "$registry_name:1" "{\"auth\": \"$user_pair\"}"
	for auth in wrong elsewhere; do
		refused registry-refused coffer_image push "$port_basic" --auth-file "$lab/auth-$auth.json" "$lab/oci-image:demo" \
			"$(at "$port_basic" team/app:v1)"
	done
	refused registry-refused coffer_image push "$port_basic" "$lab/oci-image:demo" "$(at "$port_basic" team/app:v1)"
	expect_eq "$(coffer_image push "$port_basic" --auth-file "$lab/auth-basic.json" "$lab/oci-image:demo" \
		"$(at "$port_basic" team/app:v1)")" "$digest"
	refused registry-refused coffer_image pull "$port_basic" "$(at "$port_basic" team/app:v1)" "oci:$lab/none:v1"
	expect_eq "$(coffer_image pull "$port_basic" --auth-file "$lab/auth-basic.json" "$(at "$port_basic" "team/app@$digest")" \
		"oci:$lab/basic:v1")" "$digest"
	expect_eq "$("$bin/coffer" image digest "$lab/basic:v1")" "$digest"
	expect_not_in "$lab/err" "pa55"
}

t_token() {
	local partner=(--partner "$registry_name:$token_port") name
	auth_file token "$registry_name:$port_token" "{\"auth\": \"$user_pair\"}"
	for name in private/app public/app; do
		expect_eq "$(coffer_image push "$port_token" "${partner[@]}" --auth-file "$lab/auth-token.json" \
			"$lab/oci-image:demo" "$(at "$port_token" "$name:v1")")" "$digest"
	done
	expect_in "$lab/token.log" "GET  me repository:private/app:pull,push"
	refused registry-refused coffer_image pull "$port_token" "${partner[@]}" "$(at "$port_token" private/app:v1)" \
		"oci:$lab/none:v1"
	expect_eq "$(coffer_image pull "$port_token" "${partner[@]}" "$(at "$port_token" public/app:v1)" \
		"oci:$lab/public:v1")" "$digest"
	expect_in "$lab/token.log" "GET  anonymous repository:public/app:pull"
	expect_eq "$(coffer_image pull "$port_token" "${partner[@]}" --auth-file "$lab/auth-token.json" \
		"$(at "$port_token" private/app:v1)" "oci:$lab/private:v1")" "$digest"
	auth_file wrong "$registry_name:$port_token" "{\"auth\": \"$(printf 'me:other' | base64)\"}"
	refused registry-refused coffer_image pull "$port_token" "${partner[@]}" --auth-file "$lab/auth-wrong.json" \
		"$(at "$port_token" private/app:v1)" "oci:$lab/none:v1"
	[ ! -e "$lab/none" ] || clean_layout "$lab/none"
}

t_identity_token() {
	auth_file identity "$registry_name:$port_token" '{"identitytoken": "ident/ity+"}'
	expect_eq "$(coffer_image push "$port_token" --partner "$registry_name:$token_port" --auth-file \
		"$lab/auth-identity.json" "$lab/oci-image:demo" "$(at "$port_token" team/identity:v1)")" "$digest"
	expect_in "$lab/token.log" "POST me repository:team/identity:pull,push"
}

# The token server lies on another port of the registry's host, inside this machine: nobody said that it may.
t_041_a_token_server_that_is_not_named() {
	local before
	auth_file token "$registry_name:$port_token" "{\"auth\": \"$user_pair\"}"
	before=$(wc -l <"$lab/token.log")
	refused http-inward coffer_image pull "$port_token" --auth-file "$lab/auth-token.json" \
		"$(at "$port_token" public/app:v1)" "oci:$lab/none:v1"
	expect_eq "$(wc -l <"$lab/token.log")" "$before" "what the token server heard"
}

t_043_lines_that_break() {
	local size=6400000 n cut relay_port passed=0 failed=0 code
	coffer_image push "$port_open" "$lab/oci-image:demo" "$(at "$port_open" team/app:v1)" >"$lab/out"
	for n in $(seq 1 20); do
		# From within the handshake to behind the end; the later ones break every connection, the odd ones only the first.
		cut=$((n <= 5 ? n * 700 : size * (n - 5) / 15))
		rm -f "$lab/relay.port"
		start relay "$tests/relay" "$port_open" "$lab/relay.port" "cut=$cut" "cuts=$((n % 2))"
		until_true 10 "the relay" test -s "$lab/relay.port"
		relay_port=$(cat "$lab/relay.port")
		code=0
		coffer_image pull "$relay_port" "$(at "$relay_port" team/app:v1)" "oci:$lab/cut-$n:v1" >"$lab/out" || code=$?
		stop "$started"
		if [ $code -eq 0 ]; then
			expect_eq "$(cat "$lab/out")" "$digest"
			expect_eq "$("$bin/coffer" image digest "$lab/cut-$n:v1")" "$digest"
			passed=$((passed + 1))
		else
			expect_eq $code 2 "exit code of a line that is cut at $cut ($(cat "$lab/err"))"
			grep -qE '^coffer: http-(cut|unreachable): ' "$lab/err" || fail "cut at $cut: $(cat "$lab/err")"
			! "$bin/coffer" image digest "$lab/cut-$n:v1" >"$lab/out" 2>&1 || fail "a name for half an image"
			failed=$((failed + 1))
		fi
		clean_layout "$lab/cut-$n"
		rm -rf "$lab/cut-$n"
	done
	note "20 lines that break: $passed pulled whole, $failed given up cleanly"
	[ $passed -ge 12 ] || fail "only $passed came through"
}

# A slow line is seen to be slow, and several ranges take the one stream's place.
t_slow_lines_get_more_streams() {
	local relay_port parts
	head -c 48000000 /dev/urandom >"$lab/large"
	lab_layout slow
	tar -C "$lab" --owner=0 --group=0 -cf "$lab/layer.tar" large
	umoci raw add-layer --image "$lab/oci-slow:demo" "$lab/layer.tar" >"$lab/umoci.log" 2>&1
	coffer_image push "$port_open" "$lab/oci-slow:demo" "$(at "$port_open" team/slow:v1)" >"$lab/out"
	start relay "$tests/relay" "$port_open" "$lab/slow.port" delay=20 window=262144
	until_true 10 "the relay" test -s "$lab/slow.port"
	relay_port=$(cat "$lab/slow.port")
	expect_eq "$(coffer_image pull "$relay_port" "$(at "$relay_port" team/slow:v1)" "oci:$lab/slow:v1")" \
		"$("$bin/coffer" image digest "$lab/oci-slow:demo")"
	parts=$(grep -c 'http.request.method=GET.*/v2/team/slow/blobs/.*http.response.status=206' "$lab/registry-open.log")
	[ "$parts" -ge 4 ] || fail "$parts ranges"
	stop "$started"
}

t_042_mirrors() {
	local elsewhere
	registry_with mirror </dev/null
	coffer_image push "$port_open" "$lab/oci-image:demo" "$(at "$port_open" team/app:v1)" >"$lab/out"
	coffer_image push "$port_mirror" "$lab/oci-image:demo" "$(at "$port_mirror" team/app:v1)" >"$lab/out"
	elsewhere=$(free_port) # where the image's own registry would be: it is gone
	with_mirror() {
		coffer_image pull "$elsewhere" --resolve "$registry_name:$port_mirror:127.0.0.1" --mirror \
			"$registry_name:$port_mirror" "$@"
	}
	expect_eq "$(with_mirror "$(at "$elsewhere" "team/app@$digest")" "oci:$lab/mirrored:v1")" "$digest"
	expect_in "$lab/registry-mirror.log" "ns=$registry_name"
	refused http-unreachable with_mirror "$(at "$elsewhere" team/app:v1)" "oci:$lab/none:v1"
}

t_names_without_a_host() {
	refused reference-short coffer_image pull "$port_open" docker://busybox "oci:$lab/none:v1"
}

set_up || exit 2
run_tests
