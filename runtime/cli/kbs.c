/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>

#include "attestation/kbs/admin_client.h"
#include "attestation/refvalue/corim.h"
#include "common/file.h"
#include "common/initdata.h"
#include "runtime/cli/cli.h"

enum { FILE_MAX = 2 << 20, PEM_MAX = 64 << 10, AUDIT_MAX = 256 << 20 };
enum { OPT_URL = 1000, OPT_CA, OPT_KEY, OPT_RESOLVE, OPT_JSON, OPT_FROM, OPT_HEAD, OPT_CORIM_KEY, OPT_HELP };

static const struct option options[] = {
	{"url", required_argument, NULL, OPT_URL},   {"ca", required_argument, NULL, OPT_CA},
	{"key", required_argument, NULL, OPT_KEY},   {"resolve", required_argument, NULL, OPT_RESOLVE},
	{"json", no_argument, NULL, OPT_JSON},	     {"from", required_argument, NULL, OPT_FROM},
	{"head", required_argument, NULL, OPT_HEAD}, {"corim-key", required_argument, NULL, OPT_CORIM_KEY},
	{"help", no_argument, NULL, OPT_HELP},	     {0},
};

static const char common_usage[] =
	"\n"
	"  --url URL                 the broker, https://NAME:PORT\n"
	"  --ca FILE                 the CA of its certificate, PEM (default: the system's)\n"
	"  --key FILE                the admin's private key, made by coffer-kbs init\n"
	"  --resolve NAME:PORT:ADDR  where NAME is, without asking DNS; may be repeated\n"
	"  --json                    print the result as JSON\n";

typedef struct settings {
	const char *url;
	const char *ca;
	const char *key;
	cof_cli_resolves resolve;
	const char *head;
	const char *corim_key;
	unsigned long long from;
	bool json;
	bool help;
	int first; /* index of the first argument that is no option */
} settings;

static int set_from(settings *s, const char *text)
{
	char *end = NULL;
	s->from = strtoull(text, &end, 10);
	return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? 0 : cof_cli_usage("--from takes a number from 1");
}

static int set_option(settings *s, int opt, const char *text)
{
	switch (opt) {
	case OPT_URL:
		s->url = text;
		return 0;
	case OPT_CA:
		s->ca = text;
		return 0;
	case OPT_KEY:
		s->key = text;
		return 0;
	case OPT_HEAD:
		s->head = text;
		return 0;
	case OPT_CORIM_KEY:
		s->corim_key = text;
		return 0;
	case OPT_RESOLVE:
		return cof_cli_add_resolve(&s->resolve, text, s->json);
	case OPT_FROM:
		return set_from(s, text);
	case OPT_JSON:
		s->json = true;
		return 0;
	case OPT_HELP:
		s->help = true;
		return 0;
	default:
		return cof_cli_usage("see --help");
	}
}

/* 0: go on; positive: an exit code. args is what the verb takes, for its --help. */
static int parse(int argc, char **argv, const char *args, int n_args, settings *ret)
{
	settings s = {.from = 1};
	int opt, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt, optarg);
	if (rc != 0)
		return rc;
	s.first = optind;
	*ret = s;
	if (s.help) {
		(void)printf("Usage: coffer kbs %s --url URL --key FILE [options] %s\n%s", argv[0], args, common_usage);
		return 0;
	}
	if (argc - optind != n_args)
		return cof_cli_usage("coffer kbs %s takes: %s", argv[0], args);
	return s.url != NULL && s.key != NULL ? 0 : cof_cli_usage("--url and --key are needed");
}

static int connect_to(const settings *s, cof_admin_client **ret, cof_err *err)
{
	COF_AUTO(cof_buf) ca = {0};
	COF_AUTO(cof_buf) key = {0};
	int rc = s->ca != NULL ? cof_file_read(s->ca, PEM_MAX, &ca, err) : 0;
	if (rc == 0)
		rc = cof_file_read(s->key, PEM_MAX, &key, err);
	const cof_admin_client_opts o = {
		.url = s->url, .ca_pem = cof_buf_span(&ca), .key_pem = cof_buf_span(&key), .resolve = s->resolve.at};
	if (rc == 0)
		rc = cof_admin_client_new(ret, &o, err);
	cof_buf_wipe(&key);
	return rc;
}

static int call(const settings *s, enum cof_kb_route route, const char *tail, cof_span body, cof_err *err)
{
	COF_AUTO_PTR(cof_admin_client) c = NULL;
	COF_AUTO(cof_buf) answer = {0};
	int rc = connect_to(s, &c, err);
	return rc < 0 ? rc : cof_admin_client_call(c, route, tail, body, &answer, err);
}

static int report(const settings *s, int rc, const cof_err *err, const char *what, const char *name)
{
	if (rc < 0)
		return cof_cli_fail(err, s->json);
	if (!s->json) {
		(void)printf("%s: %s\n", what, name);
		return COF_EXIT_YES;
	}
	COF_AUTO_PTR(json_t) o = json_pack("{s:b, s:s, s:s}", "ok", 1, "done", what, "name", name);
	return o != NULL ? cof_cli_print_json(o) : COF_EXIT_USAGE;
}

static int verb_set_resource(int argc, char **argv)
{
	settings s;
	COF_AUTO(cof_buf) value = {0};
	cof_err err = {0};
	int rc = parse(argc, argv, "REPO/TYPE/TAG FILE  (- reads standard input)", 2, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = cof_cli_read(argv[s.first + 1], COF_KB_RESOURCE_MAX, &value, &err);
	if (rc == 0)
		rc = call(&s, COF_ROUTE_RESOURCE_PUT, argv[s.first], cof_buf_span(&value), &err);
	cof_buf_wipe(&value);
	return report(&s, rc, &err, "resource stored", argv[s.first]);
}

static int delete_named(int argc, char **argv, const char *args, enum cof_kb_route route, const char *done)
{
	settings s;
	cof_err err = {0};
	int rc = parse(argc, argv, args, 1, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = call(&s, route, argv[s.first], (cof_span){0}, &err);
	return report(&s, rc, &err, done, argv[s.first]);
}

static int verb_delete_resource(int argc, char **argv)
{
	return delete_named(argc, argv, "REPO/TYPE/TAG", COF_ROUTE_RESOURCE_DELETE, "resource deleted");
}

static int verb_delete_reference(int argc, char **argv)
{
	return delete_named(argc, argv, "NAME  (of a tpm set; TEE/NAME of another)", COF_ROUTE_REFERENCE_DELETE,
			    "reference values deleted");
}

typedef int (*body_maker)(cof_span file, cof_buf *ret, cof_err *err);

static int send_file(int argc, char **argv, enum cof_kb_route route, body_maker make, const char *done)
{
	settings s;
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_buf) body = {0};
	cof_err err = {0};
	int rc = parse(argc, argv, "FILE", 1, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = cof_cli_read(argv[s.first], FILE_MAX, &file, &err);
	if (rc == 0)
		rc = make(cof_buf_span(&file), &body, &err);
	if (rc == 0)
		rc = call(&s, route, "", cof_buf_span(&body), &err);
	return report(&s, rc, &err, done, argv[s.first]);
}

static int reference_body(const settings *s, cof_span file, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	if (s->corim_key == NULL)
		return cof_admin_body_reference(file, ret, err);
	int rc = cof_file_read(s->corim_key, PEM_MAX, &pem, err);
	return rc < 0 ? rc : cof_admin_body_corim(file, cof_buf_span(&pem), ret, err);
}

static int verb_set_reference(int argc, char **argv)
{
	settings s;
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_buf) body = {0};
	cof_err err = {0};
	int rc = parse(argc, argv,
		       "[--corim-key FILE] FILE\n\n"
		       "FILE is a document, or a signed CoRIM with its author's public key or certificate (PEM)",
		       1, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = cof_cli_read(argv[s.first], FILE_MAX, &file, &err);
	if (rc == 0 && cof_corim_looks_like(cof_buf_span(&file)) != (s.corim_key != NULL))
		return cof_cli_usage("a CoRIM needs --corim-key FILE, its author's public key; nothing else takes one");
	if (rc == 0)
		rc = reference_body(&s, cof_buf_span(&file), &body, &err);
	if (rc == 0)
		rc = call(&s, COF_ROUTE_REFERENCE_PUT, "", cof_buf_span(&body), &err);
	return report(&s, rc, &err, "reference values registered", argv[s.first]);
}

static int verb_set_policy(int argc, char **argv)
{
	return send_file(argc, argv, COF_ROUTE_POLICY_PUT, cof_admin_body_policy, "release policy set");
}

static int verb_set_ek_root(int argc, char **argv)
{
	return send_file(argc, argv, COF_ROUTE_EK_ROOT_PUT, cof_admin_body_ek_root, "EK roots enrolled");
}

/* The argument is a digest, or the file that has it. */
static int initdata_digest(const char *arg, char out[COF_DIGEST_STR_MAX], cof_err *err)
{
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_initdata) d = {0};
	cof_digest given;
	if (cof_digest_parse(arg, &given, NULL) == 0) {
		cof_digest_str(&given, out);
		return 0;
	}
	int rc = cof_file_read(arg, COF_INITDATA_MAX, &file, err);
	if (rc == 0)
		rc = cof_initdata_parse(cof_buf_span(&file), &d, err);
	if (rc == 0)
		cof_digest_str(&d.digest, out);
	return rc;
}

static int verb_set_initdata(int argc, char **argv)
{
	settings s;
	COF_AUTO(cof_buf) body = {0};
	char digest[COF_DIGEST_STR_MAX] = "";
	cof_err err = {0};
	int rc = parse(argc, argv, "DIGEST|FILE  (sha256:HEX, or the initdata itself)", 1, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = initdata_digest(argv[s.first], digest, &err);
	if (rc == 0)
		rc = cof_admin_body_initdata(digest, &body, &err);
	if (rc == 0)
		rc = call(&s, COF_ROUTE_INITDATA_PUT, "", cof_buf_span(&body), &err);
	return report(&s, rc, &err, "initdata registered", digest);
}

static int verb_get_audit(int argc, char **argv)
{
	settings s;
	COF_AUTO_PTR(cof_admin_client) c = NULL;
	COF_AUTO(cof_buf) lines = cof_buf_capped(AUDIT_MAX);
	cof_err err = {0};
	int rc = parse(argc, argv, "[--from N]", 0, &s);
	if (rc != 0 || s.help)
		return rc;
	cof_audit_head head = {.seq = s.from - 1};
	rc = connect_to(&s, &c, &err);
	if (rc == 0)
		rc = cof_admin_client_audit(c, &head, false, &lines, &err);
	if (rc == 0)
		rc = cof_cli_write(NULL, cof_buf_span(&lines), 0600, &err);
	return rc < 0 ? cof_cli_fail(&err, s.json) : COF_EXIT_YES;
}

/* An earlier head is kept as {"seq","hash"}: with it, a log that was cut off or begun anew shows. */
static int read_head(const char *path, cof_audit_head *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	const char *hash = NULL;
	json_int_t seq = 0;
	if (path == NULL || access(path, F_OK) < 0)
		return 0;
	int rc = cof_json_read_file(path, 4096, &o, err);
	if (rc == 0)
		rc = cof_json_int(o, "seq", 0, INT64_MAX, &seq, err);
	if (rc == 0)
		rc = cof_json_str(o, "hash", &hash, err);
	if (rc == 0 && strlen(hash) != COF_AUDIT_HASH_HEX)
		rc = cof_err_set(err, COF_E_MALFORMED, "head-malformed", "%s", path);
	if (rc < 0)
		return rc;
	ret->seq = (uint64_t)seq;
	memcpy(ret->hash, hash, COF_AUDIT_HASH_HEX + 1);
	return 0;
}

static int write_head(const char *path, const cof_audit_head *head, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	if (path == NULL)
		return 0;
	int rc = cof_buf_printf(&text, err, "{\"seq\":%llu,\"hash\":\"%s\"}\n", (unsigned long long)head->seq,
				head->hash);
	return rc < 0 ? rc : cof_file_write(path, cof_buf_span(&text), 0600, err);
}

/* The whole chain from its first line, and that it goes through the line that was last seen. */
static int check_audit(const settings *s, cof_audit_head *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_admin_client) c = NULL;
	cof_audit_head seen = {0}, all = {0}, after = {0};
	int rc = read_head(s->head, &seen, err);
	if (rc == 0)
		rc = connect_to(s, &c, err);
	if (rc == 0)
		rc = cof_admin_client_audit(c, &all, true, NULL, err);
	if (rc == 0 && all.seq < seen.seq)
		rc = cof_err_set(err, COF_E_CRYPTO, "audit-cut", "line %llu was there before",
				 (unsigned long long)seen.seq);
	after = seen;
	if (rc == 0)
		rc = cof_admin_client_audit(c, &after, true, NULL, err);
	if (rc == 0)
		*ret = after.seq > all.seq ? after : all;
	return rc;
}

static int verb_verify_audit(int argc, char **argv)
{
	settings s;
	cof_audit_head head = {0};
	cof_err err = {0};
	int rc = parse(argc, argv, "[--head FILE]  (keeps the last head there, and checks that the log continues it)",
		       0, &s);
	if (rc != 0 || s.help)
		return rc;
	rc = check_audit(&s, &head, &err);
	if (rc == 0)
		rc = write_head(s.head, &head, &err);
	if (rc < 0)
		return cof_cli_fail(&err, s.json);
	if (!s.json) {
		(void)printf("audit log unbroken: %llu lines, head %s\n", (unsigned long long)head.seq, head.hash);
		return COF_EXIT_YES;
	}
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:b, s:I, s:s}", "ok", 1, "lines", (json_int_t)head.seq, "head", head.hash);
	return o != NULL ? cof_cli_print_json(o) : COF_EXIT_USAGE;
}

const cof_verb cof_verbs_kbs[] = {
	{"set-resource", "store a secret", verb_set_resource},
	{"delete-resource", "forget a secret", verb_delete_resource},
	{"set-reference", "register what a boot must measure", verb_set_reference},
	{"delete-reference", "withdraw a set of reference values", verb_delete_reference},
	{"set-initdata", "register an initdata digest", verb_set_initdata},
	{"set-policy", "set which guest gets which secret", verb_set_policy},
	{"set-ek-root", "enrol the CAs of TPMs", verb_set_ek_root},
	{"get-audit", "print the audit log", verb_get_audit},
	{"verify-audit", "check the audit log's chain", verb_verify_audit},
	{0},
};
