#include "http/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

enum err certificates_check(const char *path, const char **ret_reason)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	X509 *certificate;

	if (!path)
		return ERR_OK;
	if (!file) {
		*ret_reason = "names a file that cannot be read";
		return ERR_INVALID;
	}
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (!certificate) {
		*ret_reason = "names a file without a certificate in PEM";
		return ERR_INVALID;
	}
	X509_free(certificate);
	return ERR_OK;
}
