/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layerkey.h"

#include "common/file.h"
#include "common/rd.h"

static const uint8_t magic[8] = {'C', 'O', 'F', 'L', 'K', 'E', 'Y', '1'};

void cof_layer_key_release(cof_layer_key *k)
{
	cof_secret_release(&k->key);
	cof_wipe(k->nonce, sizeof k->nonce);
}

int cof_layer_key_encode(const cof_layer_key *k, cof_secret *ret, cof_err *err)
{
	if (k->key.len != COF_LAYER_KEY_LEN)
		return cof_err_set(err, COF_E_INTERNAL, "layer-key-malformed", "a key of %zu bytes", k->key.len);
	COF_AUTO(cof_secret) out = {0};
	int r = cof_secret_new(&out, COF_LAYER_KEY_WIRE, err);
	if (r < 0)
		return r;
	memcpy(out.data, magic, sizeof magic);
	memcpy(out.data + sizeof magic, k->key.data, COF_LAYER_KEY_LEN);
	memcpy(out.data + sizeof magic + COF_LAYER_KEY_LEN, k->nonce, COF_LAYER_NONCE_LEN);
	*ret = cof_secret_steal(&out);
	return 0;
}

int cof_layer_key_decode(cof_span in, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_layer_key) k = {0};
	cof_rd r = cof_rd_of(in);
	cof_span head = cof_rd_bytes(&r, sizeof magic);
	cof_span key = cof_rd_bytes(&r, COF_LAYER_KEY_LEN);
	cof_rd_copy(&r, k.nonce, sizeof k.nonce);
	if (!cof_rd_end(&r) || !cof_ct_equal(head, cof_span_of(magic, sizeof magic)))
		return cof_err_set(err, COF_E_MALFORMED, "layer-key-malformed", "not one record of a layer key");
	int rc = cof_secret_from(&k.key, key, err);
	if (rc < 0)
		return rc;
	memcpy(ret->nonce, k.nonce, sizeof k.nonce);
	ret->key = cof_secret_steal(&k.key);
	return 0;
}

int cof_layer_key_write(int fd, const cof_layer_key *k, cof_err *err)
{
	COF_AUTO(cof_secret) wire = {0};
	int r = cof_layer_key_encode(k, &wire, err);
	return r < 0 ? r : cof_fd_write_all(fd, cof_secret_span(&wire), err);
}

int cof_layer_key_read(int fd, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_secret) wire = {0};
	/* one byte more, so that what is too long is no record */
	int r = cof_fd_read_secret(fd, COF_LAYER_KEY_WIRE + 1, &wire, err);
	if (r == -(int)COF_E_MALFORMED)
		return cof_err_set(err, COF_E_MALFORMED, "layer-key-malformed", "not one record of a layer key");
	if (r < 0)
		return cof_err_wrap(err, "the key's pipe");
	if (wire.len == 0)
		return cof_err_set(err, COF_E_POLICY, "layer-key-refused", "no key came for this layer");
	return cof_layer_key_decode(cof_secret_span(&wire), ret, err);
}
