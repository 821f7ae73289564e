/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

#include "common/cleanup.h"

COF_DEFINE_AUTO_PTR(CURLU, curl_url_cleanup)

enum { FLAGS = CURLU_DISALLOW_USER | CURLU_URLENCODE };

static bool take_part(CURLU *u, CURLUPart part, unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	if (curl_url_get(u, part, &text, flags) != CURLUE_OK)
		return false;
	int n = snprintf(out, size, "%s", text);
	curl_free(text);
	return n > 0 && (size_t)n < size;
}

static bool take_origin(CURLU *u, cof_origin *o)
{
	if (!take_part(u, CURLUPART_SCHEME, 0, o->scheme, sizeof o->scheme) ||
	    !take_part(u, CURLUPART_HOST, 0, o->host, sizeof o->host) ||
	    !take_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, o->port, sizeof o->port))
		return false;
	for (char *c = o->host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	size_t n = strlen(o->host);
	if (n > 1 && o->host[n - 1] == '.')
		o->host[n - 1] = '\0';
	return strcmp(o->scheme, "https") == 0 || strcmp(o->scheme, "http") == 0;
}

int cof_origin_of(const char *url, cof_origin *ret, cof_err *err)
{
	COF_AUTO_PTR(CURLU) u = curl_url();
	if (u == NULL)
		return cof_err_oom(err);
	cof_origin o = {0};
	if (curl_url_set(u, CURLUPART_URL, url, FLAGS) != CURLUE_OK || !take_origin(u, &o))
		return cof_err_set(err, COF_E_USAGE, "http-url", "not the URL of a web server");
	*ret = o;
	return 0;
}

bool cof_origin_equal(const cof_origin *a, const cof_origin *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

bool cof_origin_at(const cof_origin *o, const char *where)
{
	size_t host = strlen(o->host);
	return strncasecmp(where, o->host, host) == 0 && where[host] == ':' && strcmp(where + host + 1, o->port) == 0;
}

int cof_url_follow(const char *url, const char *location, char **ret, cof_err *err)
{
	COF_AUTO_PTR(CURLU) u = curl_url();
	if (u == NULL)
		return cof_err_oom(err);
	cof_origin from = {0}, to = {0};
	char *text = NULL;
	if (curl_url_set(u, CURLUPART_URL, url, FLAGS) != CURLUE_OK || !take_origin(u, &from) ||
	    curl_url_set(u, CURLUPART_URL, location, FLAGS) != CURLUE_OK || !take_origin(u, &to))
		return cof_err_set(err, COF_E_MALFORMED, "http-redirect", "a redirect to what is no web server's URL");
	if (strcmp(from.scheme, "https") == 0 && strcmp(to.scheme, "https") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "http-redirect", "a redirect out of https");
	if (curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return cof_err_oom(err);
	*ret = strdup(text);
	curl_free(text);
	return *ret == NULL ? cof_err_oom(err) : 0;
}
