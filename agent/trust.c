/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust.h"

#include <sys/socket.h>

typedef struct waiting {
	cof_trust_done done; /* NULL: forgotten, its reply is dropped */
	void *arg;
} waiting;

struct cof_trust {
	cof_helper *helper; /* NULL: died */
	cof_err died;
	waiting queue[COF_TRUST_WAITING_MAX];
	size_t n;
};

static waiting pop(cof_trust *t)
{
	waiting w = t->queue[0];
	t->n--;
	memmove(&t->queue[0], &t->queue[1], t->n * sizeof t->queue[0]);
	return w;
}

static void all_fail(cof_trust *t, const cof_err *why)
{
	t->died = *why;
	cof_helper_free(t->helper);
	t->helper = NULL;
	while (t->n > 0) {
		waiting w = pop(t);
		if (w.done != NULL)
			w.done(w.arg, NULL, NULL, &t->died);
	}
}

static int set_died(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "keeper-died", "the guest's keeper process ended");
}

/* The keeper speaks only when asked: anything else, a broken message, or its end, is its death. */
static void on_readable(void *arg)
{
	cof_trust *t = arg;
	COF_AUTO_PTR(json_t) ok = NULL;
	COF_AUTO_PTR(json_t) refusal = NULL;
	cof_err why = {0};
	int r = cof_keeper_recv(cof_helper_chan(t->helper), &ok, &refusal, &why);
	bool gone = r < 0 && (cof_err_is(&why, "keeper-gone") || cof_err_is(&why, "keeper-malformed") ||
			      cof_err_is(&why, "peer-closed"));
	if (gone || t->n == 0) {
		(void)!set_died(&why);
		all_fail(t, &why);
		return;
	}
	waiting w = pop(t);
	if (w.done != NULL)
		w.done(w.arg, r < 0 ? NULL : ok, refusal, r < 0 ? &why : NULL);
}

static int check(const cof_trust *t, cof_err *err)
{
	if (t->helper == NULL)
		return cof_err_set(err, t->died.cls, t->died.reason, "%s", t->died.text);
	if (t->n == COF_TRUST_WAITING_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-calls", "the keeper is busy");
	return 0;
}

/* A question may be the first to find that the keeper is gone. Half of one, behind which nothing makes sense, is the
 * same; those who wait hear of it from the loop. */
static int queued(cof_trust *t, int sent, cof_trust_done done, void *arg, cof_err *err)
{
	if (sent < 0 && (cof_err_is(err, "peer-closed") || cof_err_is(err, "peer-timeout"))) {
		(void)shutdown(cof_helper_chan(t->helper), SHUT_RDWR);
		return set_died(err);
	}
	if (sent < 0)
		return sent;
	t->queue[t->n++] = (waiting){done, arg};
	return 0;
}

int cof_trust_open(cof_trust **ret, const cof_helper_opts *helper, const cof_keeper_start *start, cof_trust_done done,
		   void *arg, cof_err *err)
{
	COF_AUTO_PTR(cof_trust) t = calloc(1, sizeof *t);
	if (t == NULL)
		return cof_err_oom(err);
	cof_helper_opts opts = *helper;
	opts.role = "keeper";
	opts.readable = on_readable;
	opts.arg = t;
	int r = cof_helper_start(&t->helper, &opts, err);
	if (r < 0)
		return r;
	r = cof_keeper_send_start(cof_helper_chan(t->helper), start, err);
	r = queued(t, r, done, arg, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&t);
	return 0;
}

void cof_trust_free(cof_trust *t)
{
	if (t->helper != NULL)
		cof_helper_free(t->helper);
	free(t);
}

int cof_trust_hosts(cof_trust *t, char *const *lines, size_t n, cof_trust_done done, void *arg, cof_err *err)
{
	int r = check(t, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE const char **copy = calloc(n + 1, sizeof *copy);
	if (copy == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < n; i++)
		copy[i] = lines[i];
	r = cof_keeper_send_hosts(cof_helper_chan(t->helper), copy, n, err);
	return queued(t, r, done, arg, err);
}

int cof_trust_attest(cof_trust *t, int timeout_ms, cof_trust_done done, void *arg, cof_err *err)
{
	int r = check(t, err);
	if (r < 0)
		return r;
	r = cof_keeper_send_attest(cof_helper_chan(t->helper), timeout_ms, err);
	return queued(t, r, done, arg, err);
}

int cof_trust_unwrap(cof_trust *t, const char *packet, int key_pipe, cof_trust_done done, void *arg, cof_err *err)
{
	int r = check(t, err);
	if (r < 0)
		return r;
	r = cof_keeper_send_unwrap(cof_helper_chan(t->helper), packet, COF_TRUST_KEY_MS, key_pipe, err);
	return queued(t, r, done, arg, err);
}

int cof_trust_image(cof_trust *t, uint32_t type, const char *reference, int pipe, cof_trust_done done, void *arg,
		    cof_err *err)
{
	int r = check(t, err);
	if (r < 0)
		return r;
	r = cof_keeper_send_image(cof_helper_chan(t->helper), type, reference, COF_TRUST_KEY_MS, pipe, err);
	return queued(t, r, done, arg, err);
}

void cof_trust_forget(cof_trust *t, const void *arg)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->queue[i].arg == arg)
			t->queue[i].done = NULL;
}
