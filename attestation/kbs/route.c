/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/route.h"

#include "common/rd.h"
#include "common/secret.h"

typedef enum tail { TAIL_NONE, TAIL_RESOURCE, TAIL_NAME } tail;

typedef struct route {
	const char *name;
	const char *method;
	const char *prefix;
	tail tail;
} route;

static const route routes[COF_ROUTES] = {
	[COF_ROUTE_HEALTH] = {"health", "GET", "/healthz", TAIL_NONE},
	[COF_ROUTE_AUTH] = {"auth", "POST", "/kbs/v0/auth", TAIL_NONE},
	[COF_ROUTE_ATTEST] = {"attest", "POST", "/kbs/v0/attest", TAIL_NONE},
	[COF_ROUTE_RESOURCE_GET] = {"get-resource", "GET", "/kbs/v0/resource/", TAIL_RESOURCE},
	[COF_ROUTE_RESOURCE_PUT] = {"set-resource", "POST", "/kbs/v0/resource/", TAIL_RESOURCE},
	[COF_ROUTE_RESOURCE_DELETE] = {"delete-resource", "DELETE", "/kbs/v0/resource/", TAIL_RESOURCE},
	[COF_ROUTE_POLICY_PUT] = {"set-policy", "POST", "/kbs/v0/resource-policy", TAIL_NONE},
	[COF_ROUTE_REFERENCE_PUT] = {"set-reference", "POST", "/kbs/v0/reference-value", TAIL_NONE},
	[COF_ROUTE_REFERENCE_DELETE] = {"delete-reference", "DELETE", "/kbs/v0/reference-value/", TAIL_NAME},
	[COF_ROUTE_INITDATA_PUT] = {"set-initdata", "POST", "/kbs/v0/initdata", TAIL_NONE},
	[COF_ROUTE_INITDATA_DELETE] = {"delete-initdata", "DELETE", "/kbs/v0/initdata/", TAIL_NAME},
	[COF_ROUTE_EK_ROOT_PUT] = {"set-ek-root", "POST", "/kbs/v0/ek-root", TAIL_NONE},
	[COF_ROUTE_EK_ROOT_DELETE] = {"delete-ek-root", "DELETE", "/kbs/v0/ek-root/", TAIL_NAME},
	[COF_ROUTE_AUDIT] = {"get-audit", "GET", "/kbs/v0/audit", TAIL_NONE},
};

static bool is(cof_span a, const char *b)
{
	return cof_ct_equal(a, cof_span_str(b));
}

bool cof_kb_name_ok(cof_span s)
{
	if (s.len == 0 || s.len > COF_KB_WORD_MAX)
		return false;
	cof_rd r = cof_rd_of(s);
	while (r.left > 0) {
		size_t n = 0;
		while (n < r.left && r.at[n] != '/')
			n++;
		if (!cof_kb_segment_ok(cof_rd_bytes(&r, n)))
			return false;
		if (r.left > 0 && (cof_rd_skip(&r, 1), r.left == 0))
			return false;
	}
	return true;
}

static bool resource_ok(cof_span s, cof_span part[3])
{
	cof_rd r = cof_rd_of(s);
	for (size_t i = 0; i < 3; i++) {
		size_t n = 0;
		while (n < r.left && r.at[n] != '/')
			n++;
		part[i] = cof_rd_bytes(&r, n);
		if (!cof_kb_segment_ok(part[i]))
			return false;
		if (i < 2)
			cof_rd_skip(&r, 1);
	}
	return cof_rd_end(&r);
}

static bool path_fits(const route *t, cof_span path, cof_kb_match *m)
{
	size_t n = strlen(t->prefix);
	if (t->tail == TAIL_NONE)
		return is(path, t->prefix);
	if (path.len < n || !cof_ct_equal(cof_span_of(path.data, n), cof_span_str(t->prefix)))
		return false;
	cof_span rest = cof_span_of(path.data + n, path.len - n);
	if (t->tail == TAIL_RESOURCE)
		return resource_ok(rest, m->part);
	m->part[0] = rest;
	return cof_kb_name_ok(rest);
}

/* Only the audit route has a query: "from=N". */
static bool query_ok(enum cof_kb_route r, cof_span query, cof_kb_match *m)
{
	m->from = 1;
	if (query.data == NULL)
		return true;
	cof_rd rd = cof_rd_of(query);
	if (r != COF_ROUTE_AUDIT || !is(cof_rd_bytes(&rd, 5), "from=") || rd.left == 0 || rd.left > 18)
		return false;
	m->from = 0;
	while (rd.left > 0) {
		uint8_t c = cof_rd_u8(&rd);
		if (c < '0' || c > '9')
			return false;
		m->from = m->from * 10 + (uint64_t)(c - '0');
	}
	return true;
}

static void split_query(cof_span target, cof_span *path, cof_span *query)
{
	size_t n = 0;
	while (n < target.len && target.data[n] != '?')
		n++;
	*path = cof_span_of(target.data, n);
	*query = n < target.len ? cof_span_of(target.data + n + 1, target.len - n - 1) : (cof_span){0};
}

int cof_kb_route_of(cof_span method, cof_span target, cof_kb_match *ret, cof_err *err)
{
	cof_span path, query;
	bool known = false;
	split_query(target, &path, &query);
	for (unsigned i = 1; i < COF_ROUTES && target.len <= COF_KB_TARGET_MAX; i++) {
		cof_kb_match m = {.route = (enum cof_kb_route)i, .path = path};
		if (!path_fits(&routes[i], path, &m) || !query_ok(m.route, query, &m))
			continue;
		known = true;
		if (!is(method, routes[i].method))
			continue;
		*ret = m;
		return 0;
	}
	if (known)
		return cof_err_set(err, COF_E_MALFORMED, "bad-method", "this path has other methods");
	return cof_err_set(err, COF_E_MALFORMED, "bad-path", "no such path");
}

bool cof_kb_route_is_admin(enum cof_kb_route r)
{
	return r >= COF_ROUTE_RESOURCE_PUT && r < COF_ROUTES;
}

const char *cof_kb_route_method(enum cof_kb_route r)
{
	return (unsigned)r < COF_ROUTES ? routes[r].method : NULL;
}

const char *cof_kb_route_path(enum cof_kb_route r)
{
	return (unsigned)r < COF_ROUTES ? routes[r].prefix : NULL;
}

const char *cof_kb_route_name(enum cof_kb_route r)
{
	return (unsigned)r < COF_ROUTES && routes[r].name != NULL ? routes[r].name : "none";
}
