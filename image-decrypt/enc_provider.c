/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/enc_provider.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/hex.h"
#include "common/jwe_crypto.h"
#include "common/rd.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/manifest.h"

enum { CTR_IV_LEN = 16 };

int cof_enc_bad_packet(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-packet-malformed", "wrapped key: %s", what);
}

int cof_enc_no_key(cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "layer-key-unwrap", "the wrapped key does not open");
}

void cof_enc_packet_release(cof_enc_packet *p)
{
	cof_buf_release(&p->wrapped);
	*p = (cof_enc_packet){0};
}

void cof_enc_packets_release(cof_enc_packets *p)
{
	for (size_t i = 0; i < COF_ENC_PACKETS_MAX; i++)
		cof_enc_packet_release(&p->at[i]);
	p->n = 0;
}

/* --- reading --- */

static const struct {
	const char *name;
	cof_enc_wrap wrap;
	size_t iv_len;
} wraps[] = {
	{"A256GCM", COF_ENC_A256GCM, COF_GCM_IV_LEN},
	{"A256CTR", COF_ENC_A256CTR, CTR_IV_LEN},
};

static bool printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

/* spec: version 2 packets of the hub: only the version and the provider that mean what version 1 meant */
static bool version_ok(const json_t *v)
{
	const char *version = NULL, *provider = NULL;
	if (cof_json_opt_str(v, "version", &version, NULL) < 0 || cof_json_opt_str(v, "provider", &provider, NULL) < 0)
		return false;
	return (version == NULL || strcmp(version, "0.1.0") == 0) && (provider == NULL || strcmp(provider, "kbs") == 0);
}

static int take_packet(const json_t *v, cof_enc_packet *p, cof_err *err)
{
	const char *kid = NULL, *type = NULL;
	if (!version_ok(v))
		return cof_enc_bad_packet(err, "unknown version or provider");
	if (cof_json_str(v, "kid", &kid, err) < 0 || kid[0] == '\0' || strlen(kid) > COF_ENC_KID_MAX || !printable(kid))
		return cof_enc_bad_packet(err, "no usable kid");
	memcpy(p->kid, kid, strlen(kid) + 1);
	if (cof_json_str(v, "wrap_type", &type, err) < 0)
		return cof_enc_bad_packet(err, "no wrap_type");
	size_t i = 0;
	while (i < COF_COUNT(wraps) && strcmp(type, wraps[i].name) != 0)
		i++;
	if (i == COF_COUNT(wraps))
		return cof_enc_bad_packet(err, "unknown wrap_type");
	p->wrap = wraps[i].wrap;
	if (cof_enc_b64_exact(v, "iv", p->iv, wraps[i].iv_len) < 0)
		return cof_enc_bad_packet(err, "the iv's length is not the wrap_type's");
	p->wrapped = cof_buf_capped(COF_ENC_WRAPPED_MAX);
	if (cof_json_b64(v, "wrapped_data", &p->wrapped, err) < 0 || p->wrapped.len <= COF_GCM_TAG_LEN)
		return cof_enc_bad_packet(err, "no usable wrapped_data");
	return 0;
}

int cof_enc_packet_parse(cof_span in, cof_enc_packet *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_enc_packet) p = {0};
	if (in.len > COF_ENC_PACKET_MAX || cof_json_parse(in, &v, err) < 0 || !json_is_object(v))
		return cof_enc_bad_packet(err, "not a JSON object");
	int r = take_packet(v, &p, err);
	if (r < 0)
		return r;
	*ret = p;
	p = (cof_enc_packet){0};
	return 0;
}

static int one_packet(cof_span text, cof_enc_packets *to, cof_err *err)
{
	COF_AUTO(cof_buf) raw = cof_buf_capped(COF_ENC_PACKET_MAX);
	if (to->n == COF_ENC_PACKETS_MAX)
		return cof_enc_bad_packet(err, "too many packets");
	if (cof_unb64(text, &raw, err) < 0)
		return cof_enc_bad_packet(err, "not base64");
	return cof_enc_packet_parse(cof_buf_span(&raw), &to->at[to->n++], err);
}

int cof_enc_packets_parse(const char *in, cof_enc_packets *ret, cof_err *err)
{
	COF_AUTO(cof_enc_packets) all = {0};
	if (strlen(in) > COF_ANNOTATION_MAX)
		return cof_enc_bad_packet(err, "too large");
	for (const char *s = in;;) {
		size_t n = strcspn(s, ",");
		int r = one_packet(cof_span_of(s, n), &all, err);
		if (r < 0)
			return r;
		if (s[n] == '\0')
			break;
		s += n + 1;
	}
	*ret = all;
	all = (cof_enc_packets){0};
	return 0;
}

/* --- opening --- */

static int ctr_open(const cof_enc_packet *p, cof_span kek, cof_secret *ret, cof_err *err)
{
	int r = cof_secret_new(ret, p->wrapped.len, err);
	if (r < 0)
		return r;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, kek.data, p->iv) == 1 &&
		  EVP_DecryptUpdate(ctx, ret->data, &n, p->wrapped.data, (int)p->wrapped.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : cof_enc_no_key(err);
}

static int gcm_open(const cof_enc_packet *p, cof_span kek, cof_secret *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(cof_buf_span(&p->wrapped));
	cof_span tag = cof_rd_tail(&r, COF_GCM_TAG_LEN);
	const cof_gcm g = {kek, cof_span_of(p->iv, COF_GCM_IV_LEN), {0}};
	return cof_gcm_open(&g, cof_rd_rest(&r), tag, ret, NULL) < 0 ? cof_enc_no_key(err) : 0;
}

int cof_enc_packet_open(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	bool gcm = p->wrap == COF_ENC_A256GCM;
	if (!gcm && !allow_ctr)
		return cof_err_set(err, COF_E_POLICY, "layer-wrap-unauthenticated", "the key is wrapped by A256CTR");
	if (kek.len != COF_ENC_KEK_LEN || p->wrapped.len <= COF_GCM_TAG_LEN)
		return cof_enc_no_key(err);
	return gcm ? gcm_open(p, kek, ret, err) : ctr_open(p, kek, ret, err);
}

int cof_enc_unwrap(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_secret) plain = {0};
	int r = cof_enc_packet_open(p, kek, allow_ctr, &plain, err);
	return r < 0 ? r : cof_enc_private_parse(cof_secret_span(&plain), ret, err);
}

/* --- ids of keys --- */

/* A name or an address, and a port: what can neither climb nor be taken for a scheme. */
static bool host_ok(const char *s)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
	bool bracket = s[0] == '[';
	size_t n = bracket ? 1 + strspn(s + 1, "0123456789abcdefABCDEF:.") : strspn(s, name);
	if (bracket ? n == 1 || s[n] != ']' : n == 0 || s[0] == '.')
		return false;
	n += bracket ? 1 : 0;
	if (s[n] == '\0')
		return true;
	size_t digits = strspn(s + n + 1, "0123456789");
	return s[n] == ':' && digits >= 1 && digits <= 5 && s[n + 1 + digits] == '\0';
}

int cof_enc_kid_parse(const char *text, cof_enc_kid *ret, cof_err *err)
{
	static const char *const schemes[] = {"kbs://", "kbs+resource://"};
	cof_enc_kid k = {0};
	const char *at = text;
	for (size_t i = 0; i < COF_COUNT(schemes) && at == text; i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			at += strlen(schemes[i]);
	size_t n = strcspn(at, "/");
	if (n <= COF_ENC_HOST_MAX)
		memcpy(k.host, at, n);
	if (n > COF_ENC_HOST_MAX || at[n] == '\0' || (n > 0 && !host_ok(k.host)))
		return cof_err_set(err, COF_E_MALFORMED, "resource-path", "'%.64s' does not name a resource", text);
	int r = cof_kbsp_path_parse(at + n + 1, &k.path, err);
	if (r == 0)
		*ret = k;
	return r;
}

/* --- making --- */

static int packet_text(const char *kid, cof_span iv, cof_span sealed, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *wrapped = cof_b64_dup(sealed);
	COF_AUTO_FREE char *iv_text = cof_b64_dup(iv);
	if (wrapped == NULL || iv_text == NULL)
		return cof_err_oom(err);
	return cof_buf_printf(ret, err,
			      "{\"kid\":\"%s\",\"wrapped_data\":\"%s\",\"iv\":\"%s\",\"wrap_type\":\"A256GCM\"}", kid,
			      wrapped, iv_text);
}

/* spec: CoCo packet version 1: compact JSON, members in this order */
int cof_enc_wrap_make(const char *kid, cof_span kek, cof_span private_options, cof_buf *ret, cof_err *err)
{
	uint8_t iv[COF_GCM_IV_LEN], sealed[COF_ENC_PRIVATE_MAX + COF_GCM_TAG_LEN];
	COF_AUTO(cof_buf) text = {0};
	const cof_gcm g = {kek, cof_span_of(iv, sizeof iv), {0}};
	if (kek.len != COF_ENC_KEK_LEN || private_options.len > COF_ENC_PRIVATE_MAX)
		return cof_err_set(err, COF_E_USAGE, "image-key-length", "the image key must be 32 bytes");
	if (strlen(kid) > COF_ENC_KID_MAX || !printable(kid) || strpbrk(kid, "\"\\") != NULL)
		return cof_err_set(err, COF_E_USAGE, "kid-malformed", "'%s' cannot be a key's id", kid);
	if (RAND_bytes(iv, sizeof iv) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "no random numbers");
	int r = cof_gcm_seal(&g, private_options, sealed, sealed + private_options.len, err);
	if (r == 0)
		r = packet_text(kid, cof_span_of(iv, sizeof iv),
				cof_span_of(sealed, private_options.len + COF_GCM_TAG_LEN), &text, err);
	return r < 0 ? r : cof_enc_add_packet(cof_buf_span(&text), ret, err);
}
