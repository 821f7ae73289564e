/* SPDX-License-Identifier: Apache-2.0 */
/* The owner whom the corpora of packets are wrapped for. Her keys are made for this, and are nobody's secret. */
#pragma once

#include <stdio.h>
#include <sys/mman.h>

#include "common/file.h"
#include "image-decrypt/enckeys.h"

/* What every packet of the corpora holds. */
#define ENC_OPTIONS                                                                                                    \
	"{\"symkey\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"digest\":\"\",\"cipheroptions\":{\"nonce\":"   \
	"\"AAECAwQFBgcICQoLDA0ODw==\"}}"

static const char enc_rsa_key[] = "-----BEGIN PRIVATE KEY-----\n"
				  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCT84BBrdzwAOra\n"
				  "MD5E5cHKu7IYHT02qSGxdO62wPJ8bc4x9hrSiW4ECMWEJODVMp8SzByQ4I4LzqYf\n"
				  "4B7uUJl0LRznlbTvcdkxpbU+DkR0Pbo3YAfdBs8mtb5x7xV0SAmMQp53cFvCdx/N\n"
				  "t9J8AP6Rf0AGzBH4mhCN2oIEo4TGBbeUDvJDN05QuQQaYudxIR0Hr40ptTfun/Dx\n"
				  "eO/R1Flzw6kAY76FvrW40581VP6DrTIVt9wxSzeDgVBVXJKMexvoYUq4ry/onMWl\n"
				  "wupB1pQsZO5Qv5ijQkydZA1EivWQZ2mKSSYqoBom28mDxaja7APmifxq1Im9sGGO\n"
				  "Zr1DO2n5AgMBAAECggEACco++kmfkSuUXs36rtsvtsMzCpSzumBYdApHagUsPobT\n"
				  "EjwFZBlXM/HjJQZ+MKld/JPQT5dmWtpopHsTfORNNTJvg1UFESOc0kPTcYjm53S2\n"
				  "s+eZOZtT3Y1A7f/asPQ72oHFg+SF0+FHU9jmNxGnRrgvg8ug5E0Ii6Rx/k3WMTax\n"
				  "nyl11l8C7OdU8haNY1m84k7zoULNCbNhfbwlAbtz1Eecw8MHiugNpzdSHmpNbPXG\n"
				  "7y5n71AvzAFtDzAQCQNvBLnsQbWCxWA6HtvQFyD59YnNIhEs3d0+51KyOGYMAwzR\n"
				  "XegiFt4Ac96Sn+EoPriViS4fmP6cjKZKoxk4Vv9igQKBgQDGz2EAL592wYlKsfkz\n"
				  "/LkoGHe9QR/4jh/cOqthjp5dsyHZxxsiBw91qiOPCepYSlq1fyx9MC2Rgz9j1Pua\n"
				  "56EormZZCxclrkr70we8ldMTXXi5sI8kLwDHRxG/NTl119XXWnDLZiWzLmVoC5ab\n"
				  "rjweg6QKi7hC9K7yXvLb7ZvueQKBgQC+gs9BJw99bB717YfFmRoSffW8m3RMIppD\n"
				  "2+75yhRWwGCTjqBs+lJUiHFlRcWNqJBHAQ/+nTnypI9mTNJiZD/+F/0VwPDNoXS+\n"
				  "MjgwcUe7TudTR04/dKt/RICv030Cxhq6x8OicJaSOBraEyfomp9OwBfVKQN+xOH7\n"
				  "mYMg/r53gQKBgEo3Rj28iWnaq7bPo3jNwgz+vUxQEHBIFgqveCTOCb5uzZcvpahZ\n"
				  "PGMvZWDTUcEt2JjiZahCIPCuLy7EZjyYdWfrWteotTZizykcyUmUIJydCyE+kODw\n"
				  "DvlVRYG8i7u7G9/tqiez9STjkAV8Nffd3iGCAO3S5LFSCDEAUubY15n5AoGBAJ17\n"
				  "hpXmEyDr4sAKxWRrhijpJNzvaHiTVhBoWyjzilKYHn17tlO/rZUhYROFVKQgRnvb\n"
				  "ffxMvh09OSkosfURx/Bkphp4btac8+NRoi8xRUmqFQE7fYxpBmdjGjm+SqWjW28x\n"
				  "OSArj9x5MoE4upHGV5CCrHDRwYjmeaRBJyt8SbiBAoGAHAXGWHP3JkIp6GrVsa+H\n"
				  "q9VFLK8A1TE+hFNxs93tABTCxH6mLkBBUqKnby4fg0te+nki8trCVsyEDgbxr7xL\n"
				  "l6/M7tNK5zlscf0zBb4mvz0oQx2nMD5JBG47S+2DxpHw4bZz9nifUkghaPT2n5ep\n"
				  "TMvgytYcVZ13DrnAxOSbfFI=\n"
				  "-----END PRIVATE KEY-----\n";

static const char enc_ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
				 "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHlH3VNN1Jp9XIjSL\n"
				 "25Eh7IasNVi/3J7n/ZmH0RQXk52hRANCAAQP5DIYqN993g8I+XxEje0Ba4quO4iw\n"
				 "Vhn61/+6x+sGYgTrd9dcmHMGp2aIGMvDhf7jbzGhJYGYZWqRIsmMnnot\n"
				 "-----END PRIVATE KEY-----\n";

static const char enc_kek[] = "0123456789abcdef0123456789abcdef";

static inline void enc_add(cof_enc_keys *keys, const char *text)
{
	char path[32];
	int fd = memfd_create("key", MFD_CLOEXEC);
	if (fd < 0 || cof_fd_write_all(fd, cof_span_str(text), NULL) < 0)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (cof_enc_keys_add(keys, path, NULL) < 0)
		abort();
	(void)close(fd);
}

/* Made once; it lives as long as the program. */
static inline const cof_enc_keys *enc_keys(void)
{
	static cof_enc_keys *keys;
	if (keys != NULL)
		return keys;
	if (cof_enc_keys_new(&keys, NULL) < 0)
		abort();
	enc_add(keys, enc_rsa_key);
	enc_add(keys, enc_ec_key);
	enc_add(keys, enc_kek);
	return keys;
}
