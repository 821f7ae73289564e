/* SPDX-License-Identifier: Apache-2.0 */
#include "common/toml.h"

#include "common/toml_scan.h"

enum { TABLES_MAX = 2048, KEY_PARTS_MAX = COF_TOML_DEPTH_MAX, KEY_MAX = 512 };

/* How a table came to be says who may still add to it. */
typedef enum origin {
	IMPLICIT, /* a step of some [header]: may be defined later, once */
	DEFINED,  /* by its own [header] */
	DOTTED,	  /* by a dotted key: closed to headers */
	CLOSED,	  /* inline, or an array written as a value */
} origin;

typedef struct table {
	const json_t *at;
	origin from;
} table;

typedef struct parser {
	cof_toml_scan s;
	json_t *root;
	json_t *current; /* borrowed from root */
	table *tables;
	size_t n_tables;
} parser;

typedef struct key {
	cof_buf part[KEY_PARTS_MAX];
	size_t n;
} key;

static void key_release(key *k)
{
	for (size_t i = 0; i < k->n; i++)
		cof_buf_release(&k->part[i]);
	*k = (key){0};
}
COF_DEFINE_AUTO(key, key_release)

static const char *part(const key *k, size_t i)
{
	return cof_buf_str(&k->part[i]);
}

static int value(parser *p, int depth, json_t **ret, cof_err *err);

/* --- tables --- */

static table *table_of(parser *p, const json_t *at)
{
	for (size_t i = p->n_tables; i-- > 0;)
		if (p->tables[i].at == at)
			return &p->tables[i];
	return NULL;
}

static int note(parser *p, const json_t *at, origin from, cof_err *err)
{
	if (p->n_tables == TABLES_MAX)
		return cof_toml_bad(&p->s, err, "more than %d tables", TABLES_MAX);
	p->tables[p->n_tables++] = (table){at, from};
	return 0;
}

static int add(parser *p, json_t *to, const char *name, json_t *taken, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = taken;
	if (v == NULL)
		return cof_err_oom(err);
	if (json_object_set(to, name, v) < 0)
		return cof_toml_bad(&p->s, err, "a key that is not UTF-8");
	return 0;
}

static int add_table(parser *p, json_t *to, const char *name, origin from, cof_err *err)
{
	int r = add(p, to, name, json_object(), err);
	return r < 0 ? r : note(p, json_object_get(to, name), from, err);
}

static int taken(const parser *p, const char *name, cof_err *err)
{
	return cof_toml_bad(&p->s, err, "'%.64s' is defined twice", name);
}

/* One step of a [header]: an array of tables stands for its last. */
static int enter(parser *p, json_t **at, const char *name, cof_err *err)
{
	int r = 0;
	if (json_object_get(*at, name) == NULL)
		r = add_table(p, *at, name, IMPLICIT, err);
	json_t *next = json_object_get(*at, name);
	if (json_is_array(next) && table_of(p, next) == NULL)
		next = json_array_get(next, json_array_size(next) - 1);
	const table *t = table_of(p, next);
	if (r == 0 && (!json_is_object(next) || t == NULL || t->from == CLOSED))
		r = taken(p, name, err);
	*at = next;
	return r;
}

static int define(parser *p, json_t *at, const char *name, cof_err *err)
{
	json_t *old = json_object_get(at, name);
	if (old == NULL) {
		int r = add_table(p, at, name, DEFINED, err);
		p->current = json_object_get(at, name);
		return r;
	}
	table *t = table_of(p, old);
	if (!json_is_object(old) || t == NULL || t->from != IMPLICIT)
		return taken(p, name, err);
	t->from = DEFINED;
	p->current = old;
	return 0;
}

static int define_element(parser *p, json_t *at, const char *name, cof_err *err)
{
	json_t *list = json_object_get(at, name);
	int r = 0;
	if (list == NULL) {
		r = add(p, at, name, json_array(), err);
		list = json_object_get(at, name);
	}
	if (r == 0 && (!json_is_array(list) || table_of(p, list) != NULL))
		return taken(p, name, err);
	if (r == 0 && json_array_append_new(list, json_object()) < 0)
		r = cof_err_oom(err);
	if (r < 0)
		return r;
	p->current = json_array_get(list, json_array_size(list) - 1);
	return note(p, p->current, DEFINED, err);
}

/* --- keys --- */

static bool bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int key_part(parser *p, cof_buf *ret, cof_err *err)
{
	*ret = cof_buf_capped(KEY_MAX);
	int c = cof_toml_peek(&p->s);
	if (c == '"' || c == '\'')
		return cof_toml_string(&p->s, false, ret, err);
	int r = 0;
	for (; r == 0 && bare(c); c = cof_toml_peek(&p->s)) {
		char byte = (char)c;
		(void)cof_toml_take(&p->s, byte);
		r = cof_buf_add(ret, &byte, 1, err);
	}
	if (r == 0 && ret->len == 0)
		r = cof_toml_bad(&p->s, err, "a key was expected");
	return r;
}

static int read_key(parser *p, key *ret, cof_err *err)
{
	do {
		if (ret->n == KEY_PARTS_MAX)
			return cof_toml_bad(&p->s, err, "a key of more than %d parts", KEY_PARTS_MAX);
		cof_toml_blanks(&p->s);
		int r = key_part(p, &ret->part[ret->n++], err);
		if (r < 0)
			return r;
		cof_toml_blanks(&p->s);
	} while (cof_toml_take(&p->s, '.'));
	return 0;
}

/* --- values --- */

static int string_value(parser *p, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_toml_string(&p->s, true, &text, err);
	if (r < 0)
		return r;
	*ret = json_stringn(cof_buf_str(&text), text.len);
	return *ret == NULL ? cof_toml_bad(&p->s, err, "a string that is not UTF-8") : 0;
}

static int array_value(parser *p, int depth, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	int r = list == NULL ? cof_err_oom(err) : cof_toml_space(&p->s, err);
	while (r == 0 && !cof_toml_take(&p->s, ']')) {
		json_t *v = NULL;
		r = value(p, depth + 1, &v, err);
		if (r == 0 && json_array_append_new(list, v) < 0)
			r = cof_err_oom(err);
		if (r == 0)
			r = cof_toml_space(&p->s, err);
		if (r == 0 && !cof_toml_take(&p->s, ',') && cof_toml_peek(&p->s) != ']')
			r = cof_toml_bad(&p->s, err, "an array goes on with ',' or ends with ']'");
		if (r == 0)
			r = cof_toml_space(&p->s, err);
	}
	if (r < 0)
		return r;
	*ret = cof_steal(&list);
	return 0;
}

static int assign(parser *p, json_t *at, int depth, cof_err *err);

/* spec: TOML 1.0 "Inline Table": on one line, no trailing comma */
static int inline_value(parser *p, int depth, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) t = json_object();
	if (t == NULL)
		return cof_err_oom(err);
	cof_toml_blanks(&p->s);
	int r = 0;
	bool more = !cof_toml_take(&p->s, '}');
	while (r == 0 && more) {
		r = assign(p, t, depth + 1, err);
		cof_toml_blanks(&p->s);
		more = cof_toml_take(&p->s, ',');
		if (r == 0 && !more && !cof_toml_take(&p->s, '}'))
			r = cof_toml_bad(&p->s, err, "an inline table goes on with ',' or ends with '}'");
	}
	if (r < 0)
		return r;
	*ret = cof_steal(&t);
	return 0;
}

static int value(parser *p, int depth, json_t **ret, cof_err *err)
{
	if (depth > COF_TOML_DEPTH_MAX)
		return cof_toml_bad(&p->s, err, "nested deeper than %d", COF_TOML_DEPTH_MAX);
	int c = cof_toml_peek(&p->s);
	if (c == '"' || c == '\'')
		return string_value(p, ret, err);
	if (cof_toml_take(&p->s, '['))
		return array_value(p, depth, ret, err);
	if (cof_toml_take(&p->s, '{'))
		return inline_value(p, depth, ret, err);
	return cof_toml_scalar(&p->s, ret, err);
}

/* --- lines --- */

static int enter_dotted(parser *p, json_t **at, const char *name, cof_err *err)
{
	int r = 0;
	if (json_object_get(*at, name) == NULL)
		r = add_table(p, *at, name, DOTTED, err);
	*at = json_object_get(*at, name);
	const table *t = table_of(p, *at);
	if (r == 0 && (t == NULL || t->from != DOTTED))
		r = taken(p, name, err);
	return r;
}

static int assign(parser *p, json_t *at, int depth, cof_err *err)
{
	COF_AUTO(key) k = {0};
	int r = read_key(p, &k, err);
	if (r == 0 && !cof_toml_take(&p->s, '='))
		r = cof_toml_bad(&p->s, err, "'=' was expected");
	for (size_t i = 0; r == 0 && i + 1 < k.n; i++)
		r = enter_dotted(p, &at, part(&k, i), err);
	if (r == 0 && json_object_get(at, part(&k, k.n - 1)) != NULL)
		r = taken(p, part(&k, k.n - 1), err);
	if (r < 0)
		return r;
	cof_toml_blanks(&p->s);
	json_t *v = NULL;
	r = value(p, depth, &v, err);
	if (r == 0)
		r = add(p, at, part(&k, k.n - 1), v, err);
	/* An array written as a value is remembered, so that no [[header]] adds to it. */
	return r == 0 && json_is_array(v) ? note(p, v, CLOSED, err) : r;
}

static int header(parser *p, cof_err *err)
{
	bool element = cof_toml_take(&p->s, '[');
	COF_AUTO(key) k = {0};
	int r = read_key(p, &k, err);
	if (r == 0 && (!cof_toml_take(&p->s, ']') || (element && !cof_toml_take(&p->s, ']'))))
		r = cof_toml_bad(&p->s, err, "']' was expected");
	json_t *at = p->root;
	for (size_t i = 0; r == 0 && i + 1 < k.n; i++)
		r = enter(p, &at, part(&k, i), err);
	if (r < 0)
		return r;
	return element ? define_element(p, at, part(&k, k.n - 1), err) : define(p, at, part(&k, k.n - 1), err);
}

static int document(parser *p, cof_err *err)
{
	int r = cof_toml_space(&p->s, err);
	while (r == 0 && cof_toml_peek(&p->s) != COF_TOML_END) {
		r = cof_toml_take(&p->s, '[') ? header(p, err) : assign(p, p->current, 1, err);
		if (r == 0)
			r = cof_toml_line_end(&p->s, err);
		if (r == 0)
			r = cof_toml_space(&p->s, err);
	}
	return r;
}

int cof_toml_parse(cof_span in, json_t **ret, cof_err *err)
{
	if (in.len > COF_TOML_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "toml-malformed", "%zu bytes, the limit is %d", in.len,
				   COF_TOML_MAX);
	COF_AUTO_PTR(json_t) root = json_object();
	COF_AUTO_FREE table *tables = calloc(TABLES_MAX, sizeof *tables);
	if (root == NULL || tables == NULL)
		return cof_err_oom(err);
	parser p = {.s = {cof_rd_of(in), 1}, .root = root, .current = root, .tables = tables};
	int r = document(&p, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&root);
	return 0;
}
