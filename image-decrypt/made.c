/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/made.h"

#include <limits.h>
#include <stdio.h>

#include "common/digest.h"

enum { KEY_LEN = 16, FIRST_ROOM = 256 };

void cof_made_release(cof_made *m)
{
	free(m->slots);
	*m = (cof_made){0};
}

static int key_of(const char *dir, const char *name, uint8_t key[KEY_LEN], cof_err *err)
{
	char path[2 * PATH_MAX];
	uint8_t digest[COF_SHA256_LEN];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);
	int r = cof_sha256(cof_span_of(path, n < 0 ? 0 : (size_t)n), digest, err);
	memcpy(key, digest, KEY_LEN);
	key[0] |= 1; /* an empty slot is all zeros */
	return r;
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint8_t *slot_of(const cof_made *m, const uint8_t key[KEY_LEN])
{
	static const uint8_t empty[KEY_LEN];
	size_t at = 0;
	memcpy(&at, key + KEY_LEN - sizeof at, sizeof at);
	for (;; at++) {
		uint8_t *slot = m->slots[at & (m->room - 1)];
		if (memcmp(slot, key, KEY_LEN) == 0 || memcmp(slot, empty, KEY_LEN) == 0)
			return slot;
	}
}

static int grow(cof_made *m, cof_err *err)
{
	cof_made bigger = {.n = m->n, .room = m->room == 0 ? FIRST_ROOM : 2 * m->room};
	bigger.slots = calloc(bigger.room, KEY_LEN);
	if (bigger.slots == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < m->room; i++)
		if (m->slots[i][0] != 0)
			memcpy(slot_of(&bigger, m->slots[i]), m->slots[i], KEY_LEN);
	free(m->slots);
	*m = bigger;
	return 0;
}

int cof_made_add(cof_made *m, const char *dir, const char *name, cof_err *err)
{
	uint8_t key[KEY_LEN];
	int r = key_of(dir, name, key, err);
	if (r == 0 && 2 * (m->n + 1) > m->room)
		r = grow(m, err);
	if (r < 0)
		return r;
	uint8_t *slot = slot_of(m, key);
	m->n += slot[0] == 0;
	memcpy(slot, key, KEY_LEN);
	return 0;
}

bool cof_made_has(const cof_made *m, const char *dir, const char *name)
{
	uint8_t key[KEY_LEN];
	return m->room > 0 && key_of(dir, name, key, NULL) == 0 && slot_of(m, key)[0] != 0;
}
