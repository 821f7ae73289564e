/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cdh.h"

#include "common/toml.h"

void cof_cdh_release(cof_cdh *c)
{
	for (size_t i = 0; i < c->n_mirrors; i++) {
		free(c->mirrors[i].host);
		free(c->mirrors[i].url);
	}
	cof_words_release(&c->no_proxy);
	cof_words_release(&c->token_servers);
	free(c->registry_ca);
	free(c->proxy);
	free(c->credentials_uri);
	free(c->policy_uri);
	free(c->policy);
	*c = (cof_cdh){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "initdata-malformed", "cdh.toml: %s", what);
}

static int copy(const char *from, char **ret, cof_err *err)
{
	*ret = from == NULL ? NULL : strdup(from);
	return from != NULL && *ret == NULL ? cof_err_oom(err) : 0;
}

static int opt_text(const json_t *obj, const char *key, char **ret, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_opt_str(obj, key, &s, err);
	return r < 0 ? r : copy(s, ret, err);
}

static int take_certificates(const json_t *image, cof_cdh *c, cof_err *err)
{
	COF_AUTO(cof_buf) pem = cof_buf_capped(COF_CDH_CA_MAX);
	json_t *list = json_object_get(image, "extra_root_certificates");
	if (list != NULL && !json_is_array(list))
		return malformed(err, "extra_root_certificates is not a list");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *one = json_string_value(json_array_get(list, i));
		if (one == NULL)
			return malformed(err, "extra_root_certificates holds more than strings");
		int r = cof_buf_printf(&pem, err, "%s\n", one);
		if (r < 0)
			return r;
	}
	return copy(cof_buf_str(&pem), &c->registry_ca, err);
}

/* --- ways --- */

/* "a, b,c": names, addresses and networks. */
static int add_hosts(const char *list, cof_words *to, cof_err *err)
{
	static const char between[] = ", \t";
	while (*(list += strspn(list, between)) != '\0') {
		size_t n = strcspn(list, between);
		COF_AUTO_FREE char *word = strndup(list, n);
		if (word == NULL)
			return cof_err_oom(err);
		if (to->n == COF_POLICY_WORDS_MAX)
			return malformed(err, "too many hosts without a proxy");
		int r = cof_words_add(to, word, err);
		if (r < 0)
			return r;
		list += n;
	}
	return 0;
}

/* skip_proxy_ips is the older name of the same. */
static int take_proxy(const json_t *image, cof_cdh *c, cof_err *err)
{
	const json_t *proxy = json_object_get(image, "image_pull_proxy");
	const char *direct = NULL, *older = NULL;
	int r = cof_json_opt_str(image, "skip_proxy_ips", &older, err);
	if (r == 0 && older != NULL)
		r = add_hosts(older, &c->no_proxy, err);
	if (r < 0 || proxy == NULL)
		return r;
	if (!json_is_object(proxy))
		return malformed(err, "image_pull_proxy is not a table");
	r = opt_text(proxy, "https_proxy", &c->proxy, err);
	if (r == 0)
		r = cof_json_opt_str(proxy, "no_proxy", &direct, err);
	return r == 0 && direct != NULL ? add_hosts(direct, &c->no_proxy, err) : r;
}

static int add_mirror(const char *host, const json_t *url, cof_cdh *c, cof_err *err)
{
	cof_cdh_mirror *m = &c->mirrors[c->n_mirrors];
	const char *text = json_string_value(url);
	if (host[0] == '\0' || text == NULL || strncmp(text, "https://", 8) != 0 ||
	    strlen(text) != json_string_length(url))
		return malformed(err, "registry_mirrors holds more than https URLs");
	if (c->n_mirrors == COF_CDH_MIRRORS_MAX)
		return malformed(err, "too many registry_mirrors");
	c->n_mirrors++;
	int r = copy(host, &m->host, err);
	return r < 0 ? r : copy(text, &m->url, err);
}

/* [image.registry_mirrors] "docker.io" = ["https://mirror.example/hub"]: asked in order. */
static int take_mirrors(const json_t *image, cof_cdh *c, cof_err *err)
{
	const char *host = NULL;
	json_t *urls = NULL;
	json_t *table = json_object_get(image, "registry_mirrors");
	if (table != NULL && !json_is_object(table))
		return malformed(err, "registry_mirrors is not a table");
	json_object_foreach (table, host, urls) {
		if (!json_is_array(urls))
			return malformed(err, "registry_mirrors holds more than lists");
		for (size_t i = 0; i < json_array_size(urls); i++) {
			int r = add_mirror(host, json_array_get(urls, i), c, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int take_token_servers(const json_t *image, cof_cdh *c, cof_err *err)
{
	json_t *list = json_object_get(image, "registry_token_servers");
	if (list != NULL && (!json_is_array(list) || json_array_size(list) > COF_CDH_MIRRORS_MAX))
		return malformed(err, "registry_token_servers is not a short list");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *host = json_string_value(json_array_get(list, i));
		if (host == NULL || host[0] == '\0' || strpbrk(host, "/@ ") != NULL)
			return malformed(err, "registry_token_servers holds more than hosts");
		int r = cof_words_add(&c->token_servers, host, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- what is fetched from the broker --- */

static int opt_uri(const json_t *image, const char *key, char **ret, cof_err *err)
{
	cof_kbsp_path path;
	int r = opt_text(image, key, ret, err);
	if (r == 0 && *ret != NULL && strncmp(*ret, "kbs:///", 7) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "initdata-malformed", "cdh.toml: %s is not kbs:///…", key);
	if (r == 0 && *ret != NULL)
		r = cof_kbsp_uri_parse(*ret, &path, err);
	return r;
}

static int take_policy(const json_t *image, cof_cdh *c, cof_err *err)
{
	int r = opt_uri(image, "image_security_policy_uri", &c->policy_uri, err);
	if (r == 0)
		r = opt_text(image, "image_security_policy", &c->policy, err);
	if (r == 0 && c->policy != NULL && c->policy_uri != NULL)
		return malformed(err, "an image_security_policy beside the URI of one");
	return r;
}

static int take_parallel(const json_t *image, cof_cdh *c, cof_err *err)
{
	static const char key[] = "max_concurrent_layer_downloads_per_image";
	json_int_t n = 0;
	if (json_object_get(image, key) == NULL)
		return 0;
	int r = cof_json_int(image, key, 1, INT32_MAX, &n, err);
	c->parallel = n < COF_CDH_PARALLEL_MAX ? (size_t)n : COF_CDH_PARALLEL_MAX;
	return r;
}

static int take_image(const json_t *image, cof_cdh *c, cof_err *err)
{
	int r = take_certificates(image, c, err);
	if (r == 0)
		r = take_proxy(image, c, err);
	if (r == 0)
		r = take_mirrors(image, c, err);
	if (r == 0)
		r = take_token_servers(image, c, err);
	if (r == 0)
		r = opt_uri(image, "authenticated_registry_credentials_uri", &c->credentials_uri, err);
	if (r == 0)
		r = take_policy(image, c, err);
	return r < 0 ? r : take_parallel(image, c, err);
}

int cof_cdh_parse(const char *toml, cof_cdh *ret, cof_err *err)
{
	COF_AUTO(cof_cdh) c = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	int r = toml == NULL ? 0 : cof_toml_parse(cof_span_str(toml), &doc, err);
	if (r < 0)
		return cof_err_wrap(err, "cdh.toml");
	const json_t *image = json_object_get(doc, "image");
	if (image != NULL && !json_is_object(image))
		return malformed(err, "[image] is not a table");
	r = take_image(image, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (cof_cdh){0};
	return 0;
}

char *cof_cdh_mirror_host(const char *url)
{
	const char *host = url + strlen("https://");
	return strndup(host, strcspn(host, "/"));
}
