/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/authors.h"

#include <openssl/x509.h>
#include <stdio.h>

#include "attestation/refvalue/cosekey.h"
#include "attestation/refvalue/rim_value.h"
#include "attestation/token/jwk.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "common/rd.h"

#define FORMAT "coffer-reference-authors/1"

enum { KEY_SHOWN = 8, CLASSES_MAX = 64, INSTANCES_MAX = 65536 };

/* The classes that entries can be of. */
static const struct {
	cof_rim_tee tee;
	bool vlek;
	const char *class_id, *vendor, *model;
	cof_rim_field instance; /* COF_RIM_FIELDS: none */
	const char *words;
} classes[] = {
	{COF_RIM_SNP, false, "1.3.6.1.4.1.3704.3.1", NULL, NULL, COF_RIM_CHIP_ID, "snp"},
	{COF_RIM_SNP, true, "1.3.6.1.4.1.3704.3.2", NULL, NULL, COF_RIM_CSP_ID, "snp with a VLEK"},
	{COF_RIM_TDX, false, NULL, "Intel Corporation", "TDX TD", COF_RIM_FIELDS, "tdx"},
	{COF_RIM_TPM, false, NULL, "coffer", "tpm", COF_RIM_FIELDS, "tpm"},
	{COF_RIM_SEV, false, NULL, "coffer", "sev", COF_RIM_FIELDS, "sev"},
	{COF_RIM_SEVES, false, NULL, "coffer", "seves", COF_RIM_FIELDS, "seves"},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "authors-malformed", "authors: %s", what);
}

void cof_authors_release(cof_authors *a)
{
	for (size_t i = 0; i < a->n; i++)
		EVP_PKEY_free(a->at[i].key);
	json_decref(a->documents);
	*a = (cof_authors){0};
}

/* ---- classes ---- */

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The row of a class of a document; COF_COUNT(classes) when there is none. */
static size_t row_of(const json_t *class)
{
	size_t i = 0;
	while (i < COF_COUNT(classes) &&
	       !(same(json_string_value(json_object_get(class, "class_id")), classes[i].class_id) &&
		 same(json_string_value(json_object_get(class, "vendor")), classes[i].vendor) &&
		 same(json_string_value(json_object_get(class, "model")), classes[i].model)))
		i++;
	return i;
}

static size_t row_of_entry(const cof_rim_entry *e)
{
	size_t i = 0;
	while (i < COF_COUNT(classes) &&
	       !(classes[i].tee == e->tee && (e->tee != COF_RIM_SNP || classes[i].vlek == e->launch.vlek)))
		i++;
	return i;
}

static bool lists_value(const json_t *instances, cof_rim_field f, cof_span value)
{
	char text[2 * COF_RIM_VALUE_MAX + 1];
	cof_rim_value_text(f, value, text, sizeof text);
	for (size_t i = 0; i < json_array_size(instances); i++) {
		if (strcmp(json_string_value(json_array_get(instances, i)), text) == 0)
			return true;
	}
	return false;
}

/* Every machine that the entry is good for is one of the author's. */
static bool lists_instances(const json_t *instances, const cof_rim_entry *e, cof_rim_field f)
{
	const cof_rim_cond *c = f == COF_RIM_FIELDS ? NULL : cof_rim_cond_on(e, f);
	bool all = c != NULL;
	for (size_t i = 0; all && i < c->n; i++)
		all = lists_value(instances, f, cof_rim_value(c, i));
	return all;
}

static bool covers(const json_t *class, const cof_rim_entry *e)
{
	const json_t *instances = json_object_get(class, "instances");
	size_t row = row_of_entry(e);
	return row < COF_COUNT(classes) && row_of(class) == row &&
	       (instances == NULL || lists_instances(instances, e, classes[row].instance));
}

int cof_author_may(const cof_author *a, const cof_rim_entry *e, cof_err *err)
{
	bool may = a->classes == NULL;
	for (size_t i = 0; !may && i < json_array_size(a->classes); i++)
		may = covers(json_array_get(a->classes, i), e);
	size_t row = row_of_entry(e);
	if (!may)
		return cof_err_set(err, COF_E_POLICY, "reference-author", "'%.60s' may not speak for %s: '%.40s'",
				   a->name, row < COF_COUNT(classes) ? classes[row].words : "it", e->name);
	if (e->version < a->min_version)
		return cof_err_set(err, COF_E_POLICY, "reference-older",
				   "'%.60s': version %llu, at least %llu is wanted", e->name,
				   (unsigned long long)e->version, (unsigned long long)a->min_version);
	return 0;
}

/* ---- keys ---- */

static int add(cof_authors *a, const cof_author *from, cof_err *err)
{
	if (a->n == COF_AUTHORS_MAX)
		return malformed(err, "too many");
	for (size_t i = 0; i < a->n; i++) {
		/* Of two, nobody could say whose classes hold. */
		if (EVP_PKEY_eq(a->at[i].key, from->key) == 1 || strcmp(a->at[i].name, from->name) == 0)
			return malformed(err, "a key or a name stands twice");
	}
	if (EVP_PKEY_up_ref(from->key) != 1)
		return cof_err_oom(err);
	a->at[a->n++] = *from;
	return 0;
}

int cof_authors_add_key(cof_authors *a, EVP_PKEY *key, cof_err *err)
{
	cof_author author = {.key = key};
	uint8_t *der = NULL, d[COF_SHA256_LEN];
	char hex[2 * KEY_SHOWN + 1];
	int n = i2d_PUBKEY(key, &der);
	int rc = n > 0 ? cof_sha256(cof_span_of(der, (size_t)n), d, err) : cof_err_oom(err);
	OPENSSL_free(der);
	if (rc < 0)
		return rc;
	cof_hex(cof_span_of(d, KEY_SHOWN), hex);
	(void)snprintf(author.name, sizeof author.name, "key %s", hex);
	return add(a, &author, err);
}

void cof_authors_keep(cof_authors *a, EVP_PKEY *key)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (EVP_PKEY_eq(a->at[i].key, key) == 1)
			a->at[n++] = a->at[i];
		else
			EVP_PKEY_free(a->at[i].key);
	}
	a->n = n;
}

/* What is wrong with the caller's own file is wrong usage, whatever the reader of its format calls it. */
static int usage(cof_err *err, const cof_err *why)
{
	return cof_err_set(err, why->cls == COF_E_INTERNAL ? COF_E_INTERNAL : COF_E_USAGE, why->reason, "%s",
			   why->text);
}

static int read_pem(cof_span pem, int64_t now, EVP_PKEY **ret, cof_err *err)
{
	cof_err why = {0};
	return cof_cose_key_public(pem, now, ret, &why) < 0 ? usage(err, &why) : 0;
}

static int read_jwk(cof_span text, EVP_PKEY **ret, cof_err *err)
{
	cof_err why = {0};
	return cof_jwk_parse(text, ret, &why) < 0 ? usage(err, &why) : 0;
}

/* ---- documents ---- */

static int check_instances(const json_t *v, cof_rim_field f, cof_err *err)
{
	cof_rim_entry e = {0};
	if (v == NULL)
		return 0;
	if (f == COF_RIM_FIELDS || json_array_size(v) == 0 || json_array_size(v) > INSTANCES_MAX)
		return malformed(err, "'instances' is a list, for the classes of SNP");
	for (size_t i = 0; i < json_array_size(v); i++) {
		cof_err why = {0};
		int rc = cof_rim_demand_json(&e, f, json_array_get(v, i), &why);
		bool fine = rc == 0 && json_is_string(json_array_get(v, i));
		cof_rim_entry_release(&e);
		if (!fine)
			return malformed(err, "an instance is a chip's 64 bytes as hex, or a provider's name");
	}
	return 0;
}

static int check_class(const json_t *v, cof_err *err)
{
	static const char *const known[] = {"class_id", "vendor", "model", "instances", NULL};
	if (!json_is_object(v) || cof_json_only(v, known, NULL) < 0 || row_of(v) == COF_COUNT(classes))
		return malformed(err, "a class that is not known (docs/formats.md)");
	return check_instances(json_object_get(v, "instances"), classes[row_of(v)].instance, err);
}

static int check_classes(const json_t *v, cof_err *err)
{
	if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > CLASSES_MAX)
		return malformed(err, "'classes' is a list of one class or more");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++)
		rc = check_class(json_array_get(v, i), err);
	return rc;
}

static int read_key(const json_t *v, int64_t now, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	if (json_is_string(v))
		return read_pem(cof_span_of(json_string_value(v), json_string_length(v)), now, ret, err);
	int rc = json_is_object(v) ? cof_json_dump(v, &text, err) : malformed(err, "'key' is PEM or a JWK");
	return rc < 0 ? rc : read_jwk(cof_buf_span(&text), ret, err);
}

static int add_author(cof_authors *a, const json_t *v, int64_t now, cof_err *err)
{
	static const char *const known[] = {"name", "key", "min_version", "classes", NULL};
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	const char *name = json_string_value(json_object_get(v, "name"));
	const json_t *version = json_object_get(v, "min_version");
	cof_author author = {.classes = json_object_get(v, "classes")};
	if (!json_is_object(v) || cof_json_only(v, known, NULL) < 0)
		return malformed(err, "an author has 'name', 'key', 'classes' and perhaps 'min_version'");
	if (name == NULL || !cof_rim_name_ok(cof_span_str(name)))
		return malformed(err, "an author's name");
	if (version != NULL && (!json_is_integer(version) || json_integer_value(version) < 1))
		return malformed(err, "'min_version' is a number above 0");
	author.min_version = (uint64_t)json_integer_value(version);
	(void)snprintf(author.name, sizeof author.name, "%s", name);
	int rc = check_classes(author.classes, err);
	if (rc == 0)
		rc = read_key(json_object_get(v, "key"), now, &key, err);
	author.key = key;
	return rc < 0 ? rc : add(a, &author, err);
}

static int add_document(cof_authors *a, json_t *doc, int64_t now, cof_err *err)
{
	static const char *const known[] = {"format", "authors", NULL};
	const char *format = json_string_value(json_object_get(doc, "format"));
	const json_t *list = json_object_get(doc, "authors");
	int rc = 0;
	if (format == NULL || strcmp(format, FORMAT) != 0 || cof_json_only(doc, known, NULL) < 0 ||
	    json_array_size(list) == 0)
		return malformed(err, "format " FORMAT " and a list of authors");
	if (a->documents == NULL)
		a->documents = json_array();
	if (json_array_append(a->documents, doc) < 0)
		return cof_err_oom(err);
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = add_author(a, json_array_get(list, i), now, err);
	return rc;
}

static int add_key_alone(cof_authors *a, cof_span file, bool is_json, int64_t now, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	int rc = is_json ? read_jwk(file, &key, err) : read_pem(file, now, &key, err);
	return rc < 0 ? rc : cof_authors_add_key(a, key, err);
}

/* PEM does not. */
static bool begins_like_json(cof_span file)
{
	cof_rd r = cof_rd_of(file);
	uint8_t c = ' ';
	while (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		c = cof_rd_u8(&r);
	return c == '{';
}

int cof_authors_add(cof_authors *a, cof_span file, int64_t now, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err why = {0};
	bool is_json = begins_like_json(file);
	if (file.len > COF_AUTHORS_FILE_MAX)
		return malformed(err, "the file is too large");
	if (is_json && cof_json_parse(file, &doc, &why) < 0)
		return malformed(err, why.text);
	if (is_json && json_object_get(doc, "kty") == NULL)
		return add_document(a, doc, now, err);
	return add_key_alone(a, file, is_json, now, err);
}
