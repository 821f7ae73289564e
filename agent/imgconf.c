/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgconf.h"

#include <signal.h>
#include <stdio.h>
#include <strings.h>

#include "image-decrypt/config.h"

#define PREFIX "org.opencontainers.image."

void cof_imgconf_release(cof_imgconf *c)
{
	cof_words_release(&c->args);
	cof_words_release(&c->env);
	cof_words_release(&c->volumes);
	json_decref(c->annotations);
	free(c->cwd);
	free(c->user);
	*c = (cof_imgconf){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "image-config-malformed", "%s", what);
}

static int add_list(const json_t *list, cof_words *to, cof_err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (to->n == COF_POLICY_WORDS_MAX)
			return malformed(err, "too many arguments or variables");
		int r = cof_words_add(to, json_string_value(json_array_get(list, i)), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_volumes(const json_t *set, cof_words *to, cof_err *err)
{
	const char *path = NULL;
	const json_t *ignored = NULL;
	if (json_object_size(set) > COF_IMGCONF_VOLUMES_MAX)
		return malformed(err, "too many volumes");
	json_object_foreach ((json_t *)(uintptr_t)set, path, ignored) {
		if (path[0] != '/')
			return malformed(err, "a volume is not absolute");
		int r = cof_words_add(to, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_str(const char *from, const char *otherwise, char **ret, cof_err *err)
{
	*ret = strdup(from[0] == '\0' ? otherwise : from);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

/* --- the signal --- */

/* "+3" or "-2" behind a name; false when it is anything else. */
static bool offset_of(const char *s, int *ret)
{
	int sign = s[0] == '-' ? -1 : 1, n = 0;
	if (*s == '\0') {
		*ret = 0;
		return true;
	}
	if ((s[0] != '+' && s[0] != '-') || s[1] < '0' || s[1] > '9')
		return false;
	for (s++; *s >= '0' && *s <= '9' && n < 100; s++)
		n = n * 10 + (*s - '0');
	*ret = sign * n;
	return *s == '\0';
}

static int realtime(const char *name)
{
	bool from_max = strncasecmp(name, "RTMAX", 5) == 0;
	int offset = 0;
	if ((!from_max && strncasecmp(name, "RTMIN", 5) != 0) || !offset_of(name + 5, &offset))
		return 0;
	int n = (from_max ? SIGRTMAX : SIGRTMIN) + offset;
	return n >= SIGRTMIN && n <= SIGRTMAX ? n : 0;
}

int cof_imgconf_signal(const char *name)
{
	int n = 0;
	if (name[0] >= '1' && name[0] <= '9') {
		for (; *name >= '0' && *name <= '9' && n < 1000; name++)
			n = n * 10 + (*name - '0');
		return *name == '\0' && n <= COF_SIGNAL_MAX ? n : 0;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (n = 1; n < SIGRTMIN; n++) {
		const char *known = sigabbrev_np(n);
		if (known != NULL && strcasecmp(known, name) == 0)
			return n;
	}
	return realtime(name);
}

static int take_signal(const cof_config_run *run, cof_imgconf *c, cof_err *err)
{
	if (run->stop_signal[0] == '\0')
		return 0;
	c->stop_signal = cof_imgconf_signal(run->stop_signal);
	return c->stop_signal != 0 ? 0 : malformed(err, "StopSignal is no signal");
}

/* --- annotations --- */

static int annotate(cof_imgconf *c, const char *name, const char *text, cof_err *err)
{
	if (strlen(text) > COF_IMGCONF_ANNOTATION_MAX)
		return 0;
	if (c->annotations == NULL)
		c->annotations = json_object();
	return json_object_set_new(c->annotations, name, json_string(text)) < 0 ? cof_err_oom(err) : 0;
}

static int annotate_ports(const json_t *ports, cof_imgconf *c, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	const char *port = NULL;
	const json_t *ignored = NULL;
	json_object_foreach ((json_t *)(uintptr_t)ports, port, ignored) {
		int r = cof_buf_printf(&text, err, "%s%s", text.len > 0 ? "," : "", port);
		if (r < 0)
			return r;
	}
	return text.len == 0 ? 0 : annotate(c, PREFIX "exposedPorts", cof_buf_str(&text), err);
}

/* spec: conversion.md "Annotation Fields": labels win over what is derived */
static int take_annotations(const cof_config_run *run, cof_imgconf *c, cof_err *err)
{
	const char *name = NULL;
	const json_t *text = NULL;
	int r = run->stop_signal[0] == '\0' ? 0 : annotate(c, PREFIX "stopSignal", run->stop_signal, err);
	if (r == 0)
		r = annotate_ports(run->ports, c, err);
	json_object_foreach ((json_t *)(uintptr_t)run->labels, name, text)
		if (r == 0 && strncmp(name, PREFIX, strlen(PREFIX)) == 0)
			r = annotate(c, name, json_string_value(text), err);
	return r;
}

/* --- all of it --- */

static int take_run(const cof_config_run *run, cof_imgconf *c, cof_err *err)
{
	int r = add_list(run->entrypoint, &c->args, err);
	if (r == 0)
		r = add_list(run->cmd, &c->args, err);
	if (r == 0)
		r = add_list(run->env, &c->env, err);
	if (r == 0)
		r = add_volumes(run->volumes, &c->volumes, err);
	if (r == 0)
		r = take_str(run->cwd, "/", &c->cwd, err);
	if (r == 0)
		r = take_str(run->user, "", &c->user, err);
	if (r == 0)
		r = take_signal(run, c, err);
	return r < 0 ? r : take_annotations(run, c, err);
}

int cof_imgconf_parse(cof_span in, cof_imgconf *ret, cof_err *err)
{
	cof_err why = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_imgconf) c = {0};
	cof_config_run run;
	if (in.len > COF_IMGCONF_MAX)
		return malformed(err, "the config is larger than 4 MiB");
	if (cof_json_parse(in, &doc, &why) < 0 || !json_is_object(doc) || cof_config_run_of(doc, &run, &why) < 0)
		return malformed(err, why.text[0] != '\0' ? why.text : "the config is no object");
	int r = take_run(&run, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (cof_imgconf){0};
	return 0;
}
