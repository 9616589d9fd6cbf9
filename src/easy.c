/*
** easy.c
** See easy.h for the idea.
*/
#include "twitter.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "easy.h"
#include "settings.h"


/* ---- the library ---- */

/* As libcurl writes it: "3.0.22", and before version 3 "1.1.1n". */
static void write_version (char *out, size_t size, unsigned long version) {
  const unsigned long major = version >> 28, minor = version >> 20 & 0xff;
  const unsigned long fix = version >> 12 & 0xff, patch = version >> 4 & 0xff;
  const char letters[] = "abcdefghijklmnopqrstuvwxyz";
  const int is_lettered = patch > 0 && patch < sizeof letters;
  if (major >= 3) snprintf(out, size, "%lu.%lu.%lu", major, minor, patch);
  else snprintf(out, size, "%lu.%lu.%lu%.*s", major, minor, fix, is_lettered,
                letters + (is_lettered ? patch - 1 : 0));
}


/* Two copies of OpenSSL in one process, whose functions find each other
   instead of themselves, corrupt memory. A server that has one built in is
   how that comes about. Another TLS library of libcurl's is no danger. */
static int is_same_openssl (const char *tls, const char *version) {
  const char name[] = "OpenSSL/";
  const size_t n = strlen(version);
  if (tls == NULL || strncmp(tls, name, sizeof name - 1) != 0) return 1;
  tls += sizeof name - 1;
  return strncmp(tls, version, n) == 0 && !isalnum((unsigned char)tls[n])
      && tls[n] != '.';
}


enum twitter_result easy_check_library (unsigned long openssl,
                                        char why[EASY_REFUSAL_SIZE]) {
  const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
  char version[32];
  write_version(version, sizeof version, openssl);
  if (!(built->features & CURL_VERSION_ASYNCHDNS)) {
    snprintf(why, EASY_REFUSAL_SIZE, "libcurl %s of this system looks up "
      "names without letting the program go on (it was built without a "
      "threaded resolver and without c-ares)", built->version);
    return TWITTER_INVALID;
  }
  if (!is_same_openssl(built->ssl_version, version)) {
    snprintf(why, EASY_REFUSAL_SIZE, "libcurl uses %s, but this process has "
      "OpenSSL %s as well; the two would be mixed up", built->ssl_version,
      version);
    return TWITTER_INVALID;
  }
  return TWITTER_OK;
}


/* ---- what all handles have ---- */

/* Children that the host program starts do not inherit our connections. */
static curl_socket_t open_socket (void *data, curlsocktype purpose,
                                  struct curl_sockaddr *address) {
  (void)data; (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}


/* The first thing that went wrong stands: a handle has all of its options,
   or it is not used. One without its proxy would go another way. */
static void put (CURLcode *sum, CURLcode code) {
  if (*sum == CURLE_OK) *sum = code;
}


static CURLcode only_http (CURL *easy) {
  CURLcode sum = CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
  put(&sum, curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
  put(&sum, curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                             "http,https"));
#else
  const long protocols = CURLPROTO_HTTP | CURLPROTO_HTTPS;
  put(&sum, curl_easy_setopt(easy, CURLOPT_PROTOCOLS, protocols));
  put(&sum, curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, protocols));
#endif
  return sum;
}


/* One of four: with or without brotli, with or without zstd. */
static const char *make_accept_encoding (void) {
  static const char *const lines[] = {
    "Accept-Encoding: deflate, gzip",
    "Accept-Encoding: deflate, gzip, br",
    "Accept-Encoding: deflate, gzip, zstd",
    "Accept-Encoding: deflate, gzip, br, zstd"
  };
  int features = curl_version_info(CURLVERSION_NOW)->features;
  int which = (features & CURL_VERSION_BROTLI) != 0;
  if ((features & CURL_VERSION_ZSTD) != 0) which += 2;
  return (features & CURL_VERSION_LIBZ) != 0 ? lines[which]
                                             : "Accept-Encoding: identity";
}


/* Asked of libcurl once; two threads would find the same. */
const char *easy_accept_encoding (void) {
  static const char *line;  /* atomic */
  const char *known = __atomic_load_n(&line, __ATOMIC_RELAXED);
  if (known == NULL) {
    known = make_accept_encoding();
    __atomic_store_n(&line, known, __ATOMIC_RELAXED);
  }
  return known;
}


static CURLcode for_all (CURL *easy, void *share) {
  CURLcode sum = only_http(easy);
  put(&sum, curl_easy_setopt(easy, CURLOPT_SHARE, share));
  put(&sum, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""));
  put(&sum, curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L));  /* as signed */
  put(&sum, curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                             (long)CURL_SSLVERSION_TLSv1_2));
  put(&sum, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket));
#if LIBCURL_VERSION_NUM >= 0x075700
  /* a name look-up that is given up is not waited for */
  put(&sum, curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
#endif
  return sum;
}


void *easy_new (void *share) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  if (for_all(easy, share) == CURLE_OK) return easy;
  curl_easy_cleanup(easy);
  return NULL;
}


/* ---- trust ---- */

/* Does the directory hold a certificate under its hash, as "1d3472b9.0"? */
static int is_hashed_directory (const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) return 0;
  const struct dirent *entry;
  int found = 0;
  while (!found && (entry = readdir(directory)) != NULL)
    found = strlen(entry->d_name) == 10
         && strspn(entry->d_name, "0123456789abcdef") == 8
         && strcmp(entry->d_name + 8, ".0") == 0;
  closedir(directory);
  return found;
}


/* Looked at once in a process; two threads would find the same. */
static int system_is_hashed (const char *path) {
  static int known;  /* atomic; 0: not yet, 1: no, 2: yes */
  int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (answer == 0) {
    answer = path != NULL && is_hashed_directory(path) ? 2 : 1;
    __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
  }
  return answer == 2;
}


/* The system's certificates. Where there is a directory by hash, OpenSSL
   reads the one it needs instead of the whole bundle: parsing that costs
   more than a request does. */
static CURLcode trust_system (CURL *easy) {
  const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
  int hashed = system_is_hashed(built->capath);
  CURLcode sum = CURLE_OK;
  put(&sum, curl_easy_setopt(easy, CURLOPT_CAPATH,
                             hashed ? built->capath : NULL));
  put(&sum, curl_easy_setopt(easy, CURLOPT_CAINFO,
                             hashed ? NULL : built->cainfo));
  return sum;
}


static CURLcode trust (CURL *easy, const struct settings *s) {
  if (s->ca_file == NULL && s->ca_path == NULL) return trust_system(easy);
  CURLcode sum = CURLE_OK;
  put(&sum, curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file));
  put(&sum, curl_easy_setopt(easy, CURLOPT_CAPATH, s->ca_path));
  return sum;
}


/* libcurl looks into the environment for each request; where nothing is set
   there, "no proxy" is told once. */
static const char *proxy_of (const struct settings *s) {
  static const char *const names[] = {
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"
  };
  if (s->proxy != NULL) return s->proxy;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (getenv(names[i]) != NULL) return NULL;
  return "";
}


enum twitter_result easy_settings (void *easy, const struct settings *s) {
  const long version = s->only_http_1 ? CURL_HTTP_VERSION_1_1
                                      : CURL_HTTP_VERSION_2TLS;
  CURLcode sum = trust(easy, s);
  put(&sum, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, s->timeout_ms));
  put(&sum, curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                             s->connect_timeout_ms));
  put(&sum, curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version));
  put(&sum, curl_easy_setopt(easy, CURLOPT_PROXY, proxy_of(s)));
  put(&sum, curl_easy_setopt(easy, CURLOPT_NOPROXY, s->no_proxy));
  return sum == CURLE_OK ? TWITTER_OK : TWITTER_NO_MEMORY;
}
