/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sev secret: a launch that was what its owner expects, and only then the packet with the secret. */
#include <getopt.h>
#include <openssl/rand.h>

#include "attestation/verify/sev_packet.h"
#include "attestation/verify/sev_table.h"
#include "common/file.h"
#include "common/hex.h"
#include "runtime/cli/measure_options.h"
#include "runtime/cli/sev.h"
#include "runtime/cli/sev_keyfile.h"

enum { FIRMWARE_MAX = 64 << 20, DIGESTS_MAX = 16 };

typedef struct options {
	const char *keys, *measurement, *api, *build, *min_api, *min_build;
	const char *table, *raw, *firmware, *output;
	const char *digests[DIGESTS_MAX];
	const char *entries[COF_SEV_TABLE_ENTRIES_MAX]; /* NAME=FILE */
	size_t n_digests, n_entries;
	bool json, help;
} options;

static const char help[] =
	"Usage: coffer sev secret --keys FILE --digest HEX --measurement TEXT --api M.N --build N SECRET [options]\n"
	"\n"
	"Verifies the launch of a guest that waits for its secret, and only then makes the packet that carries it in:\n"
	"the QMP command sev-inject-launch-secret, ready to be sent.\n"
	"\n"
	"  --keys FILE          what `coffer sev session` wrote for this launch\n"
	"  --digest HEX         the launch digest that is expected (coffer measure --tee sev or seves); up to 16 "
	"times\n"
	"                       where several are (an old host's --zero-fpu): any of them\n"
	"  --measurement TEXT   what query-sev-launch-measure gives (base64)\n"
	"  --api M.N --build N  what query-sev tells of the firmware; the measurement covers it\n"
	"  --min-api M.N --min-build N   refuse older firmware, beside what the guest's policy demands\n"
	"  --entry NAME=FILE    an entry of the table of secrets: a GUID, disk-passphrase or kbc; up to 64 of them\n"
	"  --table FILE         the whole table, made elsewhere\n"
	"  --raw FILE           any other secret, as it is; its size is a multiple of 16\n"
	"  --firmware FILE      refuse a secret that this firmware's image has no room for\n"
	"  --output FILE        write the command there and not to stdout\n"
	"  --json               print a refusal as JSON too\n"
	"\n"
	"Exit codes: 0 made, 1 refused (the reason is on stderr), 2 usage or environment.\n";

static const struct option longs[] = {
	{"keys", required_argument, NULL, 'k'},
	{"digest", required_argument, NULL, 'd'},
	{"measurement", required_argument, NULL, 'm'},
	{"api", required_argument, NULL, 'a'},
	{"build", required_argument, NULL, 'b'},
	{"min-api", required_argument, NULL, 'A'},
	{"min-build", required_argument, NULL, 'B'},
	{"entry", required_argument, NULL, 'e'},
	{"table", required_argument, NULL, 't'},
	{"raw", required_argument, NULL, 'r'},
	{"output", required_argument, NULL, 'o'},
	{"json", no_argument, NULL, 'j'},
	{"firmware", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool add(const char **list, size_t max, size_t *n, const char *text)
{
	if (*n == max)
		return false;
	list[(*n)++] = text;
	return true;
}

static int check_options(const options *o, int left)
{
	int kinds = (o->n_entries > 0) + (o->table != NULL) + (o->raw != NULL);
	if (left != 0 || o->keys == NULL || o->n_digests == 0 || o->measurement == NULL || o->api == NULL ||
	    o->build == NULL)
		return cof_cli_usage("--keys, --digest, --measurement, --api and --build are needed");
	if (kinds != 1)
		return cof_cli_usage("one of --entry, --table and --raw is needed");
	return COF_EXIT_YES;
}

static int parse_options(int argc, char **argv, options *ret)
{
	options o = {0};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		const cof_sev_text texts[] = {{'k', &o.keys},  {'m', &o.measurement}, {'a', &o.api},
					      {'b', &o.build}, {'A', &o.min_api},     {'B', &o.min_build},
					      {'t', &o.table}, {'r', &o.raw},	      {'f', &o.firmware},
					      {'o', &o.output}};
		o.json |= c == 'j';
		o.help |= c == 'h';
		int code = cof_sev_take_text(texts, COF_COUNT(texts), c, optarg);
		if (code != COF_EXIT_YES)
			return code;
		bool listed = (c != 'e' || add(o.entries, COF_COUNT(o.entries), &o.n_entries, optarg)) &&
			      (c != 'd' || add(o.digests, COF_COUNT(o.digests), &o.n_digests, optarg));
		if (!listed || c == '?')
			return cof_cli_usage("see coffer sev secret --help");
	}
	*ret = o;
	return o.help ? COF_EXIT_YES : check_options(&o, argc - optind);
}

/* ---- the launch ---- */

static int take_build(const char *option, const char *text, uint8_t *ret, cof_err *err)
{
	uint64_t v = 0;
	if (!cof_parse_number(text, UINT8_MAX, &v))
		return cof_err_set(err, COF_E_USAGE, "usage", "%s takes a number below 256", option);
	*ret = (uint8_t)v;
	return 0;
}

static int take_firmware(const options *o, cof_sev_launch_in *in, cof_err *err)
{
	int rc = cof_sev_take_api("--api", o->api, &in->api_major, &in->api_minor, err);
	if (rc == 0)
		rc = take_build("--build", o->build, &in->build, err);
	if (rc == 0 && o->min_api != NULL) {
		in->has_api = true;
		rc = cof_sev_take_api("--min-api", o->min_api, &in->min_api_major, &in->min_api_minor, err);
	}
	if (rc == 0 && o->min_build != NULL)
		rc = take_build("--min-build", o->min_build, &in->min_build, err);
	return rc;
}

typedef uint8_t digests[DIGESTS_MAX][COF_SHA256_LEN];

static int take_digests(const options *o, digests ret, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < o->n_digests; i++)
		rc = cof_parse_hex("--digest", o->digests[i], ret[i], COF_SHA256_LEN, err);
	return rc;
}

/* What the checks say of the last digest is said of all: they differ in the launch's measure alone. */
static int verify_any(const options *o, cof_sev_launch_in *in, cof_checks *checks, cof_sev_launched **ret, cof_err *err)
{
	digests any;
	int rc = take_digests(o, any, err);
	for (size_t i = 0; rc == 0 && *ret == NULL && i < o->n_digests; i++) {
		memset(checks, 0, sizeof *checks);
		memcpy(in->digest, any[i], sizeof in->digest);
		rc = cof_sev_launch_verify(in, checks, ret, err);
	}
	return rc < 0 || *ret != NULL ? rc : cof_sev_refusal(checks, err);
}

static int verify(const options *o, const cof_sev_keyfile *keys, cof_sev_launched **ret, cof_err *err)
{
	COF_AUTO(cof_buf) measurement = {0};
	COF_AUTO_FREE cof_checks *checks = calloc(1, sizeof *checks);
	cof_sev_launch_in in = {.tik = cof_sev_keyfile_tik(keys), .policy = keys->policy};
	int rc = checks == NULL ? cof_err_oom(err) : take_firmware(o, &in, err);
	if (rc == 0)
		rc = cof_unb64(cof_span_str(o->measurement), &measurement, err);
	in.measurement = cof_buf_span(&measurement);
	return rc < 0 ? rc : verify_any(o, &in, checks, ret, err);
}

/* ---- the secret ---- */

/* Into locked memory; no copy stays where it was read. */
static int read_secret(const char *path, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	int rc = cof_buf_reserve(&bytes, COF_SEV_SECRET_MAX + 1, err);
	if (rc == 0)
		rc = cof_cli_read(path, COF_SEV_SECRET_MAX, &bytes, err);
	if (rc == 0)
		rc = cof_secret_from(ret, cof_buf_span(&bytes), err);
	cof_buf_wipe(&bytes);
	return rc;
}

typedef struct entries {
	cof_sev_table table;
	cof_secret data[COF_SEV_TABLE_ENTRIES_MAX];
} entries;

static void entries_free(entries *e)
{
	for (size_t i = 0; i < COF_SEV_TABLE_ENTRIES_MAX; i++)
		cof_secret_release(&e->data[i]);
	free(e);
}
COF_DEFINE_AUTO_PTR(entries, entries_free)

static int read_entry(const char *text, cof_sev_entry *ret, cof_secret *data, cof_err *err)
{
	const char *equals = strchr(text, '=');
	COF_AUTO_FREE char *name = equals == NULL ? NULL : strndup(text, (size_t)(equals - text));
	if (equals == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--entry takes NAME=FILE");
	int rc = name == NULL ? cof_err_oom(err) : cof_sev_entry_guid(name, ret->guid, err);
	if (rc == 0)
		rc = read_secret(equals + 1, data, err);
	ret->data = cof_secret_span(data);
	return rc;
}

static int make_table(const options *o, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(entries) e = calloc(1, sizeof *e);
	int rc = e == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < o->n_entries; i++) {
		rc = read_entry(o->entries[i], &e->table.entries[i], &e->data[i], err);
		e->table.n++;
	}
	return rc < 0 ? rc : cof_sev_table_make(&e->table, ret, err);
}

/* Read and made again: what a guest would stumble over is found here. */
static int read_table(const char *path, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) bytes = {0};
	COF_AUTO_FREE cof_sev_table *t = calloc(1, sizeof *t);
	int rc = t == NULL ? cof_err_oom(err) : read_secret(path, &bytes, err);
	if (rc == 0)
		rc = cof_sev_table_parse(cof_secret_span(&bytes), t, err);
	return rc < 0 ? rc : cof_sev_table_make(t, ret, err);
}

static int take_secret(const options *o, cof_secret *ret, cof_err *err)
{
	if (o->n_entries > 0)
		return make_table(o, ret, err);
	return o->table != NULL ? read_table(o->table, ret, err) : read_secret(o->raw, ret, err);
}

static int check_room(const options *o, size_t len, cof_err *err)
{
	COF_AUTO(cof_buf) image = {0};
	int rc = o->firmware == NULL ? 0 : cof_file_read(o->firmware, FIRMWARE_MAX, &image, err);
	return rc < 0 || o->firmware == NULL ? rc : cof_sev_secret_fits(cof_buf_span(&image), len, err);
}

/* ---- the packet ---- */

static int command(const uint8_t header[COF_SEV_HEADER_LEN], const cof_buf *ciphertext, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *h = cof_b64_dup(cof_span_of(header, COF_SEV_HEADER_LEN));
	COF_AUTO_FREE char *s = cof_b64_dup(cof_buf_span(ciphertext));
	if (h == NULL || s == NULL)
		return cof_err_oom(err);
	COF_AUTO_PTR(json_t)
	v = json_pack("{s:s, s:{s:s, s:s}}", "execute", "sev-inject-launch-secret", "arguments", "packet-header", h,
		      "secret", s);
	return v == NULL ? cof_err_oom(err) : cof_json_dump_pretty(v, ret, err);
}

static int run(const options *o, cof_err *err)
{
	uint8_t header[COF_SEV_HEADER_LEN], iv[COF_SEV_IV_LEN];
	COF_AUTO(cof_sev_keyfile) keys = {0};
	COF_AUTO(cof_secret) plain = {0};
	COF_AUTO(cof_buf) ciphertext = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(cof_sev_launched) launched = NULL;
	int rc = cof_sev_keyfile_read(o->keys, &keys, err);
	if (rc == 0)
		rc = verify(o, &keys, &launched, err);
	if (rc == 0)
		rc = take_secret(o, &plain, err);
	if (rc == 0)
		rc = check_room(o, plain.len, err);
	if (rc == 0 && RAND_bytes(iv, sizeof iv) != 1)
		rc = cof_err_set(err, COF_E_IO, "no-random", "for the packet");
	if (rc < 0)
		return rc;
	const cof_sev_packet_in in = {cof_sev_keyfile_tek(&keys), cof_sev_keyfile_tik(&keys), iv,
				      cof_secret_span(&plain)};
	rc = cof_sev_packet_make(launched, &in, header, &ciphertext, err);
	if (rc == 0)
		rc = command(header, &ciphertext, &text, err);
	return rc < 0 ? rc : cof_cli_write(o->output, cof_buf_span(&text), 0644, err);
}

int cof_cmd_sev_secret(int argc, char **argv)
{
	options o = {0};
	cof_err err = {0};
	int code = parse_options(argc, argv, &o);
	if (code != COF_EXIT_YES)
		return code;
	if (o.help)
		return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	return run(&o, &err) < 0 ? cof_cli_fail(&err, o.json) : COF_EXIT_YES;
}
