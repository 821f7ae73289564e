/* SPDX-License-Identifier: Apache-2.0 */
/* An attestation service for SEV-SNP: a guest that connects is sent 64 bytes, answers with a report over them, and gets
 * the verdict. cc attestation-service.c $(pkg-config --cflags --libs libcoffer-attestation); ./a.out PORT VCEK ASK ARK
 */
#include <arpa/inet.h>
#include <coffer/attestation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static unsigned char bytes[4][4096];
	cof_attestation_file files[4] = {{"report", bytes[0], 1184}, {"vek"}, {"intermediate"}, {"root"}};
	cof_verifier *verifier = cof_verifier_new();
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc == 5 ? argv[1] : "0"))};
	for (int i = 1; argc == 5 && i < 4; i++) {
		FILE *f = fopen(argv[i + 1], "rb");
		files[i].data = bytes[i];
		files[i].len = f != NULL ? fread(bytes[i], 1, sizeof bytes[i], f) : 0;
	}
	int guest, door = socket(AF_INET, SOCK_STREAM, 0);
	if (argc != 5 || verifier == NULL || bind(door, (void *)&at, sizeof at) < 0 || listen(door, 16) < 0)
		return perror("attestation-service PORT VCEK ASK ARK"), 2;
	for (; (guest = accept(door, NULL, NULL)) >= 0; close(guest)) {
		unsigned char nonce[64];
		char policy[256] = "{\"report_data\": \"";
		if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce ||
		    send(guest, nonce, sizeof nonce, MSG_NOSIGNAL) < 0 ||
		    recv(guest, bytes[0], 1184, MSG_WAITALL) != 1184)
			continue;
		for (size_t i = 0; i < sizeof nonce; i++)
			sprintf(policy + strlen(policy), "%02x%s", nonce[i], i + 1 < sizeof nonce ? "" : "\"}");
		cof_attestation_failure why = {0};
		cof_attestation_input in = {sizeof in, "snp-report", files, 4, policy, time(NULL)};
		cof_appraisal *a = cof_verifier_appraise(verifier, &in, &why);
		printf("%s %s\n", cof_appraisal_accepted(a) ? "accepted" : "refused",
		       a ? cof_appraisal_reason(a) : why.text);
		const char *answer = a ? cof_appraisal_json(a) : "{}\n"; /* accepted: the place to release a secret */
		(void)!send(guest, answer, strlen(answer), MSG_NOSIGNAL);
		cof_appraisal_free(a);
		fflush(stdout);
	}
}
