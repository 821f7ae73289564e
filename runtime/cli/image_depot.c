/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_depot.h"

#include "common/file.h"
#include "image-decrypt/authfile.h"

enum { PEM_MAX = 1 << 20 };

static int add_mirror(cof_cli_depot *d, const char *mirror)
{
	if (d->n_mirrors == COF_CLI_MIRRORS_MAX)
		return cof_cli_usage("at most %d --mirror", COF_CLI_MIRRORS_MAX);
	d->mirrors[d->n_mirrors++] = mirror;
	return 0;
}

static int add_host(const char **list, const char *host)
{
	size_t n = 0;
	while (list[n] != NULL)
		n++;
	if (n == COF_CLI_HOSTS_MAX)
		return cof_cli_usage("at most %d of --no-proxy and of --partner", COF_CLI_HOSTS_MAX);
	list[n] = host;
	return 0;
}

static int set_platform(cof_cli_depot *d, const char *text, bool json)
{
	cof_err err = {0};
	return cof_platform_parse(text, &d->platform, &err) < 0 ? cof_cli_fail(&err, json) : 0;
}

static const char **text_option(cof_cli_depot *d, int opt)
{
	return opt == COF_OPT_CA ? &d->ca : opt == COF_OPT_AUTH ? &d->auth : opt == COF_OPT_PROXY ? &d->proxy : NULL;
}

bool cof_cli_depot_option(cof_cli_depot *d, int opt, const char *arg, bool json, int *ret_exit)
{
	const char **text = text_option(d, opt);
	*ret_exit = 0;
	if (text != NULL)
		*text = arg;
	else if (opt == COF_OPT_RESOLVE)
		*ret_exit = cof_cli_add_resolve(&d->resolve, arg, json);
	else if (opt == COF_OPT_MIRROR)
		*ret_exit = add_mirror(d, arg);
	else if (opt == COF_OPT_NO_PROXY || opt == COF_OPT_PARTNER)
		*ret_exit = add_host(opt == COF_OPT_NO_PROXY ? d->no_proxy : d->partners, arg);
	else if (opt == COF_OPT_PLATFORM)
		*ret_exit = set_platform(d, arg, json);
	else
		return false;
	return true;
}

void cof_cli_depot_opts_release(cof_cli_depot_opts *o)
{
	cof_buf_release(&o->ca);
	cof_buf_wipe(&o->auth);
	cof_buf_release(&o->auth);
	*o = (cof_cli_depot_opts){0};
}

int cof_cli_depot_opts_load(const cof_cli_depot *d, cof_cli_depot_opts *ret, cof_err *err)
{
	COF_AUTO(cof_cli_depot_opts) o = {0};
	int r = d->ca == NULL ? 0 : cof_file_read(d->ca, PEM_MAX, &o.ca, err);
	if (r == 0 && d->auth != NULL)
		r = cof_file_read(d->auth, COF_AUTHFILE_MAX, &o.auth, err);
	if (r < 0)
		return r;
	o.opts = (cof_depot_opts){.ca_pem = cof_buf_span(&o.ca),
				  .resolve = d->resolve.at,
				  .mirrors = d->mirrors,
				  .proxy = d->proxy,
				  .no_proxy = d->no_proxy,
				  .partners = d->partners,
				  .auth = cof_buf_span(&o.auth)};
	*ret = o;
	o = (cof_cli_depot_opts){0};
	return 0;
}

int cof_cli_depot_open(const cof_cli_depot *d, const char *name, cof_depot_kind bare, bool write, cof_depot **ret,
		       cof_err *err)
{
	COF_AUTO(cof_image_name) n = {0};
	COF_AUTO(cof_cli_depot_opts) o = {0};
	int r = cof_image_name_parse(name, bare, &n, err);
	if (r == 0)
		r = cof_cli_depot_opts_load(d, &o, err);
	return r < 0 ? r : cof_depot_open(ret, &n, write, &o.opts, err);
}
