/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/verify_options.h"

#include "common/rd.h"

static int usage(cof_err *err, const char *what, const char *word)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s: %s (see --help)", word, what);
}

/* --- times --- */

enum { DAYS_OF_400_YEARS = 146097, DAYS_TO_1970 = 719468, DAY = 86400 };

static int64_t digits(cof_rd *r, size_t n)
{
	int64_t v = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = cof_rd_u8(r);
		if (c < '0' || c > '9')
			cof_rd_fail(r);
		v = v * 10 + (c - '0');
	}
	return v;
}

static void letter(cof_rd *r, char want)
{
	if (cof_rd_u8(r) != (uint8_t)want)
		cof_rd_fail(r);
}

static int64_t ranged(cof_rd *r, size_t n, int64_t min, int64_t max)
{
	int64_t v = digits(r, n);
	if (v < min || v > max)
		cof_rd_fail(r);
	return v;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_length(int64_t year, int64_t month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month < 1 || month > 12 ? 0 : lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970; the year begins in March, so that a leap day is its last. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
	return y / 400 * DAYS_OF_400_YEARS + y % 400 * 365 + y % 400 / 4 - y % 400 / 100 + (153 * m + 2) / 5 + day - 1 -
	       DAYS_TO_1970;
}

/* Seconds east of Greenwich. */
static int64_t offset(cof_rd *r)
{
	uint8_t sign = cof_rd_u8(r);
	if (sign == 'Z')
		return 0;
	int64_t hours = ranged(r, 2, 0, 23);
	letter(r, ':');
	int64_t s = hours * 3600 + ranged(r, 2, 0, 59) * 60;
	if (sign != '+' && sign != '-')
		cof_rd_fail(r);
	return sign == '-' ? -s : s;
}

int cof_verify_time(const char *text, int64_t *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(cof_span_str(text));
	int64_t year = ranged(&r, 4, 1970, 9999);
	letter(&r, '-');
	int64_t month = ranged(&r, 2, 1, 12);
	letter(&r, '-');
	int64_t day = ranged(&r, 2, 1, month_length(year, month));
	letter(&r, 'T');
	int64_t hour = ranged(&r, 2, 0, 23);
	letter(&r, ':');
	int64_t minute = ranged(&r, 2, 0, 59);
	letter(&r, ':');
	int64_t second = ranged(&r, 2, 0, 59);
	int64_t t = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset(&r);
	if (!cof_rd_end(&r) || t < 0)
		return cof_err_set(err, COF_E_USAGE, "bad-time", "%.40s is not like 2026-01-31T23:59:59Z", text);
	*ret = t;
	return 0;
}

/* --- roles --- */

bool cof_verify_is_anchor(const char *role)
{
	const char *end = strrchr(role, '_');
	return strcmp(end != NULL ? end + 1 : role, "root") == 0 || strcmp(role, "ark") == 0;
}

/* The option is the role, with '-' for '_'. */
static bool is_option_of(const char *role, const char *name, size_t len)
{
	if (strlen(role) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((role[i] == '_' ? '-' : role[i]) != name[i])
			return false;
	}
	return true;
}

static const char *in_list(const char *const *list, const char *name, size_t len)
{
	for (; *list != NULL; list++) {
		if (is_option_of(*list, name, len))
			return *list;
	}
	return NULL;
}

static const char *role_of(const cof_kind *kind, const char *name, size_t len)
{
	const char *role = in_list(kind->required, name, len);
	return role != NULL ? role : in_list(kind->optional, name, len);
}

/* "root"; "ek_root" of a TPM's kind; NULL where a kind has none. */
static const char *anchor_role(const cof_kind *kind)
{
	const char *const *lists[] = {kind->required, kind->optional};
	for (size_t i = 0; i < COF_COUNT(lists); i++) {
		for (const char *const *role = lists[i]; *role != NULL; role++) {
			if (cof_verify_is_anchor(*role))
				return *role;
		}
	}
	return NULL;
}

/* Each role once: of two roots, a reader could not say which one was believed. References add up. */
static int add_file(cof_verify_opts *o, const char *role, const char *path, cof_err *err)
{
	for (size_t i = 0; i < o->n_files && !cof_role_is_reference(role); i++) {
		if (strcmp(o->files[i].role, role) == 0)
			return usage(err, "given twice", role);
	}
	if (o->n_files == COF_VERIFY_ROLES_MAX)
		return usage(err, "too many files", role);
	o->files[o->n_files++] = (cof_verify_path){role, path};
	return 0;
}

/* --- options --- */

typedef struct word {
	const char *name; /* without dashes */
	size_t len;
	const char *value; /* behind '='; NULL: the next argument is it */
} word;

static bool is_word(const word *w, const char *name)
{
	return is_option_of(name, w->name, w->len);
}

static int split(const char *arg, word *ret, cof_err *err)
{
	if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0')
		return usage(err, "no option", arg);
	const char *equals = strchr(arg, '=');
	*ret = (word){.name = arg + 2,
		      .len = equals != NULL ? (size_t)(equals - arg - 2) : strlen(arg + 2),
		      .value = equals != NULL ? equals + 1 : NULL};
	return 0;
}

/* True when the word is one that takes no value. */
static bool take_flag(cof_verify_opts *o, const word *w)
{
	bool *flag = is_word(w, "json")	  ? &o->json
		     : is_word(w, "list") ? &o->list
		     : is_word(w, "help") ? &o->help
					  : NULL;
	if (flag == NULL || w->value != NULL)
		return false;
	*flag = true;
	return true;
}

static int take_policy(cof_verify_opts *o, const char *path, cof_err *err)
{
	if (o->policy != NULL)
		return usage(err, "given twice", "policy");
	o->policy = path;
	return 0;
}

static int take_at(cof_verify_opts *o, const char *text, cof_err *err)
{
	if (o->has_at)
		return usage(err, "given twice", "at");
	o->has_at = true;
	return cof_verify_time(text, &o->at, err);
}

static int take_value(cof_verify_opts *o, const word *w, const char *arg, const char *value, cof_err *err)
{
	if (is_word(w, "policy"))
		return take_policy(o, value, err);
	if (is_word(w, "at"))
		return take_at(o, value, err);
	if (is_word(w, "cache")) {
		o->cache = value;
		return 0;
	}
	if (o->kind == NULL)
		return usage(err, "the kind of evidence comes first", arg);
	bool taken = false;
	int rc = cof_verify_result_option(&o->result, cof_span_of(w->name, w->len), value, &taken, err);
	if (rc < 0 || taken)
		return rc;
	const char *role = is_word(w, "trust-anchor") ? anchor_role(o->kind) : role_of(o->kind, w->name, w->len);
	return role != NULL ? add_file(o, role, value, err) : usage(err, "no option of this kind", arg);
}

static int take(cof_verify_opts *o, char **argv, int argc, int *at, cof_err *err)
{
	word w = {0};
	const char *arg = argv[*at];
	int r = strcmp(arg, "-h") == 0 ? split("--help", &w, err) : split(arg, &w, err);
	if (r < 0 || take_flag(o, &w))
		return r;
	if (w.value == NULL && *at + 1 == argc)
		return usage(err, "no option, or without its value", arg);
	return take_value(o, &w, arg, w.value != NULL ? w.value : argv[++*at], err);
}

int cof_verify_options(int argc, char **argv, cof_verify_opts *ret, cof_err *err)
{
	cof_verify_opts o = {.kind = ret->kind};
	int r = 0, at = o.kind != NULL ? 2 : 1;
	if (o.kind == NULL && at < argc && argv[at][0] != '-')
		r = cof_kind_find(argv[at++], &o.kind, err);
	for (; r == 0 && at < argc; at++)
		r = take(&o, argv, argc, &at, err);
	if (r == 0 && o.kind == NULL && !o.list && !o.help)
		r = cof_err_set(err, COF_E_USAGE, "usage", "a kind of evidence is needed (see --list)");
	if (r == 0 && o.kind != NULL)
		r = cof_verify_result_check(&o.result, o.kind, o.json, err);
	if (r == 0)
		*ret = o;
	return r;
}
