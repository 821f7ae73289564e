/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/enckeyfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/ossl.h"
#include "common/rd.h"

/* The queue of a failed attempt must not surprise the next one. */
static int malformed(cof_err *err, const char *what)
{
	ERR_clear_error();
	return cof_err_set(err, COF_E_MALFORMED, "key-malformed", "%s", what);
}

const char *cof_enc_key_kind(const EVP_PKEY *key)
{
	static const struct {
		const char *group, *kind;
	} curves[] = {{"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
	char group[32] = "";
	size_t len = 0;
	if (EVP_PKEY_is_a(key, "RSA"))
		return "RSA";
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1)
		return NULL;
	for (size_t i = 0; i < COF_COUNT(curves); i++)
		if (strcmp(group, curves[i].group) == 0)
			return curves[i].kind;
	return NULL;
}

static int supported(const EVP_PKEY *key, int rsa_min, cof_err *err)
{
	const char *kind = cof_enc_key_kind(key);
	if (kind == NULL)
		return cof_err_set(err, COF_E_USAGE, "key-unsupported", "neither RSA nor EC on P-256, P-384 or P-521");
	int bits = EVP_PKEY_get_bits(key);
	if (strcmp(kind, "RSA") == 0 && (bits < rsa_min || bits > COF_ENC_RSA_MAX))
		return cof_err_set(err, COF_E_USAGE, "key-unsupported", "an RSA key of %d bits", bits);
	return 0;
}

static bool is_pem(cof_span file)
{
	static const char begin[] = "-----BEGIN ";
	return file.len >= strlen(begin) && strncmp((const char *)file.data, begin, strlen(begin)) == 0;
}

static bool is_jwk(cof_span file)
{
	size_t i = 0;
	while (i < file.len && strchr(" \t\r\n", file.data[i]) != NULL && file.data[i] != '\0')
		i++;
	return i < file.len && file.data[i] == '{';
}

/* --- private --- */

typedef struct asked {
	const cof_secret *password;
	bool asked;
} asked;

/* Never asks the terminal, as OpenSSL would without this. */
static int give_password(char *out, int size, int writing, void *arg)
{
	asked *a = arg;
	(void)writing;
	a->asked = true;
	if (a->password == NULL || a->password->len > (size_t)size)
		return -1;
	memcpy(out, a->password->data, a->password->len);
	return (int)a->password->len;
}

static EVP_PKEY *private_pem(cof_span file, asked *a)
{
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(file.data, (int)file.len);
	return in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, give_password, a);
}

static EVP_PKEY *private_der(cof_span file, asked *a)
{
	const uint8_t *at = file.data;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)file.len);
	if (key != NULL)
		return key;
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(file.data, (int)file.len);
	return in == NULL ? NULL : d2i_PKCS8PrivateKey_bio(in, NULL, give_password, a);
}

static int from_jwk(cof_span file, bool is_private, EVP_PKEY **ret, json_t **ret_doc, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	/* The parser's text stays out of the error: it may quote the key. */
	if (cof_json_parse(file, &doc, NULL) < 0 || !json_is_object(doc))
		return malformed(err, "not a JWK");
	int r = cof_enc_jwk_key(doc, is_private, ret, err);
	if (r == 0)
		*ret_doc = cof_steal(&doc);
	return r;
}

static int no_password(const cof_secret *given, cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "key-password", "%s password opens the key",
			   given == NULL ? "only a" : "another");
}

int cof_enc_keyfile_private(cof_span file, const cof_secret *password, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	COF_AUTO_PTR(json_t) doc = NULL;
	asked a = {.password = password};
	int r = 0;
	if (is_jwk(file))
		r = from_jwk(file, true, &key, &doc, err);
	else
		key = is_pem(file) ? private_pem(file, &a) : private_der(file, &a);
	if (r == 0 && key == NULL)
		r = a.asked ? no_password(password, err) : malformed(err, "no private key in PEM, DER or JWK");
	ERR_clear_error();
	if (r == 0)
		r = supported(key, 1, err);
	if (r == 0)
		*ret = cof_steal(&key);
	return r;
}

/* --- public --- */

static int text_of(const json_t *doc, const char *key, char **ret, cof_err *err)
{
	const char *text = NULL;
	if (cof_json_opt_str(doc, key, &text, NULL) < 0 || (text != NULL && strlen(text) > COF_ENC_JWK_TEXT_MAX))
		return malformed(err, "a JWK whose alg or kid is none");
	*ret = text == NULL ? NULL : strdup(text);
	return text != NULL && *ret == NULL ? cof_err_oom(err) : 0;
}

static EVP_PKEY *public_key(cof_span file)
{
	const uint8_t *at = file.data;
	if (!is_pem(file))
		return d2i_PUBKEY(NULL, &at, (long)file.len);
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(file.data, (int)file.len);
	return in == NULL ? NULL : PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
}

int cof_enc_keyfile_public(cof_span file, EVP_PKEY **ret, char **ret_alg, char **ret_kid, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO_FREE char *alg = NULL;
	COF_AUTO_FREE char *kid = NULL;
	int r = 0;
	if (is_jwk(file))
		r = from_jwk(file, false, &key, &doc, err);
	else
		key = public_key(file);
	if (r == 0 && key == NULL)
		r = malformed(err, "no public key in PEM, DER or JWK");
	if (r == 0)
		r = supported(key, COF_ENC_RSA_MIN, err);
	if (r == 0 && doc != NULL)
		r = text_of(doc, "alg", &alg, err);
	if (r == 0 && doc != NULL)
		r = text_of(doc, "kid", &kid, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&key);
	*ret_alg = cof_steal(&alg);
	*ret_kid = cof_steal(&kid);
	return 0;
}

int cof_enc_keyfile_cert(cof_span file, X509 **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(file.data, (int)file.len);
	if (in == NULL)
		return cof_err_oom(err);
	X509 *cert = is_pem(file) ? PEM_read_bio_X509(in, NULL, NULL, NULL) : d2i_X509_bio(in, NULL);
	if (cert == NULL)
		return malformed(err, "no certificate in PEM or DER");
	*ret = cert;
	return 0;
}
