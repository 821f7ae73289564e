/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/docker_save.h"

#include "image-decrypt/reference.h"

void cof_docker_save_release(cof_docker_save *s)
{
	if (s->doc != NULL)
		json_decref(s->doc);
	*s = (cof_docker_save){0};
}

static int malformed(const char *why, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "archive-malformed", "manifest.json: %s", why);
}

/* Both are names of the same image: as they stand, or with what docker leaves away. */
static bool same_name(const char *a, const char *b)
{
	cof_ref ra, rb;
	char ta[COF_REF_STR_MAX], tb[COF_REF_STR_MAX];
	if (strcmp(a, b) == 0)
		return true;
	if (cof_ref_parse_docker(a, &ra, NULL) < 0 || cof_ref_parse_docker(b, &rb, NULL) < 0)
		return false;
	cof_ref_str(&ra, ta);
	cof_ref_str(&rb, tb);
	return strcmp(ta, tb) == 0;
}

static bool has_tag(const json_t *image, const char *wanted)
{
	const json_t *tags = json_object_get(image, "RepoTags"), *tag;
	size_t i;
	json_array_foreach (tags, i, tag)
		if (json_is_string(tag) && same_name(json_string_value(tag), wanted))
			return true;
	return false;
}

static size_t number_of(const char *digits)
{
	size_t n = 0;
	for (; *digits >= '0' && *digits <= '9' && n <= COF_DOCKER_SAVE_IMAGES_MAX; digits++)
		n = n * 10 + (size_t)(*digits - '0');
	return n;
}

static const json_t *find(const json_t *images, const char *wanted)
{
	const json_t *image;
	size_t i;
	if (wanted[0] == '\0')
		return json_array_size(images) == 1 ? json_array_get(images, 0) : NULL;
	if (wanted[0] == '@')
		return json_array_get(images, number_of(wanted + 1));
	json_array_foreach (images, i, image)
		if (has_tag(image, wanted))
			return image;
	return NULL;
}

static int take_layers(cof_docker_save *s, cof_err *err)
{
	json_t *layers = NULL, *one;
	size_t i;
	if (cof_json_arr(s->image, "Layers", &layers, NULL) < 0 || json_array_size(layers) == 0 ||
	    json_array_size(layers) > COF_LAYERS_MAX)
		return malformed("an image must have 1 to 127 layers", err);
	json_array_foreach (layers, i, one) {
		s->layers[s->n_layers] = json_string_value(one);
		if (s->layers[s->n_layers++] == NULL || strlen(json_string_value(one)) != json_string_length(one))
			return malformed("a layer's name is no text", err);
	}
	return 0;
}

int cof_docker_save_parse(cof_span in, const char *wanted, cof_docker_save *ret, cof_err *err)
{
	COF_AUTO(cof_docker_save) s = {0};
	if (in.len > COF_DOCKER_SAVE_MAX || cof_json_parse(in, &s.doc, NULL) < 0 || !json_is_array(s.doc) ||
	    json_array_size(s.doc) > COF_DOCKER_SAVE_IMAGES_MAX)
		return malformed("it is no list of images", err);
	s.image = find(s.doc, wanted);
	if (s.image == NULL && wanted[0] == '\0')
		return cof_err_set(err, COF_E_MALFORMED, "tag-missing", "it has %zu images: name one",
				   json_array_size(s.doc));
	if (s.image == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "tag-missing", "it has no image '%.100s'", wanted);
	if (cof_json_str(s.image, "Config", &s.config, NULL) < 0)
		return malformed("an image has no Config", err);
	int r = take_layers(&s, err);
	if (r < 0)
		return r;
	*ret = s;
	s = (cof_docker_save){0};
	return 0;
}
