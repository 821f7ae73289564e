/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against GnuPG, which makes keys and signatures, and skopeo, which makes and judges simple signing: what they make we
 * take, what we refuse of it they refuse, and of one image under one policy both say the same. (Debian's skopeo is
 * built without sigstore, so cosign's forms have no packaged judge.)
 */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "image-decrypt/depot.h"
#include "image-decrypt/layout.h"
#include "image-decrypt/sigpgp.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/registry_up.h"
#include "tests/unit/image/scratch.h"
#include "tests/unit/image/sigrig.h"

#define USER "Signer <signer@example.org>"
#define REPO "reg.example.org/team/run"

enum { TOOL_MS = 60000 };

static char home[128];	      /* GNUPGHOME, in the scratch folder */
static char before[PATH_MAX]; /* where the tests were started: the registry is found from there */

/* The exit code; out (a file) may be NULL. */
static int tool(const char *out, const char *const *argv)
{
	char gnupg[160], path[4096];
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	(void)snprintf(gnupg, sizeof gnupg, "GNUPGHOME=%s", home);
	(void)snprintf(path, sizeof path, "PATH=%s", getenv("PATH"));
	const char *const env[] = {gnupg, path, "HOME=/nonexistent", NULL};
	COF_AUTO_FD int fd = open(out != NULL ? out : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const cof_proc_fd fds[] = {{fd, STDOUT_FILENO}};
	const cof_proc_opts opts = {.argv = argv, .env = env, .fds = fds, .n_fds = 1, .search_path = true};
	if (cof_proc_spawn(&opts, &p, NULL) < 0)
		return -1;
	assert_ok(cof_proc_wait(&p, TOOL_MS, &status, &err));
	return status;
}

#define TOOL(...) tool(NULL, (const char *const[]){__VA_ARGS__, NULL})
#define TOOL_TO(out, ...) tool(out, (const char *const[]){__VA_ARGS__, NULL})
#define GPG "gpg", "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""

static int up(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(s->top), 0);
	(void)snprintf(home, sizeof home, "%s/g", s->top);
	assert_int_equal(mkdir(home, 0700), 0);
	return r;
}

/* The agent that gpg started for this folder ends with it. */
static int down(void **state)
{
	(void)TOOL("gpgconf", "--kill", "all");
	assert_int_equal(chdir(before), 0);
	return scratch_down(state);
}

static bool have(const char *name)
{
	bool there = TOOL(name, "--version") == 0;
	if (!there)
		(void)fprintf(stderr, "no %s: skipped\n", name);
	return there;
}

static void read_file(const char *path, cof_buf *ret)
{
	cof_buf_release(ret);
	assert_ok(cof_file_read(path, 1 << 20, ret, &err));
}

static int verify(const char *ring_file, const char *message_file, int64_t now, char fingerprint[41], cof_err *why)
{
	COF_AUTO(cof_buf) ring = {0};
	COF_AUTO(cof_buf) message = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(cof_pgp_ring) r = NULL;
	read_file(ring_file, &ring);
	read_file(message_file, &message);
	assert_ok(cof_pgp_ring_new(&r, &err));
	int rc = cof_pgp_ring_add(r, cof_buf_span(&ring), why);
	if (rc == 0)
		rc = cof_pgp_verify(r, cof_buf_span(&message), now, &text, fingerprint, why);
	if (rc == 0)
		assert_string_equal(cof_buf_str(&text), "a payload");
	return rc;
}

static void gpg_keys(void **state)
{
	(void)state;
	static const char *const algorithms[] = {"rsa2048", "rsa3072", "nistp256", "nistp384", "nistp521", "ed25519"};
	char fingerprint[41];
	if (!have("gpg"))
		skip();
	assert_ok(cof_file_write("payload", cof_span_str("a payload"), 0600, &err));
	for (size_t i = 0; i < COF_COUNT(algorithms); i++) {
		char user[64];
		(void)snprintf(user, sizeof user, "k%zu@example.org", i);
		assert_int_equal(TOOL(GPG, "--quick-generate-key", user, algorithms[i], "sign", "never"), 0);
		assert_int_equal(TOOL_TO("ring", "gpg", "--batch", "--export", user), 0);
		assert_int_equal(TOOL_TO("armoured", "gpg", "--batch", "--armor", "--export", user), 0);
		assert_int_equal(TOOL(GPG, "-u", user, "--output", "m", "--sign", "payload"), 0);
		assert_ok(verify("ring", "m", time(NULL), fingerprint, &err));
		assert_ok(verify("armoured", "m", time(NULL), fingerprint, &err));
		/* Each of its ways to write a message, but for bzip2. */
		assert_int_equal(TOOL(GPG, "-u", user, "-z0", "--output", "m", "--sign", "payload"), 0);
		assert_ok(verify("ring", "m", time(NULL), fingerprint, &err));
		assert_int_equal(TOOL(GPG, "-u", user, "--compress-algo", "zlib", "--output", "m", "--sign", "payload"),
				 0);
		assert_ok(verify("ring", "m", time(NULL), fingerprint, &err));
	}
	assert_int_equal(TOOL(GPG, "-u", "k5", "--digest-algo", "SHA256", "--output", "m", "--sign", "payload"), 0);
	assert_ok(verify("ring", "m", time(NULL), fingerprint, &err));
	/* What is no signed message of one signature. */
	assert_int_equal(TOOL(GPG, "-u", "k0", "--output", "m", "--clear-sign", "payload"), 0);
	assert_fails(verify("ring", "m", time(NULL), fingerprint, &err), "signature-malformed");
	assert_int_equal(TOOL(GPG, "-u", "k0", "--output", "m", "--detach-sign", "payload"), 0);
	assert_fails(verify("ring", "m", time(NULL), fingerprint, &err), "signature-malformed");
	assert_int_equal(TOOL(GPG, "-u", "k5", "-u", "k4", "--output", "m", "--sign", "payload"), 0);
	assert_fails(verify("ring", "m", time(NULL), fingerprint, &err), "signature-malformed");
	assert_int_equal(TOOL(GPG, "-u", "k5", "--textmode", "--output", "m", "--sign", "payload"), 0);
	assert_fails(verify("ring", "m", time(NULL), fingerprint, &err), "signature-malformed");
}

/* The fingerprint of the newest key, as gpg tells it. */
static void fingerprint_of(const char *user, char out[41])
{
	COF_AUTO(cof_buf) text = {0};
	assert_int_equal(TOOL_TO("list", "gpg", "--batch", "--with-colons", "--fingerprint", user), 0);
	read_file("list", &text);
	const char *at = strstr(cof_buf_str(&text), "\nfpr:::::::::");
	assert_non_null(at);
	(void)snprintf(out, 41, "%s", at + strlen("\nfpr:::::::::"));
}

static void gpg_subkeys_and_ends(void **state)
{
	(void)state;
	char primary[41], found[41], revocation[256];
	if (!have("gpg"))
		skip();
	assert_ok(cof_file_write("payload", cof_span_str("a payload"), 0600, &err));
	assert_int_equal(TOOL(GPG, "--quick-generate-key", USER, "ed25519", "cert", "never"), 0);
	fingerprint_of("signer", primary);
	assert_int_equal(TOOL(GPG, "--quick-add-key", primary, "cv25519", "encr", "never"), 0);
	assert_int_equal(TOOL(GPG, "--quick-add-key", primary, "ed25519", "sign", "2y"), 0);
	assert_int_equal(TOOL_TO("ring", "gpg", "--batch", "--export", "signer"), 0);
	assert_int_equal(TOOL(GPG, "--output", "m", "--sign", "payload"), 0);
	assert_ok(verify("ring", "m", time(NULL), found, &err));
	for (char *c = found; *c != '\0'; c++)
		*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	assert_string_equal(found, primary);
	assert_fails(verify("ring", "m", time(NULL) + 3 * 366 * 86400L, found, &err), "signature-expired");
	/* Its own revocation certificate, which gpg guards with a colon against being used by mistake. */
	COF_AUTO(cof_buf) text = {0};
	(void)snprintf(revocation, sizeof revocation, "%s/openpgp-revocs.d/%s.rev", home, primary);
	read_file(revocation, &text);
	char *colon = strstr((char *)text.data, ":-----BEGIN");
	assert_non_null(colon);
	assert_ok(cof_file_write("rev", cof_span_str(colon + 1), 0600, &err));
	assert_int_equal(TOOL("gpg", "--batch", "--import", "rev"), 0);
	assert_int_equal(TOOL_TO("ring", "gpg", "--batch", "--export", "signer"), 0);
	assert_fails(verify("ring", "m", time(NULL), found, &err), "signature-revoked");
	assert_int_equal(TOOL_TO("ring", GPG, "--export-secret-keys", "signer"), 0);
	assert_fails(verify("ring", "m", time(NULL), found, &err), "signature-key");
}

/* --- skopeo --- */

typedef struct rig {
	cof_buf ring;
	char fingerprint[41];
	cof_digest image;
	char digest[COF_DIGEST_STR_MAX];
} rig;

static void rig_release(rig *r)
{
	cof_buf_release(&r->ring);
}
COF_DEFINE_AUTO(rig, rig_release)

static void rig_up(rig *r)
{
	*r = (rig){0};
	COF_AUTO_PTR(cof_layout) l = NULL;
	COF_AUTO(cof_fetched) doc = {0};
	assert_int_equal(TOOL(GPG, "--quick-generate-key", USER, "rsa2048", "sign", "never"), 0);
	fingerprint_of("signer", r->fingerprint);
	assert_int_equal(TOOL_TO("ring", "gpg", "--batch", "--export", "signer"), 0);
	read_file("ring", &r->ring);
	assert_ok(cof_layout_open(&l, "l", true, &err));
	layout_demo(l, "v1");
	cof_image_source source = cof_layout_source(l);
	assert_ok(source.manifest(source.arg, "v1", &doc, &err));
	assert_ok(cof_file_write("manifest", cof_buf_span(&doc.body), 0600, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&doc.body), &r->image, &err));
	cof_digest_str(&r->image, r->digest);
}

static int read_key(void *arg, const char *path, cof_buf *ret, cof_err *err)
{
	(void)arg;
	return cof_file_read(path, 1 << 20, ret, err);
}

static int judge(const rig *r, const char *policy_text, const char *name, const cof_buf *message)
{
	COF_AUTO_PTR(cof_sigpolicy) p = NULL;
	cof_ref ref = sigrig_ref(name);
	if (policy_text != NULL)
		p = sigrig_policy(policy_text);
	else
		assert_ok(cof_sigpolicy_of_key(cof_buf_span(&r->ring), &p, &err));
	const cof_sig_given given = {.kind = COF_SIG_SIMPLE, .body = cof_buf_span(message)};
	const cof_sigcheck in = {.policy = p,
				 .place = {.transport = "docker", .ref = &ref},
				 .asked = &r->image,
				 .chosen = &r->image,
				 .given = &given,
				 .n_given = 1,
				 .read_key = read_key,
				 .now = time(NULL)};
	return cof_sigcheck_run(&in, NULL, NULL);
}

/* What skopeo signs, and every 97th bit of it turned: whenever we accept, so does skopeo. */
static void t039_skopeo_agrees_on_signatures(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	COF_AUTO(cof_buf) message = {0};
	size_t both = 0;
	if (!have("gpg") || !have("skopeo"))
		skip();
	rig_up(&r);
	assert_int_equal(TOOL("skopeo", "standalone-sign", "-o", "sig", "manifest", REPO ":1", r.fingerprint), 0);
	read_file("sig", &message);
	assert_int_equal(judge(&r, NULL, REPO ":1", &message), 0);
	assert_int_equal(TOOL("skopeo", "standalone-verify", "manifest", REPO ":1", r.fingerprint, "sig"), 0);
	assert_true(judge(&r, NULL, REPO ":2", &message) < 0);
	assert_int_not_equal(TOOL("skopeo", "standalone-verify", "manifest", REPO ":2", r.fingerprint, "sig"), 0);
	for (size_t bit = 0; bit < message.len * 8; bit += 97) {
		message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		if (judge(&r, NULL, REPO ":1", &message) == 0) {
			assert_ok(cof_file_write("turned", cof_buf_span(&message), 0600, &err));
			assert_int_equal(
				TOOL("skopeo", "standalone-verify", "manifest", REPO ":1", r.fingerprint, "turned"), 0);
			both++;
		}
		message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	print_message("%zu harmless of %zu\n", both, message.len * 8 / 97 + 1);
}

/* --- one image, many policies --- */

static void push(const registry_up *u, const char *name)
{
	COF_AUTO_PTR(cof_depot) to = NULL;
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_image_name) n = {0};
	cof_digest d;
	const cof_depot_opts opts = {.ca_pem = cof_buf_span(&u->ca), .resolve = u->resolves};
	assert_ok(cof_image_name_parse(name, COF_DEPOT_REGISTRY, &n, &err));
	assert_ok(cof_depot_open(&to, &n, true, &opts, &err));
	assert_ok(cof_layout_open(&from, "l", false, &err));
	cof_image_source source = cof_layout_source(from);
	assert_ok(cof_image_load(&source, "v1", COF_PLATFORM_DEFAULT, &image, &err));
	assert_ok(cof_depot_put(to, cof_buf_span(&image.config_bytes), &d, &err));
	COF_AUTO(cof_buf) layer = {0};
	assert_ok(source.blob(source.arg, &image.manifest.layers[0], 1 << 20, &layer, &err));
	assert_ok(cof_depot_put(to, cof_buf_span(&layer), &d, &err));
	assert_ok(cof_depot_put_manifest(to, "application/vnd.oci.image.manifest.v1+json",
					 cof_buf_span(&image.manifest_bytes), cof_depot_tag(to), &d, &err));
	assert_ok(cof_depot_close(to, &err));
}

#define BY(more) "{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"%R\"" more "}"
#define ID(more) ",\"signedIdentity\":{" more "}"
#define AT(scope, reqs) "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"" scope "\":[" reqs "]}}}"

/* %H stands for the registry's host and port, %R for the keyring's path, %D for the data of it. */
static const struct {
	const char *signed_as, *asked, *policy;
} agreed[] = {
	{"%H/team/run:1", "%H/team/run:1", AT("%H", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H/team", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H/team/run:1", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H/team/run:2", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H/tea", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("", BY(""))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H", BY("") ",{\"type\":\"insecureAcceptAnything\"}")},
	{"%H/team/run:1", "%H/team/run:1", AT("%H", BY("") ",{\"type\":\"reject\"}")},
	{"%H/team/run:2", "%H/team/run:1", AT("%H", BY(""))},
	{"%H/team/run:2", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"matchRepository\"")))},
	{"%H/team/rux:1", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"matchRepository\"")))},
	{"%H/team/run:1", "%H/team/run@%D", AT("%H", BY(""))},
	{"%H/team/run:1", "%H/team/run@%D", AT("%H", BY(ID("\"type\":\"matchExact\"")))},
	{"%H/team/run:1", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"matchExact\"")))},
	{"a.b/c:7", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"exactReference\",\"dockerReference\":\"a.b/c:7\"")))},
	{"a.b/c:8", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"exactReference\",\"dockerReference\":\"a.b/c:7\"")))},
	{"a.b/c:8", "%H/team/run:1", AT("%H", BY(ID("\"type\":\"exactRepository\",\"dockerRepository\":\"a.b/c\"")))},
	{"v.org/x/run:1", "%H/team/run:1",
	 AT("%H", BY(ID("\"type\":\"remapIdentity\",\"prefix\":\"%H/team\",\"signedPrefix\":\"v.org/x\"")))},
	{"v.org/x/run:1", "%H/team/run:1",
	 AT("%H", BY(ID("\"type\":\"remapIdentity\",\"prefix\":\"%H/tea\",\"signedPrefix\":\"v.org/x\"")))},
	{"%H/team/run:1", "%H/team/run:1", "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}"},
};

static void fill(const char *text, const char *host, const scratch *s, const rig *r, cof_buf *ret)
{
	ret->len = 0;
	for (; *text != '\0'; text++) {
		if (*text != '%')
			assert_ok(cof_buf_add(ret, text, 1, &err));
		else if (*++text == 'R')
			assert_ok(cof_buf_printf(ret, &err, "%s/ring", s->top));
		else
			assert_ok(cof_buf_add_str(ret, *text == 'H' ? host : r->digest, &err));
	}
}

static void agree(size_t i, const char *host, const scratch *s, const rig *r)
{
	COF_AUTO(cof_buf) signed_as = {0};
	COF_AUTO(cof_buf) asked = {0};
	COF_AUTO(cof_buf) policy = {0};
	COF_AUTO(cof_buf) message = {0};
	char image[256], where[256], lookaside[300];
	fill(agreed[i].signed_as, host, s, r, &signed_as);
	fill(agreed[i].asked, host, s, r, &asked);
	fill(agreed[i].policy, host, s, r, &policy);
	assert_ok(cof_file_write("policy", cof_buf_span(&policy), 0600, &err));
	(void)snprintf(where, sizeof where, "look/team/run@sha256=%s", strchr(r->digest, ':') + 1);
	(void)snprintf(lookaside, sizeof lookaside, "%s/signature-1", where);
	assert_ok(cof_mkdirs(where, 0700, &err));
	assert_int_equal(
		TOOL("skopeo", "standalone-sign", "-o", lookaside, "manifest", cof_buf_str(&signed_as), r->fingerprint),
		0);
	read_file(lookaside, &message);
	(void)snprintf(image, sizeof image, "docker://%s", cof_buf_str(&asked));
	assert_ok(cof_rm_tree("copied", &err));
	bool theirs = TOOL("skopeo", "--registries.d", "rd", "--policy", "policy", "copy", "--remove-signatures",
			   "--src-tls-verify=false", image, "dir:copied") == 0;
	bool ours = judge(r, cof_buf_str(&policy), cof_buf_str(&asked), &message) == 0;
	if (theirs != ours)
		fail_msg("%s as %s under %s: skopeo %d, coffer %d", cof_buf_str(&asked), cof_buf_str(&signed_as),
			 cof_buf_str(&policy), theirs, ours);
}

static void t039_skopeo_agrees_on_policies(void **state)
{
	const scratch *s = *state;
	COF_AUTO(rig) r = {0};
	COF_AUTO(cof_buf) conf = {0};
	registry_up u;
	char host[64], name[96];
	if (!have("gpg") || !have("skopeo"))
		skip();
	assert_int_equal(chdir(before), 0);
	bool there = registry_start(&u);
	assert_int_equal(chdir(s->top), 0);
	if (!there)
		skip();
	rig_up(&r);
	(void)snprintf(host, sizeof host, "127.0.0.1:%u", u.port);
	(void)snprintf(name, sizeof name, "docker://" REGISTRY_NAME ":%u/team/run:1", u.port);
	push(&u, name);
	assert_ok(cof_buf_printf(&conf, &err, "docker:\n  %s:\n    lookaside: file://%s/look\n", host, s->top));
	assert_ok(cof_mkdirs("rd", 0700, &err));
	assert_ok(cof_file_write("rd/r.yaml", cof_buf_span(&conf), 0600, &err));
	for (size_t i = 0; i < COF_COUNT(agreed); i++)
		agree(i, host, s, &r);
	registry_stop(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
		T(gpg_keys),
		T(gpg_subkeys_and_ends),
		T(t039_skopeo_agrees_on_signatures),
		T(t039_skopeo_agrees_on_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
