/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a pull: the fetcher is told which image, by which ways, and gets two pipes at most, into which the
 * keeper writes what is the owner's own: logins for the registry, and the policy for signatures with its keys.
 */
#include <fcntl.h>
#include <stdio.h>

#include "agent/pull_state.h"
#include "image-decrypt/reference.h"

/* --- ports --- */

/* ":PORT" at the end of the first component. */
static bool port_of(const char *place, char ret[8])
{
	size_t host = strcspn(place, "/");
	const char *colon = memchr(place, ':', host);
	size_t n = colon == NULL ? 0 : (size_t)(place + host - colon - 1);
	if (n == 0 || n >= 8 || strspn(colon + 1, "0123456789") < n)
		return false;
	memcpy(ret, colon + 1, n);
	ret[n] = '\0';
	return true;
}

/* place: "[SCHEME://]HOST[:PORT][/…]" */
static void add_port(cof_pull_ports *to, size_t *n, const char *place)
{
	const char *scheme = strstr(place, "://");
	if (*n == COF_PULL_PORTS_MAX || !port_of(scheme != NULL ? scheme + 3 : place, to->text[*n]))
		return;
	for (size_t i = 0; i < *n; i++)
		if (strcmp(to->list[i], to->text[*n]) == 0)
			return;
	to->list[*n] = to->text[*n];
	(*n)++;
}

void cof_pull_ports_of(const char *reference, const cof_cdh *cdh, cof_pull_ports *ret)
{
	size_t n = 0;
	*ret = (cof_pull_ports){0};
	add_port(ret, &n, ":443");
	add_port(ret, &n, reference);
	if (cdh->proxy != NULL)
		add_port(ret, &n, cdh->proxy);
	for (size_t i = 0; i < cdh->n_mirrors; i++)
		add_port(ret, &n, cdh->mirrors[i].url);
	for (size_t i = 0; i < cdh->token_servers.n; i++)
		add_port(ret, &n, cdh->token_servers.at[i]);
}

/* --- the keeper --- */

static void on_settings(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	cof_pull *p = arg;
	(void)ok;
	if (refusal != NULL)
		cof_watch_fact(p->opts.watch, "refusal", json_deep_copy(refusal));
	p->settings--;
	if (why != NULL)
		cof_pull_fail(p, why);
	else if (p->bare.cls != COF_OK && p->settings == 0)
		cof_pull_fail(p, &p->bare);
	else
		cof_pull_begin_layers(p);
}

/* The keeper must never have to wait for the fetcher: the whole record fits into the pipe. */
static int ask_settings(cof_pull *p, uint32_t type, int *ret_read, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "the owner's settings");
	COF_AUTO_FD int write_end = fds[1];
	*ret_read = fds[0];
	if (fcntl(write_end, F_SETPIPE_SZ, 2 * COF_KEEPER_RECORD_MAX) < COF_KEEPER_RECORD_MAX)
		return cof_err_sys(err, "pipe-failed", "the owner's settings");
	int r = cof_trust_image(p->opts.keeper, type, p->reference, write_end, on_settings, p, err);
	p->settings += r == 0;
	return r;
}

/* --- the fetcher --- */

static json_t *texts(char *const *at, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(at[i]));
	return list;
}

/* Those of this image's registry. */
static json_t *mirrors(const cof_pull *p)
{
	const cof_cdh *c = p->opts.cdh;
	cof_ref ref;
	json_t *list = json_array();
	bool known = cof_ref_parse(p->reference, &ref, NULL) == 0;
	for (size_t i = 0; known && i < c->n_mirrors; i++)
		if (strcmp(c->mirrors[i].host, ref.host) == 0)
			(void)json_array_append_new(list, json_string(c->mirrors[i].url));
	return list;
}

static int add_resolve(const cof_pull *p, json_t *doc, cof_err *err)
{
	cof_pull_ports ports;
	char **words = NULL;
	size_t n = 0;
	cof_pull_ports_of(p->reference, p->opts.cdh, &ports);
	int r = cof_hosts_resolve(p->opts.hosts, ports.list, &words, err);
	if (r < 0)
		return r;
	while (words[n] != NULL)
		n++;
	r = cof_json_set_new(doc, "resolve", texts(words, n), err);
	cof_hosts_resolve_free(words);
	return r;
}

static int send_pull(cof_pull *p, int logins, int signers, cof_err *err)
{
	const cof_cdh *c = p->opts.cdh;
	const int given[] = {logins >= 0 ? logins : signers, signers};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:b, s:b}", "reference", p->reference, "ca", c->registry_ca,
			"proxy", c->proxy, "no_proxy", texts(c->no_proxy.at, c->no_proxy.n), "token_servers",
			texts(c->token_servers.at, c->token_servers.n), "mirrors", mirrors(p), "logins", logins >= 0,
			"signers", signers >= 0);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = add_resolve(p, doc, err);
	if (r == 0)
		r = cof_json_dump(doc, &body, err);
	if (r < 0)
		return r;
	r = cof_chan_send(cof_helper_chan(p->fetcher), COF_FETCHER_PULL, cof_buf_span(&body), given,
			  (size_t)(logins >= 0) + (size_t)(signers >= 0), err);
	return r < 0 ? cof_helper_explain(p->fetcher, err) : 0;
}

int cof_pull_ask_image(cof_pull *p, cof_err *err)
{
	const cof_cdh *c = p->opts.cdh;
	COF_AUTO_FD int logins = -EBADF, signers = -EBADF;
	int r = 0;
	if (c->credentials_uri != NULL)
		r = ask_settings(p, COF_KEEPER_LOGINS, &logins, err);
	if (r == 0 && (c->policy_uri != NULL || c->policy != NULL))
		r = ask_settings(p, COF_KEEPER_SIGNERS, &signers, err);
	return r < 0 ? r : send_pull(p, logins, signers, err);
}
