/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sev session: a verified platform, and keys that only it can unwrap. */
#include <getopt.h>
#include <openssl/rand.h>

#include "attestation/verify/sev_session.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "firmware/sev/policy.h"
#include "runtime/cli/sev.h"
#include "runtime/cli/sev_keyfile.h"

enum { POLICY_MAX = 256 << 10, CHAIN_LEN = 3 * COF_SEV_CERT_LEN };

typedef struct options {
	const char *pdh, *cert_chain, *pek, *oca, *cek, *ask, *ark, *ask_ark;
	const char *demands, *guest_policy;
	const char *session, *godh, *keys;
	bool debug, key_sharing, json, help;
} options;

static const char help[] =
	"Usage: coffer sev session --pdh FILE CERTIFICATES --session FILE --godh FILE --keys FILE [options]\n"
	"\n"
	"Verifies the certificates of a SEV or SEV-ES platform, then makes what QEMU's sev-guest takes to launch a\n"
	"guest under a policy, and the keys that `coffer sev secret` needs afterwards. Nothing is made for a platform\n"
	"that does not verify.\n"
	"\n"
	"  --pdh FILE           the platform's Diffie-Hellman certificate (query-sev-capabilities: pdh, decoded)\n"
	"  --cert-chain FILE    PEK, OCA and CEK in one file (cert-chain, decoded)\n"
	"  --pek --oca --cek FILE   each by itself, instead of the one in --cert-chain; the CEK is AMD's signed one\n"
	"  --ask FILE --ark FILE    AMD's certificates of this product; the ARK is believed because it is named\n"
	"  --ask-ark FILE       both in one file, as AMD hands them out\n"
	"  --policy FILE        what is demanded of the platform, as a JSON object (docs/verifying.md)\n"
	"  --guest-policy WORDS beside nodbg,noks: es,nosend,domain,sev,api=MAJOR.MINOR\n"
	"  --allow-debug        without nodbg: the host may read the guest\n"
	"  --allow-key-sharing  without noks: the host may give the guest's key to another guest\n"
	"  --session FILE       write the session (base64) there: session-file of sev-guest\n"
	"  --godh FILE          write our certificate (base64) there: dh-cert-file of sev-guest\n"
	"  --keys FILE          write the transport keys there, secret, mode 0600; never over another file\n"
	"  --json               print as JSON\n"
	"\n"
	"Exit codes: 0 made, 1 refused (the reason is on stderr), 2 usage or environment.\n";

static const struct option longs[] = {
	{"pdh", required_argument, NULL, 'p'},	   {"cert-chain", required_argument, NULL, 'c'},
	{"pek", required_argument, NULL, 'e'},	   {"oca", required_argument, NULL, 'o'},
	{"cek", required_argument, NULL, 'k'},	   {"ask", required_argument, NULL, 'a'},
	{"ark", required_argument, NULL, 'r'},	   {"ask-ark", required_argument, NULL, 'b'},
	{"policy", required_argument, NULL, 'd'},  {"guest-policy", required_argument, NULL, 'w'},
	{"allow-debug", no_argument, NULL, 'D'},   {"allow-key-sharing", no_argument, NULL, 'K'},
	{"session", required_argument, NULL, 's'}, {"godh", required_argument, NULL, 'g'},
	{"keys", required_argument, NULL, 'x'},	   {"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
};

static int parse_options(int argc, char **argv, options *ret)
{
	options o = {0};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const cof_sev_text texts[] = {{'p', &o.pdh},	      {'c', &o.cert_chain}, {'e', &o.pek},
					      {'o', &o.oca},	      {'k', &o.cek},	    {'a', &o.ask},
					      {'r', &o.ark},	      {'b', &o.ask_ark},    {'d', &o.demands},
					      {'w', &o.guest_policy}, {'s', &o.session},    {'g', &o.godh},
					      {'x', &o.keys}};
		o.debug |= c == 'D';
		o.key_sharing |= c == 'K';
		o.json |= c == 'j';
		o.help |= c == 'h';
		int code = cof_sev_take_text(texts, COF_COUNT(texts), c, optarg);
		if (code != COF_EXIT_YES)
			return code;
		if (c == '?')
			return cof_cli_usage("see coffer sev session --help");
	}
	*ret = o;
	if (o.help)
		return COF_EXIT_YES;
	bool has_platform =
		o.pdh != NULL && (o.cert_chain != NULL || (o.pek != NULL && o.oca != NULL && o.cek != NULL));
	bool has_amd = o.ask_ark != NULL ? o.ask == NULL && o.ark == NULL : o.ask != NULL && o.ark != NULL;
	if (optind != argc || !has_platform || !has_amd || o.session == NULL || o.godh == NULL || o.keys == NULL)
		return cof_cli_usage("a platform's certificates, AMD's, and --session, --godh and --keys are needed");
	return COF_EXIT_YES;
}

/* ---- what is read ---- */

/* Too large for a stack. */
typedef struct work {
	cof_buf pdh, chain, pek, oca, cek, ask, ark;
	cof_checks checks;
	json_t *demands_json, *fields;
	cof_sev_platform *platform;
	cof_sev_keyfile keys;
} work;

static void work_free(work *w)
{
	cof_buf *all[] = {&w->pdh, &w->chain, &w->pek, &w->oca, &w->cek, &w->ask, &w->ark};
	for (size_t i = 0; i < COF_COUNT(all); i++)
		cof_buf_release(all[i]);
	json_decref(w->demands_json);
	json_decref(w->fields);
	if (w->platform != NULL)
		cof_sev_platform_free(w->platform);
	cof_sev_keyfile_release(&w->keys);
	free(w);
}
COF_DEFINE_AUTO_PTR(work, work_free)

static int read_files(const options *o, work *w, cof_err *err)
{
	const struct {
		const char *path;
		size_t max;
		cof_buf *to;
	} files[] = {
		{o->pdh, COF_SEV_CERT_LEN, &w->pdh}, {o->cert_chain, CHAIN_LEN, &w->chain},
		{o->pek, COF_SEV_CERT_LEN, &w->pek}, {o->oca, COF_SEV_CERT_LEN, &w->oca},
		{o->cek, COF_SEV_CERT_LEN, &w->cek}, {o->ask, COF_SEV_CA_MAX, &w->ask},
		{o->ark, COF_SEV_CA_MAX, &w->ark},   {o->ask_ark, (size_t)2 * COF_SEV_CA_MAX, &w->ask},
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(files); i++) {
		if (files[i].path != NULL)
			rc = cof_file_read(files[i].path, files[i].max, files[i].to, err);
	}
	if (rc == 0 && o->cert_chain != NULL && w->chain.len != CHAIN_LEN)
		rc = cof_err_set(err, COF_E_MALFORMED, "sev-certificate-size", "%s is not PEK, OCA and CEK",
				 o->cert_chain);
	if (rc == 0 && o->demands != NULL)
		rc = cof_json_read_file(o->demands, POLICY_MAX, &w->demands_json, err);
	return rc;
}

/* A part of the chain where no file is. */
static cof_span part(const options *o, const work *w, const char *path, const cof_buf *file, size_t at)
{
	if (path != NULL || o->cert_chain == NULL)
		return cof_buf_span(file);
	return cof_span_of(w->chain.data + at * COF_SEV_CERT_LEN, COF_SEV_CERT_LEN);
}

/* AMD's two have one size: its file is cut in the middle. */
static cof_sev_chain_in chain_of(const options *o, const work *w)
{
	size_t half = w->ask.len / 2;
	cof_sev_chain_in in = {
		.ark = cof_buf_span(&w->ark),
		.ask = cof_buf_span(&w->ask),
		.pek = part(o, w, o->pek, &w->pek, 0),
		.oca = part(o, w, o->oca, &w->oca, 1),
		.cek = part(o, w, o->cek, &w->cek, 2),
		.pdh = cof_buf_span(&w->pdh),
	};
	if (o->ask_ark != NULL) {
		in.ask = cof_span_of(w->ask.data, half);
		in.ark = cof_span_of(w->ask.data + half, w->ask.len - half);
	}
	return in;
}

static int verify(const options *o, work *w, cof_err *err)
{
	cof_sev_demands demands;
	int rc = cof_sev_demands_read(w->demands_json, &demands, err);
	if (rc < 0)
		return rc;
	const cof_sev_chain_in in = chain_of(o, w);
	rc = cof_sev_verify(&in, &demands, &w->checks, &w->fields, &w->platform, err);
	return rc < 0 || w->platform != NULL ? rc : cof_sev_refusal(&w->checks, err);
}

/* ---- what is made ---- */

/* The least that nobody leaves out by accident. */
static int guest_policy(const options *o, uint32_t *ret, cof_err *err)
{
	uint32_t policy = 0;
	int rc = cof_sev_policy_read(o->guest_policy != NULL ? o->guest_policy : "", &policy, err);
	if (rc < 0)
		return rc;
	policy |= o->debug ? 0 : COF_SEV_POLICY_NODBG;
	policy |= o->key_sharing ? 0 : COF_SEV_POLICY_NOKS;
	*ret = policy;
	return 0;
}

static int write_base64(const char *path, cof_span bytes, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(bytes);
	return text == NULL ? cof_err_oom(err) : cof_file_write(path, cof_span_str(text), 0644, err);
}

/* The keys first: without them, what QEMU gets would be of no use. */
static int make(const options *o, work *w, cof_err *err)
{
	uint8_t session[COF_SEV_SESSION_LEN], godh[COF_SEV_CERT_LEN], random[COF_SEV_NONCE_LEN + COF_SEV_IV_LEN];
	COF_AUTO_PTR(cof_ossl_key) own = EVP_EC_gen("P-384");
	if (own == NULL || RAND_bytes(random, sizeof random) != 1)
		return cof_err_set(err, COF_E_IO, "no-random", "for a session");
	const cof_sev_session_in in = {
		.nonce = random,
		.iv = random + COF_SEV_NONCE_LEN,
		.tek = cof_sev_keyfile_tek(&w->keys),
		.tik = cof_sev_keyfile_tik(&w->keys),
		.policy = w->keys.policy,
	};
	int rc = cof_sev_session_make(w->platform, own, &in, session, err);
	if (rc == 0)
		rc = cof_sev_godh_make(w->platform, own, godh, err);
	if (rc == 0)
		rc = cof_sev_keyfile_write(&w->keys, o->keys, err);
	if (rc == 0)
		rc = write_base64(o->session, cof_span_of(session, sizeof session), err);
	return rc < 0 ? rc : write_base64(o->godh, cof_span_of(godh, sizeof godh), err);
}

static int run(const options *o, work *w, cof_err *err)
{
	uint32_t policy = 0;
	int rc = guest_policy(o, &policy, err);
	if (rc == 0)
		rc = read_files(o, w, err);
	if (rc == 0)
		rc = verify(o, w, err);
	if (rc == 0)
		rc = cof_sev_keyfile_new(policy, &w->keys, err);
	return rc < 0 ? rc : make(o, w, err);
}

/* ---- what is said ---- */

static int print(const options *o, const work *w)
{
	COF_AUTO(cof_buf) text = {0};
	char hex[16];
	const char *root = json_string_value(json_object_get(w->fields, "root"));
	(void)snprintf(hex, sizeof hex, "0x%x", w->keys.policy);
	if (cof_sev_policy_text(w->keys.policy, &text, NULL) < 0)
		return COF_EXIT_USAGE;
	if (!o->json)
		return printf("policy %s: %s\nroot: %s\nsev-guest: policy=%s,dh-cert-file=%s,session-file=%s\n", hex,
			      cof_buf_str(&text), root, hex, o->godh, o->session) < 0
			       ? COF_EXIT_USAGE
			       : COF_EXIT_YES;
	COF_AUTO_PTR(json_t)
	v = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:O}", "ok", 1, "policy", hex, "policy_text", cof_buf_str(&text),
		      "dh-cert-file", o->godh, "session-file", o->session, "keys", o->keys, "platform", w->fields);
	return v != NULL ? cof_cli_print_json(v) : COF_EXIT_USAGE;
}

int cof_cmd_sev_session(int argc, char **argv)
{
	options o = {0};
	cof_err err = {0};
	COF_AUTO_PTR(work) w = calloc(1, sizeof *w);
	int code = w != NULL ? parse_options(argc, argv, &o) : COF_EXIT_USAGE;
	if (code == COF_EXIT_YES && o.help)
		return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (code != COF_EXIT_YES)
		return code;
	return run(&o, w, &err) < 0 ? cof_cli_fail(&err, o.json) : print(&o, w);
}
