/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/initdata_image.h"

#include <string.h>

#include "common/file.h"
#include "common/kbs_proto.h"

enum { PEM_MAX = 256 << 10, POLICY_MAX = 128 << 10 };

/* TOML within TOML: certificates go in as basic multi-line texts, since the outer quotes are taken. */
int cof_initdata_pem(cof_buf *to, const char *before, const char *file, const char *after, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	int r = cof_file_read(file, PEM_MAX, &pem, err);
	if (r < 0)
		return r;
	if (strstr(cof_buf_str(&pem), "-----BEGIN CERTIFICATE-----") == NULL ||
	    strpbrk(cof_buf_str(&pem), "\"\\") != NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-certificate", "%s holds no certificate in PEM", file);
	return cof_buf_printf(to, err, "%s\"\"\"\n%s\"\"\"%s\n", before, cof_buf_str(&pem), after);
}

/* A basic text of one line; what would have to be escaped is in none of ours. */
static int text(cof_buf *to, const char *key, const char *value, cof_err *err)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c == '"' || *c == '\\' || *c == '\'' || *c < 0x20 || *c == 0x7f)
			return cof_err_set(err, COF_E_USAGE, "bad-initdata", "%s: characters that it cannot have", key);
	return cof_buf_printf(to, err, "%s = \"%s\"\n", key, value);
}

static int uri(cof_buf *to, const char *key, const char *value, cof_err *err)
{
	cof_kbsp_path path;
	if (strncmp(value, "kbs:///", 7) != 0 || cof_kbsp_uri_parse(value, &path, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "resource-path", "%.200s is not kbs:///REPO/TYPE/TAG", value);
	return text(to, key, value, err);
}

/* JSON in a basic multi-line text: its quotes are escaped, so that they are never three in a row. */
static int inline_policy(cof_buf *to, const char *file, cof_err *err)
{
	COF_AUTO(cof_buf) json = {0};
	int r = cof_file_read(file, POLICY_MAX, &json, err);
	if (r == 0)
		r = cof_buf_add_str(to, "image_security_policy = \"\"\"\n", err);
	for (const char *c = cof_buf_str(&json); r == 0 && *c != '\0'; c++)
		r = *c == '"' || *c == '\\' ? cof_buf_printf(to, err, "\\%c", *c) : cof_buf_add(to, c, 1, err);
	return r < 0 ? r : cof_buf_add_str(to, "\"\"\"\n", err);
}

static int proxies(const cof_initdata_image *o, cof_buf *to, cof_err *err)
{
	int r = 0;
	if (o->proxy == NULL && o->no_proxy == NULL)
		return 0;
	if (o->proxy == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--no-proxy without --registry-proxy");
	r = cof_buf_add_str(to, "\n[image.image_pull_proxy]\n", err);
	if (r == 0)
		r = text(to, "https_proxy", o->proxy, err);
	return r == 0 && o->no_proxy != NULL ? text(to, "no_proxy", o->no_proxy, err) : r;
}

static bool same_host(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");
	return n == strcspn(b, "=") && strncmp(a, b, n) == 0;
}

/* One list for each host, in the order of the command line. */
static int mirror_list(const cof_initdata_image *o, size_t first, cof_buf *to, cof_err *err)
{
	const char *host = o->mirrors[first];
	const char *between = "";
	int r = cof_buf_printf(to, err, "\"%.*s\" = [", (int)strcspn(host, "="), host);
	for (size_t i = first; r == 0 && i < o->n_mirrors; i++) {
		if (!same_host(host, o->mirrors[i]))
			continue;
		r = cof_buf_printf(to, err, "%s\"%s\"", between, o->mirrors[i] + strcspn(host, "=") + 1);
		between = ", ";
	}
	return r < 0 ? r : cof_buf_add_str(to, "]\n", err);
}

static int mirrors(const cof_initdata_image *o, cof_buf *to, cof_err *err)
{
	int r = o->n_mirrors > 0 ? cof_buf_add_str(to, "\n[image.registry_mirrors]\n", err) : 0;
	for (size_t i = 0; r == 0 && i < o->n_mirrors; i++) {
		const char *url = strchr(o->mirrors[i], '=');
		size_t earlier = 0;
		if (url == NULL || url == o->mirrors[i] || strncmp(url, "=https://", 9) != 0 ||
		    strpbrk(o->mirrors[i], "\"'\\ \n\r\t") != NULL)
			return cof_err_set(err, COF_E_USAGE, "usage", "--registry-mirror wants HOST=https://…");
		while (!same_host(o->mirrors[earlier], o->mirrors[i]))
			earlier++;
		r = earlier == i ? mirror_list(o, i, to, err) : 0;
	}
	return r;
}

int cof_initdata_image_toml(const cof_initdata_image *o, cof_buf *to, cof_err *err)
{
	int r = 0;
	if (o->registry_ca == NULL && o->login == NULL && o->signature_policy == NULL && o->proxy == NULL &&
	    o->no_proxy == NULL && o->n_mirrors == 0)
		return 0;
	r = cof_buf_add_str(to, "\n[image]\n", err);
	if (r == 0 && o->registry_ca != NULL)
		r = cof_initdata_pem(to, "extra_root_certificates = [", o->registry_ca, "]", err);
	if (r == 0 && o->login != NULL)
		r = uri(to, "authenticated_registry_credentials_uri", o->login, err);
	if (r == 0 && o->signature_policy != NULL)
		r = strncmp(o->signature_policy, "kbs:", 4) == 0
			    ? uri(to, "image_security_policy_uri", o->signature_policy, err)
			    : inline_policy(to, o->signature_policy, err);
	if (r == 0)
		r = proxies(o, to, err);
	return r < 0 ? r : mirrors(o, to, err);
}
