/* SPDX-License-Identifier: Apache-2.0 */
/* The three texts that stand around an encrypted layer: public options, key packets, private options. */
#include "image-decrypt/enc_provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void open_all(const cof_enc_packets *all)
{
	static const uint8_t kek[COF_ENC_KEK_LEN];
	for (size_t i = 0; i < all->n; i++) {
		COF_AUTO(cof_layer_key) key = {0};
		if (all->at[i].kid[0] == '\0' || all->at[i].wrapped.len > COF_ENC_WRAPPED_MAX)
			abort();
		if (cof_enc_unwrap(&all->at[i], cof_span_of(kek, sizeof kek), true, &key, NULL) == 0 &&
		    key.key.len != COF_LAYER_KEY_LEN)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	COF_AUTO(cof_enc_packets) all = {0};
	COF_AUTO(cof_enc_packet) one = {0};
	COF_AUTO(cof_layer_key) key = {0};
	cof_enc_kid kid;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	if (cof_enc_private_parse(cof_span_of(data, len), &key, NULL) == 0 && key.key.len != COF_LAYER_KEY_LEN)
		abort();
	(void)!cof_enc_packet_parse(cof_span_of(data, len), &one, NULL);
	if (text == NULL)
		return 0;
	if (cof_enc_kid_parse(text, &kid, NULL) == 0 && (kid.path.repo[0] == '\0' || strchr(kid.host, '/') != NULL))
		abort();
	(void)!cof_enc_public_parse(text, hmac, NULL);
	if (cof_enc_packets_parse(text, &all, NULL) == 0) {
		if (all.n == 0 || all.n > COF_ENC_PACKETS_MAX)
			abort();
		open_all(&all);
	}
	return 0;
}
