/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main for fuzz targets without libFuzzer: every file of the corpus folder, every truncation of it, and a fixed
 * number of pseudo-random mutations from a fixed seed. The same bytes on every run, so that a failure repeats.
 */
#include <dirent.h>
#include <stdio.h>

#include "common/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 1 << 20, TRUNCATIONS_MAX = 4096, MUTATIONS = 2000 };

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A heap copy of exactly len bytes, so that a read past the end is seen by ASan. */
static void run_exact(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE uint8_t *copy = malloc(len == 0 ? 1 : len);
	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
}

static void run_truncations(const cof_buf *in)
{
	size_t step = in->len / TRUNCATIONS_MAX + 1;
	for (size_t n = 0; n < in->len; n += step)
		run_exact(in->data, n);
}

static void run_mutations(cof_buf *in)
{
	uint64_t state = 0x9e3779b97f4a7c15u ^ in->len;
	for (int i = 0; i < MUTATIONS && in->len > 0; i++) {
		size_t at[4];
		uint8_t old[4];
		size_t n = 1 + next_random(&state) % 4;
		for (size_t k = 0; k < n; k++) {
			at[k] = next_random(&state) % in->len;
			old[k] = in->data[at[k]];
			in->data[at[k]] = (uint8_t)next_random(&state);
		}
		run_exact(in->data, in->len);
		for (size_t k = n; k-- > 0;)
			in->data[at[k]] = old[k];
	}
}

static int run_file(const char *dir, const char *name)
{
	cof_err err = {0};
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) in = {0};
	if (cof_path(&path, &err, "%s/%s", dir, name) < 0 || cof_file_read(path, INPUT_MAX, &in, &err) < 0) {
		fprintf(stderr, "%s: %s\n", name, err.text);
		return -1;
	}
	run_exact(in.data, in.len);
	run_truncations(&in);
	run_mutations(&in);
	return 0;
}

int main(int argc, char **argv)
{
	run_exact((const uint8_t *)"", 0);
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	if (d == NULL) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	int files = 0;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		if (run_file(argv[1], e->d_name) < 0)
			return 1;
		files++;
	}
	(void)closedir(d);
	return files > 0 ? 0 : 2;
}
