/*
** easy.c
** See easy.h for the idea.
*/
#include "twitter.h"

#include <dirent.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "easy.h"
#include "settings.h"


/* Children that the host program starts do not inherit our connections. */
static curl_socket_t open_socket (void *data, curlsocktype purpose,
                                  struct curl_sockaddr *address) {
  (void)data; (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}


static void only_http (CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                   (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS,
                   (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}


void *easy_new (void *share) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  /* as it was signed */
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  /* never wait for DNS */
#endif
  only_http(easy);
  return easy;
}


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


/* The system's certificates. Where there is a directory by hash, OpenSSL
   reads the one it needs instead of the whole bundle: parsing that costs
   more than a request does. */
static void trust_system (CURL *easy) {
  const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
  int hashed = built->capath != NULL && is_hashed_directory(built->capath);
  curl_easy_setopt(easy, CURLOPT_CAPATH, hashed ? built->capath : NULL);
  curl_easy_setopt(easy, CURLOPT_CAINFO, hashed ? NULL : built->cainfo);
}


static void trust (CURL *easy, const struct settings *s) {
  if (s->ca_file == NULL && s->ca_path == NULL) {
    trust_system(easy);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, s->ca_path);
}


void easy_settings (void *easy, const struct settings *s) {
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, s->timeout_ms);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, s->connect_timeout_ms);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, s->stall_timeout_s);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)(s->only_http_1
                   ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_PROXY, s->proxy);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, s->no_proxy);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, s->user_agent);
  trust(easy, s);
}
