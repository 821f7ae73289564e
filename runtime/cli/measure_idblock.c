/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure idblock: the signed block that binds an SEV-SNP launch to a measurement and policy. */
#include <getopt.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/secret.h"
#include "firmware/sev/policy.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/idblocks.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/measure_options.h"
#include "runtime/cli/signkey.h"

#define WHAT "coffer measure idblock"

typedef struct options {
	const char *measurement, *family, *image, *svn, *policy;
	const char *id_key, *author_key, *pin_file;
	const char *block, *auth;
	bool json, help;
} options;

static const char usage_make[] =
	"Usage: " WHAT " make --measurement HEX --id-key KEY --block FILE --auth FILE [options]\n"
	"\n"
	"Signs an ID block. The processor refuses to launch anything else with it, and puts the digests of the keys\n"
	"into the attestation report.\n"
	"\n"
	"  --measurement HEX    launch digest, 48 bytes\n"
	"  --family-id ID       16 bytes in hex, or a text of up to 16 bytes (zeros)\n"
	"  --image-id ID        likewise\n"
	"  --guest-svn N        security version of the guest (0)\n"
	"  --policy HEX         guest policy (0x30000)\n"
	"  --id-key KEY         ECDSA key on P-384: a PEM file or a pkcs11: URI (?pin-source=FILE&module-path=FILE)\n"
	"  --author-key KEY     key that vouches for the ID key\n"
	"  --pin-file FILE      PIN or passphrase of keys whose URI names no pin-source; else the terminal is asked\n"
	"  --block FILE         write the ID block (96 bytes) there\n"
	"  --auth FILE          write the ID authentication block (4096 bytes) there\n"
	"  --json               print as JSON\n"
	"\n"
	"QEMU's sev-snp-guest takes the printed texts as id-block= and id-auth=, with an author key it also needs\n"
	"author-key-enabled=on.\n";

static const char usage_verify[] = "Usage: " WHAT " verify --block FILE --auth FILE [options]\n"
				   "\n"
				   "Checks both signatures and every reserved byte, and prints what the blocks say.\n"
				   "\n"
				   "  --block FILE         ID block\n"
				   "  --auth FILE          ID authentication block\n"
				   "  --measurement HEX    the block must be for this launch digest\n"
				   "  --policy HEX         and for this guest policy\n"
				   "  --json               print as JSON\n";

static const char usage_digest[] = "Usage: " WHAT " key-digest KEY [options]\n"
				   "\n"
				   "Prints the digest of an ID or author key as the attestation report has it.\n"
				   "\n"
				   "  --pin-file FILE      PIN or passphrase, where the private key has to be opened\n"
				   "  --json               print as JSON\n";

/* --- arguments --- */

static const struct option longs[] = {
	{"measurement", required_argument, NULL, 'm'},
	{"family-id", required_argument, NULL, 'f'},
	{"image-id", required_argument, NULL, 'i'},
	{"guest-svn", required_argument, NULL, 's'},
	{"policy", required_argument, NULL, 'p'},
	{"id-key", required_argument, NULL, 'k'},
	{"author-key", required_argument, NULL, 'a'},
	{"pin-file", required_argument, NULL, 'n'},
	{"block", required_argument, NULL, 'b'},
	{"auth", required_argument, NULL, 'u'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* allowed are the letters of the options that the verb has. */
static int parse_options(int argc, char **argv, const char *allowed, int n_args, options *ret)
{
	options o = {0};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const struct {
			int c;
			const char **to;
		} texts[] = {{'m', &o.measurement}, {'f', &o.family}, {'i', &o.image},	    {'s', &o.svn},
			     {'p', &o.policy},	    {'k', &o.id_key}, {'a', &o.author_key}, {'n', &o.pin_file},
			     {'b', &o.block},	    {'u', &o.auth}};
		o.json |= c == 'j';
		o.help |= c == 'h';
		for (size_t i = 0; i < COF_COUNT(texts); i++) {
			if (texts[i].c == c)
				*texts[i].to = optarg;
		}
		if (c == '?' || strchr(allowed, c) == NULL)
			return cof_cli_usage("see " WHAT " %s --help", argv[0]);
	}
	if (!o.help && argc - optind != n_args)
		return cof_cli_usage("see " WHAT " %s --help", argv[0]);
	*ret = o;
	return COF_EXIT_YES;
}

static int bad_argument(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s", what);
}

static int take_measurement(const char *text, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	return cof_unhex(text, ret, COF_SHA384_LEN, NULL) == 0
		       ? 0
		       : bad_argument(err, "--measurement takes 48 bytes in hex");
}

static int take_policy(const char *text, uint64_t *ret, cof_err *err)
{
	if (!cof_parse_bits(text, ret))
		return bad_argument(err, "--policy is written 0x30000");
	return cof_snp_policy_check(*ret, err);
}

/* 32 digits are bytes; they could not be a text, which is shorter. */
static int take_id(const char *text, uint8_t ret[COF_ID_LEN], cof_err *err)
{
	size_t n = strlen(text);
	if (n == (size_t)2 * COF_ID_LEN && cof_unhex(text, ret, COF_ID_LEN, NULL) == 0)
		return 0;
	if (n > COF_ID_LEN)
		return bad_argument(err, "an ID is 16 bytes in hex, or a text of up to 16 bytes");
	memset(ret, 0, COF_ID_LEN);
	memcpy(ret, text, n);
	return 0;
}

static int take_svn(const char *text, uint32_t *ret, cof_err *err)
{
	size_t n = strspn(text, "0123456789");
	unsigned long long v = n > 0 && n <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;
	if (text[n] != '\0' || v > UINT32_MAX)
		return bad_argument(err, "--guest-svn takes a number below 2^32");
	*ret = (uint32_t)v;
	return 0;
}

static int take_block(const options *o, cof_idblock *ret, cof_err *err)
{
	cof_idblock b = {.policy = COF_SNP_POLICY_DEFAULT};
	int rc = take_measurement(o->measurement, b.measurement, err);
	if (rc == 0 && o->family != NULL)
		rc = take_id(o->family, b.family_id, err);
	if (rc == 0 && o->image != NULL)
		rc = take_id(o->image, b.image_id, err);
	if (rc == 0 && o->svn != NULL)
		rc = take_svn(o->svn, &b.guest_svn, err);
	if (rc == 0 && o->policy != NULL)
		rc = take_policy(o->policy, &b.policy, err);
	if (rc == 0)
		*ret = b;
	return rc;
}

static int print_usage(const char *text)
{
	return fputs(text, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
}

/* --- make --- */

static int load_key(const options *o, const char *name, bool public_half, cof_signkey *ret, cof_err *err)
{
	const cof_signkey_in in = {.name = name, .pin_file = o->pin_file, .public_half = public_half};
	return cof_signkey_load(&in, ret, err);
}

static int sign(const options *o, cof_idblocks *b, cof_err *err)
{
	COF_AUTO(cof_signkey) id = {0};
	COF_AUTO(cof_signkey) author = {0};
	int rc = load_key(o, o->id_key, false, &id, err);
	if (rc == 0 && o->author_key != NULL)
		rc = load_key(o, o->author_key, false, &author, err);
	if (rc == 0)
		rc = cof_idauth_sign(b->block, id.key, author.key, b->auth, err);
	return rc < 0 ? rc : cof_idauth_verify(b->block, cof_span_of(b->auth, sizeof b->auth), &b->keys, err);
}

static int make(const options *o, cof_idblocks *b, cof_err *err)
{
	int rc = take_block(o, &b->fields, err);
	if (rc < 0)
		return rc;
	cof_idblock_bytes(&b->fields, b->block);
	rc = sign(o, b, err);
	if (rc == 0)
		rc = cof_file_write(o->block, cof_span_of(b->block, sizeof b->block), 0644, err);
	return rc < 0 ? rc : cof_file_write(o->auth, cof_span_of(b->auth, sizeof b->auth), 0644, err);
}

static int verb_make(int argc, char **argv)
{
	options o = {0};
	cof_idblocks b = {0};
	cof_err err = {0};
	int code = parse_options(argc, argv, "mfispkanbujh", 0, &o);
	if (code != COF_EXIT_YES || o.help)
		return o.help ? print_usage(usage_make) : code;
	if (o.measurement == NULL || o.id_key == NULL || o.block == NULL || o.auth == NULL)
		return cof_cli_usage("--measurement, --id-key, --block and --auth are needed");
	return make(&o, &b, &err) < 0 ? cof_cli_fail(&err, o.json) : cof_idblocks_print(&b, o.json);
}

/* --- verify --- */

static int mismatch(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_POLICY, "idblock-mismatch", "the ID block is for another %s", what);
}

static int compare(const options *o, const cof_idblock *b, cof_err *err)
{
	uint8_t measurement[COF_SHA384_LEN];
	uint64_t policy = 0;
	int rc = o->measurement != NULL ? take_measurement(o->measurement, measurement, err) : 0;
	if (rc == 0 && o->policy != NULL)
		rc = take_policy(o->policy, &policy, err);
	if (rc < 0)
		return rc;
	if (o->measurement != NULL && !cof_ct_equal(cof_span_of(measurement, sizeof measurement),
						    cof_span_of(b->measurement, sizeof b->measurement)))
		return mismatch(err, "measurement");
	return o->policy == NULL || policy == b->policy ? 0 : mismatch(err, "policy");
}

static int verify(const options *o, cof_idblocks *b, cof_err *err)
{
	COF_AUTO(cof_buf) block = {0};
	COF_AUTO(cof_buf) auth = {0};
	int rc = cof_cli_read(o->block, COF_IDBLOCK_LEN, &block, err);
	if (rc == 0)
		rc = cof_cli_read(o->auth, COF_IDAUTH_LEN, &auth, err);
	if (rc == 0)
		rc = cof_idblock_parse(cof_buf_span(&block), &b->fields, err);
	if (rc == 0)
		rc = cof_idauth_verify(block.data, cof_buf_span(&auth), &b->keys, err);
	if (rc < 0)
		return rc;
	memcpy(b->block, block.data, sizeof b->block);
	memcpy(b->auth, auth.data, sizeof b->auth);
	return compare(o, &b->fields, err);
}

static int verb_verify(int argc, char **argv)
{
	options o = {0};
	cof_idblocks b = {0};
	cof_err err = {0};
	int code = parse_options(argc, argv, "mpbujh", 0, &o);
	if (code != COF_EXIT_YES || o.help)
		return o.help ? print_usage(usage_verify) : code;
	if (o.block == NULL || o.auth == NULL)
		return cof_cli_usage("--block and --auth are needed");
	return verify(&o, &b, &err) < 0 ? cof_cli_fail(&err, o.json) : cof_idblocks_print(&b, o.json);
}

/* --- key-digest --- */

static int digest(const options *o, const char *name, char ret[2 * COF_SHA384_LEN + 1], cof_err *err)
{
	COF_AUTO(cof_signkey) k = {0};
	uint8_t d[COF_SHA384_LEN];
	int rc = load_key(o, name, true, &k, err);
	if (rc == 0)
		rc = cof_idkey_digest(k.key, d, err);
	if (rc == 0)
		cof_hex(cof_span_of(d, sizeof d), ret);
	return rc;
}

static int verb_digest(int argc, char **argv)
{
	options o = {0};
	char hex[2 * COF_SHA384_LEN + 1];
	cof_err err = {0};
	int code = parse_options(argc, argv, "njh", 1, &o);
	if (code != COF_EXIT_YES || o.help)
		return o.help ? print_usage(usage_digest) : code;
	if (digest(&o, argv[optind], hex, &err) < 0)
		return cof_cli_fail(&err, o.json);
	if (!o.json)
		return puts(hex) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	COF_AUTO_PTR(json_t) doc = json_pack("{s:b, s:s}", "ok", 1, "digest", hex);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

int cof_cmd_measure_idblock(int argc, char **argv)
{
	static const cof_verb verbs[] = {
		{"make", "sign an ID block", verb_make},
		{"verify", "check an ID block and its signatures", verb_verify},
		{"key-digest", "print a key's digest as the attestation report has it", verb_digest},
		{NULL, NULL, NULL},
	};
	return cof_cli_dispatch(WHAT, verbs, argc, argv);
}
