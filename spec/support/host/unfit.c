/*
** unfit.c
** Preloaded: libcurl and OpenSSL say of themselves what the environment
** wants. UNFIT_NUMBER is OpenSSL's version number (hexadecimal), UNFIT_TLS the
** TLS library that libcurl names, UNFIT_DNS says that it has no resolver that
** works asynchronously.
*/
#define _GNU_SOURCE 1

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

unsigned long OpenSSL_version_num (void);

unsigned long OpenSSL_version_num (void) {
  const char *number = getenv("UNFIT_NUMBER");
  unsigned long (*real) (void) = NULL;
  if (number != NULL) return strtoul(number, NULL, 16);
  *(void **)&real = dlsym(RTLD_NEXT, "OpenSSL_version_num");
  return real != NULL ? real() : 0;
}


curl_version_info_data *curl_version_info (CURLversion version) {
  static curl_version_info_data data;
  curl_version_info_data *(*real) (CURLversion) = NULL;
  *(void **)&real = dlsym(RTLD_NEXT, "curl_version_info");
  if (real == NULL) return NULL;
  memcpy(&data, real(version), sizeof data);
  if (getenv("UNFIT_TLS") != NULL) data.ssl_version = getenv("UNFIT_TLS");
  if (getenv("UNFIT_DNS") != NULL) data.features &= ~CURL_VERSION_ASYNCHDNS;
  return &data;
}
