/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper_keys.h"

typedef struct source {
	cof_keeper_ask *ask;
	cof_keeper_get get;
	void *arg;
} source;

void cof_keeper_keys_release(cof_keeper_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		cof_secret_release(&k->at[i].kek);
	*k = (cof_keeper_keys){0};
}

static const cof_secret *known(const cof_keeper_keys *k, const cof_kbsp_path *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (cof_kbsp_path_equal(&k->at[i].path, path))
			return &k->at[i].kek;
	return NULL;
}

static const cof_secret *keep(cof_keeper_keys *k, const cof_kbsp_path *path, cof_secret *kek)
{
	size_t i = k->next;
	k->next = (k->next + 1) % COF_KEEPER_KEKS;
	if (k->n < COF_KEEPER_KEKS)
		k->n++;
	cof_secret_release(&k->at[i].kek);
	k->at[i].path = *path;
	k->at[i].kek = cof_secret_steal(kek);
	return &k->at[i].kek;
}

static int kek_of(cof_keeper_keys *k, const char *kid, const source *from, cof_span *ret, cof_err *err)
{
	cof_kbsp_path path;
	COF_AUTO(cof_secret) fresh = {0};
	int r = cof_kbsp_uri_parse(kid, &path, err);
	if (r < 0)
		return r;
	const cof_secret *had = known(k, &path);
	if (had != NULL) {
		*ret = cof_secret_span(had);
		return 0;
	}
	r = from->get(from->arg, &path, from->ask, &fresh, err);
	if (r == 0 && fresh.len != COF_ENC_KEK_LEN)
		return cof_err_set(err, COF_E_CRYPTO, "layer-key-unwrap",
				   "the resource of this layer's key is no AES-256 key");
	if (r == 0)
		*ret = cof_secret_span(keep(k, &path, &fresh));
	return r;
}

static int open_one(cof_keeper_keys *k, const cof_enc_packet *p, const source *from, cof_layer_key *ret, cof_err *err)
{
	cof_span kek = {0};
	int r = kek_of(k, p->kid, from, &kek, err);
	return r < 0 ? r : cof_enc_unwrap(p, kek, false, ret, err);
}

int cof_keeper_keys_open(cof_keeper_keys *k, const char *annotation, cof_keeper_ask *ask, cof_keeper_get get, void *arg,
			 cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_enc_packets) packets = {0};
	const source from = {ask, get, arg};
	int r = cof_enc_packets_parse(annotation, &packets, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < packets.n; i++) {
		r = open_one(k, &packets.at[i], &from, ret, err);
		if (r == 0)
			return 0;
	}
	return r;
}
