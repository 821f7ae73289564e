/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image inspect` and `digest`: looking without unpacking. */
#include <stdio.h>
#include <unistd.h>

#include "runtime/cli/image.h"

typedef struct seen {
	cof_image image;
	json_t *members; /* of the index that was named, an array; NULL: a manifest was named */
} seen;

static void seen_release(seen *s)
{
	cof_image_release(&s->image);
	json_decref(s->members);
	*s = (seen){0};
}
COF_DEFINE_AUTO(seen, seen_release)

/* "linux/arm64/v8" of an entry's platform; "" when it says none. */
static void platform_text(const json_t *entry, char *out, size_t size)
{
	const json_t *p = json_object_get(entry, "platform");
	const char *os = json_string_value(json_object_get(p, "os"));
	const char *arch = json_string_value(json_object_get(p, "architecture"));
	const char *variant = json_string_value(json_object_get(p, "variant"));
	out[0] = '\0';
	if (os != NULL && arch != NULL)
		(void)snprintf(out, size, "%s/%s%s%s", os, arch, variant != NULL ? "/" : "",
			       variant != NULL ? variant : "");
}

/* An entry that says no digest or type names nothing. */
static void add_member(json_t *list, const json_t *entry)
{
	COF_AUTO(cof_desc) d = {0};
	char platform[128], digest[COF_DIGEST_STR_MAX];
	if (cof_desc_parse(entry, &d, NULL) < 0)
		return;
	platform_text(entry, platform, sizeof platform);
	cof_digest_str(&d.digest, digest);
	(void)json_array_append_new(
		list, json_pack("{s:s, s:s, s:s}", "platform", platform, "digest", digest, "media_type", d.media_type));
}

static int list_members(const cof_image_source *source, const char *wanted, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_fetched) doc = {0};
	COF_AUTO_PTR(json_t) index = NULL;
	COF_AUTO_PTR(json_t) list = json_array();
	const json_t *entry;
	cof_digest d;
	cof_media_kind kind;
	size_t i;
	int r = cof_image_fetch(source, wanted, &doc, &d, &kind, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&doc.body), &index, err);
	json_array_foreach (json_object_get(index, "manifests"), i, entry) {
		add_member(list, entry);
	}
	if (r == 0)
		*ret = cof_steal(&list);
	return r;
}

static int load(const cof_cli_image *s, const char *name, seen *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_depot) from = NULL;
	char asked[COF_DIGEST_STR_MAX];
	int r = cof_cli_depot_open(&s->depot, name, COF_DEPOT_LAYOUT, false, &from, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_depot_source(from);
	r = cof_image_load(&source, cof_depot_wanted(from), s->depot.platform, &ret->image, err);
	if (r < 0 || cof_digest_equal(&ret->image.asked, &ret->image.digest))
		return r;
	cof_digest_str(&ret->image.asked, asked);
	return list_members(&source, asked, &ret->members, err);
}

/* --- digest --- */

int cof_cmd_image_digest(int argc, char **argv)
{
	cof_cli_image s;
	COF_AUTO(seen) image = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv, "digest [OPTIONS] IMAGE\n" COF_CLI_DEPOT_HELP, 1, &s, &code) < 0)
		return code;
	int r = load(&s, argv[optind], &image, &err);
	return cof_cli_image_digest(&s, r, &err, &image.image.digest);
}

/* --- inspect: the document --- */

#define KEYS "org.opencontainers.image.enc.keys."

/* For whom a layer's key was wrapped: the schemes alone, which are annotations' names. */
static json_t *schemes_of(const cof_desc *d)
{
	json_t *list = json_array();
	const char *key = NULL;
	const json_t *value = NULL;
	json_object_foreach (d->annotations, key, value)
		if (strncmp(key, KEYS, strlen(KEYS)) == 0)
			(void)json_array_append_new(list, json_string(key + strlen(KEYS)));
	return list;
}

static json_t *describe_layer(const cof_desc *d, const cof_digest *diff_id)
{
	char digest[COF_DIGEST_STR_MAX], diff[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	cof_digest_str(diff_id, diff);
	return json_pack("{s:s, s:s, s:I, s:s, s:b, s:o, s:O*}", "media_type", d->media_type, "digest", digest, "size",
			 (json_int_t)d->size, "diff_id", diff, "encrypted", d->media->encrypted, "recipients",
			 schemes_of(d), "annotations", d->annotations);
}

static json_t *describe_layers(const cof_image *image)
{
	json_t *layers = json_array();
	for (size_t i = 0; i < image->manifest.n_layers; i++)
		(void)json_array_append_new(layers,
					    describe_layer(&image->manifest.layers[i], &image->config.diff_ids[i]));
	return layers;
}

/* A member of the manifest or config that is there, as it stands. */
static json_t *member(const json_t *doc, const char *key)
{
	return json_is_null(json_object_get(doc, key)) ? NULL : json_object_get(doc, key);
}

static json_t *describe(const cof_image *image, json_t *members)
{
	char asked[COF_DIGEST_STR_MAX], digest[COF_DIGEST_STR_MAX], config[COF_DIGEST_STR_MAX];
	COF_AUTO_PTR(json_t) manifest = NULL;
	const json_t *c = image->config.doc;
	if (cof_json_parse(cof_buf_span(&image->manifest_bytes), &manifest, NULL) < 0)
		return NULL;
	cof_digest_str(&image->asked, asked);
	cof_digest_str(&image->digest, digest);
	cof_digest_str(&image->manifest.config.digest, config);
	return json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:O*, s:O*, s:O*, s:O*, s:O*, s:o}", "digest", digest,
			 "asked", asked, "config_digest", config, "media_type",
			 json_string_value(json_object_get(manifest, "mediaType")), "os", image->config.os,
			 "architecture", image->config.architecture, "variant", member(c, "variant"), "created",
			 member(c, "created"), "config", member(c, "config"), "annotations",
			 member(manifest, "annotations"), "members", members, "layers", describe_layers(image));
}

/* --- inspect: the table --- */

/* A control character, as ASCII or as UTF-8 writes those above it (U+0080 to U+009F). */
static bool draws(const char *s)
{
	unsigned char c = (unsigned char)s[0], next = (unsigned char)s[1];
	return c < ' ' || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* An image's texts are a stranger's: nothing of them may steer the terminal. */
static void print_text(const char *s)
{
	for (; *s != '\0'; s++)
		(void)putchar(draws(s) ? '?' : *s);
}

static void print_field(const char *name, const json_t *v)
{
	COF_AUTO(cof_buf) text = {0};
	if (v == NULL || (!json_is_string(v) && cof_json_dump(v, &text, NULL) < 0))
		return;
	(void)printf("%-13s ", name);
	print_text(json_is_string(v) ? json_string_value(v) : cof_buf_str(&text));
	(void)putchar('\n');
}

static void print_size(uint64_t n)
{
	if (n < 10 << 10)
		(void)printf("%9llu B  ", (unsigned long long)n);
	else
		(void)printf("%9.1f %s", (double)n / (n < 10 << 20 ? 1 << 10 : 1 << 20), n < 10 << 20 ? "KiB" : "MiB");
}

static const char *short_type(const cof_media *m)
{
	return m->comp == COF_COMP_GZIP ? "gzip" : m->comp == COF_COMP_ZSTD ? "zstd" : "tar";
}

static void print_members(const json_t *members)
{
	const json_t *m;
	size_t i;
	if (members != NULL)
		(void)printf("%-13s %zu members\n", "index", json_array_size(members));
	json_array_foreach (members, i, m) {
		(void)printf("  %s  ", json_string_value(json_object_get(m, "digest")));
		print_text(json_string_value(json_object_get(m, "platform")));
		(void)putchar('\n');
	}
}

static void print_layer(size_t i, const cof_desc *d)
{
	char digest[COF_DIGEST_STR_MAX];
	COF_AUTO_PTR(json_t) schemes = schemes_of(d);
	cof_digest_str(&d->digest, digest);
	(void)printf("  %3zu  ", i);
	print_size(d->size);
	(void)printf("  %-5s %s", short_type(d->media), digest);
	for (size_t k = 0; k < json_array_size(schemes); k++) {
		(void)printf(k == 0 ? "  encrypted: " : ", ");
		print_text(json_string_value(json_array_get(schemes, k)));
	}
	(void)printf("%s\n", d->media->encrypted && json_array_size(schemes) == 0 ? "  encrypted" : "");
}

static void print_config(const json_t *config)
{
	static const char *const keys[] = {"User",	 "WorkingDir",	 "Entrypoint", "Cmd",	"Env",
					   "StopSignal", "ExposedPorts", "Volumes",    "Labels"};
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		if (member(config, keys[i]) != NULL)
			print_field(keys[i], member(config, keys[i]));
}

static void print_table(const cof_image *image, const json_t *doc)
{
	static const char *const keys[] = {"digest", "config_digest", "media_type", "created", "annotations"};
	uint64_t total = 0;
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		print_field(keys[i], json_object_get(doc, keys[i]));
	(void)printf("%-13s ", "platform");
	print_text(image->config.os);
	(void)putchar('/');
	print_text(image->config.architecture);
	if (json_is_string(json_object_get(doc, "variant"))) {
		(void)putchar('/');
		print_text(json_string_value(json_object_get(doc, "variant")));
	}
	(void)putchar('\n');
	print_config(json_object_get(doc, "config"));
	for (size_t i = 0; i < image->manifest.n_layers; i++)
		total += image->manifest.layers[i].size;
	print_members(json_object_get(doc, "members"));
	(void)printf("%-13s %zu\n", "layers", image->manifest.n_layers);
	for (size_t i = 0; i < image->manifest.n_layers; i++)
		print_layer(i, &image->manifest.layers[i]);
	(void)printf("  all  ");
	print_size(total);
	(void)putchar('\n');
}

int cof_cmd_image_inspect(int argc, char **argv)
{
	cof_cli_image s;
	COF_AUTO(seen) image = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv,
				"inspect [OPTIONS] IMAGE\n" COF_CLI_DEPOT_HELP
				"  --json                        the whole for machines, on a terminal too\n",
				1, &s, &code) < 0)
		return code;
	if (load(&s, argv[optind], &image, &err) < 0)
		return cof_cli_fail(&err, s.json);
	COF_AUTO_PTR(json_t) doc = describe(&image.image, image.members);
	if (doc == NULL)
		return COF_EXIT_USAGE;
	if (s.json || isatty(STDOUT_FILENO) != 1)
		return cof_cli_print_json(doc);
	print_table(&image.image, doc);
	return COF_EXIT_YES;
}
