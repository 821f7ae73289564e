/* SPDX-License-Identifier: Apache-2.0 */
/* Init's side of the keeper's channel: requests as JSON, one reply each. */
#include "agent/keeper.h"

enum { CLASSES_MAX = COF_E_INTERNAL };

/* Takes doc. */
static int send_json(int chan, uint32_t type, json_t *doc, const int *fd, cof_err *err)
{
	COF_AUTO_PTR(json_t) owned = doc;
	COF_AUTO(cof_buf) body = {0};
	if (doc == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "keeper-malformed", "a request that is no text");
	int r = cof_json_dump(doc, &body, err);
	return r < 0 ? r : cof_chan_send(chan, type, cof_buf_span(&body), fd, fd != NULL ? 1 : 0, err);
}

int cof_keeper_send_start(int chan, const cof_keeper_start *start, cof_err *err)
{
	return send_json(chan, COF_KEEPER_START,
			 json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "initdata", start->initdata, "root", start->root,
				   "runtime_log", start->runtime_log, "tcti", start->tcti, "eventlog", start->eventlog,
				   "rest_port", start->rest_port),
			 NULL, err);
}

int cof_keeper_send_hosts(int chan, const char *const *lines, size_t n, cof_err *err)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, json_string(lines[i])) < 0) {
			json_decref(list);
			return cof_err_oom(err);
		}
	}
	return send_json(chan, COF_KEEPER_HOSTS, json_pack("{s:o}", "hosts", list), NULL, err);
}

int cof_keeper_send_attest(int chan, int timeout_ms, cof_err *err)
{
	return send_json(chan, COF_KEEPER_ATTEST, json_pack("{s:i}", "timeout_ms", timeout_ms), NULL, err);
}

int cof_keeper_send_unwrap(int chan, const char *packet, int timeout_ms, int key_pipe, cof_err *err)
{
	return send_json(chan, COF_KEEPER_UNWRAP, json_pack("{s:s, s:i}", "packet", packet, "timeout_ms", timeout_ms),
			 &key_pipe, err);
}

int cof_keeper_send_image(int chan, uint32_t type, const char *reference, int timeout_ms, int pipe, cof_err *err)
{
	return send_json(chan, type, json_pack("{s:s, s:i}", "reference", reference, "timeout_ms", timeout_ms), &pipe,
			 err);
}

int cof_keeper_send_stop(int chan, cof_err *err)
{
	return send_json(chan, COF_KEEPER_STOP, json_object(), NULL, err);
}

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "keeper-malformed", "the keeper sent no reply of the known shape");
}

/* {"class", "reason", "text", "refusal"}: always an error, whatever it says. */
static int take_error(const json_t *doc, json_t **ret_refusal, cof_err *err)
{
	json_int_t cls = 0;
	const char *reason = NULL, *text = NULL;
	json_t *refusal = json_object_get(doc, "refusal");
	if (cof_json_int(doc, "class", 1, CLASSES_MAX, &cls, NULL) < 0 ||
	    cof_json_str(doc, "reason", &reason, NULL) < 0 || cof_json_str(doc, "text", &text, NULL) < 0)
		return malformed(err);
	*ret_refusal = json_is_object(refusal) ? json_incref(refusal) : NULL;
	return cof_err_set(err, (cof_class)cls, reason, "%s", text);
}

int cof_keeper_recv(int chan, json_t **ret_ok, json_t **ret_refusal, cof_err *err)
{
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	*ret_refusal = NULL;
	cof_err why = {0};
	int r = cof_chan_recv(chan, &m, &why);
	if (r < 0 && (cof_err_is(&why, "peer-closed") || cof_err_is(&why, "peer-timeout")))
		return cof_err_set(err, COF_E_UNAVAILABLE, "keeper-gone", "the keeper has ended");
	/* Nothing behind a broken message can be told from an answer. */
	if (r < 0)
		return malformed(err);
	if (cof_json_parse(cof_buf_span(&m.body), &doc, NULL) < 0 || !json_is_object(doc))
		return malformed(err);
	if (m.type == COF_KEEPER_ERR)
		return take_error(doc, ret_refusal, err);
	if (m.type != COF_KEEPER_OK)
		return malformed(err);
	*ret_ok = cof_steal(&doc);
	return 0;
}
