/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper.h"

#include <signal.h>

#include "agent/kbs_token.h"
#include "agent/keeper_image.h"
#include "agent/keeper_int.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/initdata.h"
#include "common/toml.h"
#include "image-decrypt/ocicrypt.h"

enum { HOSTS_MAX = 64 };

static void keeper_release(cof_keeper *k)
{
	if (k->rest != NULL)
		cof_rest_free(k->rest);
	if (k->kbs != NULL)
		cof_kbs_client_free(k->kbs);
	if (k->attester != NULL)
		k->backend->free(k->attester);
	if (k->readable != NULL)
		event_free(k->readable);
	if (k->base != NULL)
		event_base_free(k->base);
	if (k->policy != NULL)
		cof_policy_free(k->policy);
	cof_cdh_release(&k->cdh);
	cof_keeper_keys_release(&k->keys);
	cof_fd_close(&k->chan);
}
COF_DEFINE_AUTO(cof_keeper, keeper_release)

/* --- START --- */

typedef struct start_args {
	const char *initdata, *root, *runtime_log, *tcti, *eventlog;
	json_int_t rest_port;
} start_args;

static int read_start(const json_t *doc, start_args *ret, cof_err *err)
{
	int r = cof_json_str(doc, "initdata", &ret->initdata, err);
	if (r == 0)
		r = cof_json_str(doc, "root", &ret->root, err);
	if (r == 0)
		r = cof_json_str(doc, "runtime_log", &ret->runtime_log, err);
	if (r == 0)
		r = cof_json_str(doc, "tcti", &ret->tcti, err);
	if (r == 0)
		r = cof_json_str(doc, "eventlog", &ret->eventlog, err);
	return r < 0 ? r : cof_json_int(doc, "rest_port", -1, 65535, &ret->rest_port, err);
}

/* Before anything that initdata says is followed: what the owner wrote is part of what this machine proves. */
static int bind_initdata(cof_keeper *k, const start_args *in, const cof_initdata *initdata, cof_err *err)
{
	const cof_attester_opts opts = {.root = in->root,
					.tcti = in->tcti,
					.eventlog = in->eventlog[0] != '\0' ? in->eventlog : NULL,
					.runtime_log = in->runtime_log[0] != '\0' ? in->runtime_log : NULL};
	int r = cof_attester_detect(&opts, &k->backend, err);
	if (r == 0)
		r = k->backend->open(&k->attester, &opts, err);
	return r < 0 ? r : k->backend->bind_initdata(k->attester, &initdata->digest, err);
}

/* spec: CoCo attestation-agent configuration, [token_configs.kbs] url and cert (PEM) */
static int open_kbs(cof_keeper *k, const start_args *in, const char *aa_toml, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *url = NULL, *cert = NULL;
	int r = cof_toml_parse(cof_span_str(aa_toml), &doc, err);
	if (r < 0)
		return cof_err_wrap(err, "aa.toml");
	const json_t *kbs = json_object_get(json_object_get(doc, "token_configs"), "kbs");
	if (kbs == NULL)
		return 0;
	r = cof_json_str(kbs, "url", &url, err);
	if (r == 0)
		r = cof_json_str(kbs, "cert", &cert, err);
	if (r < 0)
		return cof_err_wrap(err, "aa.toml: token_configs.kbs");
	const cof_kbs_client_opts opts = {.url = url,
					  .ca_pem = cof_span_str(cert),
					  .initdata = in->initdata,
					  .backend = k->backend,
					  .attester = k->attester};
	return cof_kbs_client_new(&k->kbs, &opts, err);
}

static int read_policy(cof_keeper *k, const cof_initdata *initdata, cof_err *err)
{
	const char *text = cof_initdata_entry(initdata, "policy.json");
	if (text == NULL)
		return cof_err_set(err, COF_E_POLICY, "policy-missing", "initdata holds no policy.json");
	return cof_policy_parse(cof_span_str(text), &k->policy, err);
}

static int on_start(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_initdata) initdata = {0};
	start_args in = {0};
	char digest[COF_DIGEST_STR_MAX];
	(void)m;
	if (k->started)
		return cof_err_set(err, COF_E_USAGE, "keeper-started", "a second start");
	k->started = true;
	int r = read_start(doc, &in, err);
	if (r == 0)
		r = cof_initdata_parse(cof_span_str(in.initdata), &initdata, err);
	if (r == 0)
		r = bind_initdata(k, &in, &initdata, err);
	if (r == 0)
		r = read_policy(k, &initdata, err);
	if (r == 0)
		r = cof_cdh_parse(cof_initdata_entry(&initdata, "cdh.toml"), &k->cdh, err);
	const char *aa_toml = r == 0 ? cof_initdata_entry(&initdata, "aa.toml") : NULL;
	if (aa_toml != NULL)
		r = open_kbs(k, &in, aa_toml, err);
	if (r == 0)
		r = cof_keeper_open_rest(k, (int)in.rest_port, err);
	if (r < 0)
		return r;
	cof_digest_str(&initdata.digest, digest);
	*ret = json_pack("{s:s, s:i, s:s}", "tee", k->backend->tee, "rest_port",
			 k->rest != NULL ? cof_rest_port(k->rest) : -1, "initdata_digest", digest);
	return 0;
}

/* --- the other requests --- */

static int on_hosts(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	json_t *list = NULL;
	const char *lines[HOSTS_MAX];
	(void)m;
	int r = cof_json_arr(doc, "hosts", &list, err);
	size_t n = r < 0 ? 0 : json_array_size(list);
	if (r == 0 && n > HOSTS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "hosts-too-many", "%zu names", n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		lines[i] = json_string_value(json_array_get(list, i));
		if (lines[i] == NULL)
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'hosts' holds more than strings");
	}
	if (r == 0 && k->kbs != NULL)
		r = cof_kbs_client_hosts(k->kbs, lines, n, err);
	*ret = json_object();
	return r;
}

static int timeout_of(const json_t *doc, int *ret, cof_err *err)
{
	json_int_t ms = 0;
	int r = cof_json_int(doc, "timeout_ms", 1, COF_KEEPER_MS_MAX, &ms, err);
	*ret = (int)ms;
	return r;
}

static int on_attest(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_kbs_token_facts) facts = {0};
	int64_t from = cof_now_ms();
	int timeout = 0;
	(void)m;
	int r = timeout_of(doc, &timeout, err);
	if (r == 0)
		r = cof_keeper_need_kbs(k, err);
	if (r == 0)
		r = cof_kbs_client_attest(k->kbs, timeout, err);
	if (r == 0)
		r = cof_kbs_token_read(cof_kbs_client_token(k->kbs), &facts, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:O, s:I}", "verdict", facts.verdict, "pcrs", facts.pcrs, "attest_ms",
			 (json_int_t)(cof_now_ms() - from));
	return 0;
}

static int get_key(void *arg, const cof_kbsp_path *path, cof_keeper_ask *ask, cof_secret *ret, cof_err *err)
{
	cof_keeper *k = arg;
	int r = cof_keeper_need_kbs(k, err);
	return r < 0 ? r : cof_kbs_client_get(k->kbs, path, ask->timeout_ms, ret, &ask->refusal, err);
}

/* What every request that writes into a pipe has: its deadline and that pipe. */
static int asked(const json_t *doc, const cof_msg *m, cof_keeper_ask *ret, cof_err *err)
{
	*ret = (cof_keeper_ask){.refusal = {.pcr = -1}};
	int r = timeout_of(doc, &ret->timeout_ms, err);
	if (r == 0 && m->n_fds != 1)
		r = cof_err_set(err, COF_E_MALFORMED, "keeper-malformed", "no pipe for the answer");
	return r;
}

/* The reply's object: nothing, or what the broker said when it refused. */
static void take_refusal(int r, const cof_keeper_ask *ask, json_t **ret)
{
	if (r == 0)
		*ret = json_object();
	else if (ask->refusal.reason[0] != '\0' && cof_kbsp_refusal_json(&ask->refusal, ret, NULL) < 0)
		*ret = NULL;
}

static int on_unwrap(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	cof_keeper_ask ask;
	const char *packet = NULL;
	int r = asked(doc, m, &ask, err);
	if (r == 0)
		r = cof_json_str(doc, "packet", &packet, err);
	if (r == 0)
		r = cof_keeper_need_kbs(k, err);
	if (r == 0)
		r = cof_keeper_keys_open(&k->keys, packet, &ask, get_key, k, &key, err);
	if (r == 0)
		r = cof_layer_key_write(m->fds[0], &key, err);
	take_refusal(r, &ask, ret);
	return r;
}

/* Init says for which image; which resources that takes, initdata says. */
static int on_image(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_secret) record = {0};
	cof_keeper_ask ask;
	cof_ref ref;
	const char *reference = NULL;
	bool logins = m->type == COF_KEEPER_LOGINS;
	int r = asked(doc, m, &ask, err);
	if (r == 0)
		r = cof_json_str(doc, "reference", &reference, err);
	if (r == 0)
		r = cof_ref_parse(reference, &ref, err);
	if (r < 0)
		return r;
	const cof_keeper_image in = {.cdh = &k->cdh, .ref = &ref, .ask = &ask, .get = get_key, .arg = k};
	r = logins ? cof_keeper_logins(&in, &record, err) : cof_keeper_signers(&in, &record, err);
	if (r == 0)
		r = cof_fd_write_all(m->fds[0], cof_secret_span(&record), err);
	take_refusal(r, &ask, ret);
	return r;
}

static int on_stop(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err)
{
	(void)doc;
	(void)m;
	(void)err;
	k->broken = true;
	*ret = json_object();
	return 0;
}

/* --- the channel --- */

typedef struct request {
	uint32_t type;
	bool before_start;
	/* *ret is the reply's object; on failure the refusal, or NULL. */
	int (*serve)(cof_keeper *k, const json_t *doc, cof_msg *m, json_t **ret, cof_err *err);
} request;

static const request requests[] = {
	{COF_KEEPER_START, true, on_start},    {COF_KEEPER_HOSTS, false, on_hosts},
	{COF_KEEPER_ATTEST, false, on_attest}, {COF_KEEPER_UNWRAP, false, on_unwrap},
	{COF_KEEPER_LOGINS, false, on_image},  {COF_KEEPER_SIGNERS, false, on_image},
	{COF_KEEPER_STOP, true, on_stop},
};

static const request *find_request(uint32_t type)
{
	for (size_t i = 0; i < COF_COUNT(requests); i++)
		if (requests[i].type == type)
			return &requests[i];
	return NULL;
}

static int serve(cof_keeper *k, cof_msg *m, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const request *q = find_request(m->type);
	if (q == NULL || (!q->before_start && !k->started))
		return cof_err_set(err, COF_E_USAGE, "keeper-order", "request %u now", (unsigned)m->type);
	int r = cof_json_parse(cof_buf_span(&m->body), &doc, err);
	return r < 0 ? r : q->serve(k, doc, m, ret, err);
}

static int reply(cof_keeper *k, int served, json_t *result, const cof_err *why, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) body = {0};
	if (served == 0)
		doc = json_incref(result);
	else
		doc = json_pack("{s:i, s:s, s:s, s:O?}", "class", (int)why->cls, "reason", why->reason, "text",
				why->text, "refusal", result);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(doc, &body, err);
	if (r < 0)
		return r;
	return cof_chan_send(k->chan, served == 0 ? COF_KEEPER_OK : COF_KEEPER_ERR, cof_buf_span(&body), NULL, 0, err);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	cof_keeper *k = arg;
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) result = NULL;
	cof_err why = {0};
	(void)what;
	int r = cof_chan_recv(fd, &m, &why);
	if (r == 0) {
		int served = serve(k, &m, &result, &why);
		cof_msg_release(&m); /* the key's pipe ends here, before init hears the answer */
		r = reply(k, served, result, &why, &why);
	}
	if (r < 0 || k->broken)
		(void)event_base_loopbreak(k->base);
}

int cof_keeper_main(int chan_fd)
{
	COF_AUTO(cof_keeper) k = {.chan = chan_fd};
	cof_secret_process_init();
	/* A workload that hangs up, a broker, an unpacker that is gone before its key came: none may end the keeper. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setenv("TSS2_LOG", "all+none",
		     1); /* our errors say what failed; its lines would reach the host's console */
	k.base = event_base_new();
	if (k.base == NULL)
		return 2;
	k.readable = event_new(k.base, k.chan, EV_READ | EV_PERSIST, on_readable, &k);
	if (k.readable == NULL || event_add(k.readable, NULL) < 0)
		return 2;
	return event_base_dispatch(k.base) < 0 ? 2 : 0;
}
