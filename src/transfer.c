/*
** transfer.c
** See transfer.h for the idea. The callbacks run inside libcurl, on whatever
** thread steps the engine; each touches its own transfer and nothing else.
*/
#include "twitter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "body.h"
#include "buf.h"
#include "easy.h"
#include "file.h"
#include "head.h"
#include "settings.h"
#include "transfer.h"

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed (it tells before each sending)"
#endif


struct transfer *transfer_new (struct settings *settings,
                               unsigned long long ceiling, int secret) {
  struct transfer *t = calloc(1, sizeof *t);
  if (t == NULL) return NULL;
  t->settings = settings_share(settings);
  t->ceiling = ceiling;
  body_init(&t->body);
  head_init(&t->head);
  if (secret)
    buf_init_secret(&t->response, (size_t)ceiling);
  else
    buf_init(&t->response, (size_t)ceiling);
  return t;
}


/* The first thing that went wrong stands. */
static void put (CURLcode *sum, CURLcode code) {
  if (*sum == CURLE_OK) *sum = code;
}


/* RFC 9110 section 5.6.2: which bytes from '!' on make a token. */
static const char token_bytes[] =
  "1011111001101101111111111000000"   /* ! to ? */
  "0111111111111111111111111110001"   /* @ to ^ */
  "11111111111111111111111111110101"; /* _ to ~ */


static int is_token (const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < '!' || c > '~' || token_bytes[c - '!'] != '1') return 0;
  }
  return n > 0;
}


/* Control bytes, and in URLs also the space, end a field early. */
static int has_control (const char *text, size_t n, unsigned char first) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c < first && c != '\t') || c == 0x7f) return 1;
  }
  return 0;
}


/* http or https, written out (libcurl would guess), and no login in it: that
   would become a header of its own. */
static int is_address (const char *url, size_t n) {
  size_t scheme = 0;
  if (n > 7 && strncasecmp(url, "http://", 7) == 0) scheme = 7;
  else if (n > 8 && strncasecmp(url, "https://", 8) == 0) scheme = 8;
  if (scheme == 0) return 0;
  for (size_t i = scheme; i < n && strchr("/?#", url[i]) == NULL; i++)
    if (url[i] == '@') return 0;
  return 1;
}


enum twitter_result transfer_target (struct transfer *t,
                                     const char *method, size_t method_length,
                                     const char *url, size_t url_length) {
  if (method_length >= TRANSFER_METHOD_SIZE
      || !is_token(method, method_length)
      || has_control(url, url_length, 0x21)
      || memchr(url, '\t', url_length) != NULL
      || !is_address(url, url_length))
    return TWITTER_INVALID;
  if (url_length > TRANSFER_MAX_URL) return TWITTER_OVER_LIMIT;
  memcpy(t->method, method, method_length);  /* zeroed at birth */
  free(t->url);
  t->url = malloc(url_length + 1);
  if (t->url == NULL) return TWITTER_NO_MEMORY;
  memcpy(t->url, url, url_length);
  t->url[url_length] = '\0';
  return TWITTER_OK;
}


static int is_name (const char *name, size_t n, const char *wanted) {
  return strlen(wanted) == n && strncasecmp(wanted, name, n) == 0;
}


/* What frames the message, or concerns the connection alone. */
static int is_framing (const char *name, size_t n) {
  static const char *const names[] = {
    "connection", "content-length", "expect", "host", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (is_name(name, n, names[i])) return 1;
  return 0;
}


/* A node of the list with its text behind it; libcurl only reads the list. */
struct field {
  struct curl_slist node;
  char text[];
};


/* Appends a field of 'n' bytes and answers where its text goes, or NULL. */
static char *append_field (struct transfer *t, size_t n) {
  struct field *field = malloc(sizeof *field + n + 1);
  if (field == NULL) return NULL;
  field->node.data = field->text;
  field->node.next = NULL;
  field->text[n] = '\0';
  if (t->last_header != NULL)
    ((struct curl_slist *)t->last_header)->next = &field->node;
  else
    t->headers = &field->node;
  t->last_header = &field->node;
  return field->text;
}


/* The list's strings hold credentials. */
static void free_fields (struct transfer *t) {
  struct curl_slist *node = t->headers;
  while (node != NULL) {
    struct curl_slist *next = node->next;
    buf_wipe(node->data, strlen(node->data));
    free(node);  /* the first member of its field */
    node = next;
  }
  t->headers = t->last_header = NULL;
}


/* libcurl wants "Name: value", or "Name;" for an empty value. */
static enum twitter_result append_header (struct transfer *t,
                                          const char *name,
                                          size_t name_length,
                                          const char *value,
                                          size_t value_length) {
  size_t n = name_length + (value_length > 0 ? 2 + value_length : 1);
  char *text = append_field(t, n);
  if (text == NULL) return TWITTER_NO_MEMORY;
  memcpy(text, name, name_length);
  memcpy(text + name_length, value_length > 0 ? ": " : ";",
         value_length > 0 ? 2 : 1);
  memcpy(text + n - value_length, value, value_length);
  return TWITTER_OK;
}


enum twitter_result transfer_header (struct transfer *t, const char *name,
                                     size_t name_length, const char *value,
                                     size_t value_length) {
  if (!is_token(name, name_length) || is_framing(name, name_length)
      || has_control(value, value_length, 0x20))
    return TWITTER_INVALID;
  if (t->header_count == TRANSFER_MAX_HEADERS
      || name_length + value_length > TRANSFER_MAX_HEADER)
    return TWITTER_OVER_LIMIT;
  while (value_length > 0 && strchr(" \t", value[value_length - 1]) != NULL)
    value_length--;
  t->header_count++;
  t->has_agent |= is_name(name, name_length, "user-agent");
  t->has_encodings |= is_name(name, name_length, "accept-encoding");
  return append_header(t, name, name_length, value, value_length);
}


void transfer_free (struct transfer *t) {
  if (t == NULL) return;
  free_fields(t);
  if (t->url != NULL) buf_wipe(t->url, strlen(t->url));
  free(t->url);
  body_free(&t->body);
  settings_release(t->settings);
  file_release(t->sink);
  head_free(&t->head);
  buf_free(&t->response);
  free(t);
}


/* 'failure' set by a callback stands: libcurl only reports its abort. */
static void note (struct transfer *t, enum transfer_failure failure,
                  const char *message) {
  if (t->failure != TRANSFER_FINE) return;
  t->failure = failure;
  snprintf(t->message, sizeof t->message, "%s", message);
}


static size_t keep (struct transfer *t, const char *bytes, size_t n) {
  if (t->sink == NULL) {
    if (buf_add(&t->response, bytes, n) == TWITTER_OK) return n;
    note(t, TRANSFER_MEMORY, "not enough memory");
    return 0;
  }
  if (file_append(t->sink, bytes, n) == TWITTER_OK) return n;
  note(t, TRANSFER_FILE_FAILED, strerror(errno));
  return 0;
}


static size_t on_write (char *bytes, size_t size, size_t count, void *data) {
  struct transfer *t = data;
  size_t n = size * count;
  if (n > t->ceiling - t->received) {
    note(t, TRANSFER_TOO_LARGE, "the response is larger than allowed");
    return 0;
  }
  t->received += n;
  return keep(t, bytes, n) == n ? n : 0;
}


static size_t on_header (char *line, size_t size, size_t count,
                         void *data) {
  struct transfer *t = data;
  size_t n = size * count;
  enum twitter_result result = head_line(&t->head, line, n);
  if (result == TWITTER_OK) return n;
  if (result == TWITTER_OVER_LIMIT)
    note(t, TRANSFER_TOO_LARGE, "the response's header is larger than "
                                "allowed");
  else
    note(t, TRANSFER_MEMORY, "not enough memory");
  return 0;
}


/* Called each time the request is about to be written to a connection that
   stands: the one place that knows of libcurl's silent second tries. */
static int on_sending (void *data, char *remote_address, char *local_address,
                       int remote_port, int local_port) {
  struct transfer *t = data;
  (void)remote_address; (void)local_address;
  (void)remote_port; (void)local_port;
  if (t->sendings > 0 && !t->resend) {
    note(t, TRANSFER_NETWORK, "the connection was lost before an answer "
                              "came");
    return CURL_PREREQFUNC_ABORT;
  }
  t->sendings++;
  return CURL_PREREQFUNC_OK;
}


enum twitter_result transfer_dress (void *easy) {
  CURLcode sum = CURLE_OK;
  put(&sum, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write));
  put(&sum, curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
  put(&sum, curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending));
  return sum == CURLE_OK ? TWITTER_OK : TWITTER_NO_MEMORY;
}


static enum twitter_result append_line (struct transfer *t,
                                        const char *line) {
  size_t n = strlen(line);
  char *text = append_field(t, n);
  if (text == NULL) return TWITTER_NO_MEMORY;
  memcpy(text, line, n + 1);
  return TWITTER_OK;
}


/* Keeps libcurl from adding headers of its own: a wait for "100 continue"
   before a body, a content type where there is no content. The others it
   would put together anew for each request. */
static enum twitter_result append_defaults (struct transfer *t) {
  enum twitter_result result =
    append_line(t, t->body.kind == BODY_NONE ? "Content-Type:" : "Expect:");
  if (result == TWITTER_OK && !t->has_encodings)
    result = append_line(t, easy_accept_encoding());
  if (result == TWITTER_OK && !t->has_agent
      && t->settings->user_agent != NULL)
    result = append_line(t, t->settings->user_agent);
  return result;
}


/* The few that most requests do without. */
static CURLcode begin_special (struct transfer *t, CURL *easy) {
  CURLcode sum = CURLE_OK;
  if (t->redirects > 0) {
    put(&sum, curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L));
    put(&sum, curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)t->redirects));
  }
  if (t->timeout_ms > 0)
    put(&sum, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->timeout_ms));
  return sum;
}


static void end_special (const struct transfer *t, CURL *easy) {
  if (t->redirects > 0)
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  if (t->timeout_ms > 0)
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->settings->timeout_ms);
}


enum twitter_result transfer_begin (struct transfer *t, void *easy) {
  t->state = TRANSFER_RUNNING;
  if (append_defaults(t) != TWITTER_OK) return TWITTER_NO_MEMORY;
  CURLcode sum = begin_special(t, easy);
  put(&sum, curl_easy_setopt(easy, CURLOPT_PRIVATE, t));
  put(&sum, curl_easy_setopt(easy, CURLOPT_WRITEDATA, t));
  put(&sum, curl_easy_setopt(easy, CURLOPT_HEADERDATA, t));
  put(&sum, curl_easy_setopt(easy, CURLOPT_PREREQDATA, t));
  put(&sum, curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->library_message));
  put(&sum, curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers));
  put(&sum, curl_easy_setopt(easy, CURLOPT_URL, t->url));
  if (sum != CURLE_OK) return TWITTER_NO_MEMORY;
  return body_apply(&t->body, easy, t->method);
}


/* One line a kind; what is not named is the network's. */
static enum transfer_failure failure_of (CURLcode code) {
  switch (code) {
    case CURLE_OK: return TRANSFER_FINE;
    case CURLE_OPERATION_TIMEDOUT: return TRANSFER_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS: return TRANSFER_TLS;
    case CURLE_OUT_OF_MEMORY: return TRANSFER_MEMORY;
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
    case CURLE_FILESIZE_EXCEEDED: return TRANSFER_TOO_LARGE;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT: return TRANSFER_REFUSED_INPUT;
    default: return TRANSFER_NETWORK;
  }
}


/* A peer that hangs up during the handshake is no fault of TLS; OpenSSL
   says so only in words. */
static int is_hang_up (CURLcode code, const char *message) {
  return code == CURLE_SSL_CONNECT_ERROR
      && (strstr(message, "SYSCALL") != NULL
          || strstr(message, "reset by peer") != NULL
          || strstr(message, "getpeername() failed") != NULL
          || strstr(message, "unexpected eof") != NULL);
}


static void note_body_problem (struct transfer *t) {
  if (t->body.problem == BODY_SHORTENED)
    note(t, TRANSFER_FILE_FAILED, "the file became shorter while it was "
                                  "being sent");
  else if (t->body.problem == BODY_UNREADABLE)
    note(t, TRANSFER_FILE_FAILED, strerror(t->body.error_number));
}


/* libcurl before 8.6 calls a header line beyond its own ceiling a lack of
   memory. */
static int is_long_line (const struct transfer *t, CURLcode code) {
#if LIBCURL_VERSION_NUM < 0x080600
  return t->sendings > 0 && code == CURLE_OUT_OF_MEMORY
      && t->head.fields.length > 0;
#else
  (void)t; (void)code;
  return 0;
#endif
}


/* Once the request is on its way, "unsupported protocol" means that what came
   is no HTTP. */
static void note_code (struct transfer *t, CURLcode code) {
  if (code == CURLE_OK) return;
  int sent = t->sendings > 0;
  const char *message = t->library_message;
  if (message[0] == '\0') message = curl_easy_strerror(code);
  if (is_long_line(t, code))
    note(t, TRANSFER_TOO_LARGE, "the response's header is larger than "
                                "allowed");
  else if ((sent && code == CURLE_UNSUPPORTED_PROTOCOL)
           || is_hang_up(code, message))
    note(t, TRANSFER_NETWORK, message);
  else
    note(t, failure_of(code), message);
}


static void take_facts (struct transfer *t, CURL *easy) {
  long version = 0, size = 0;
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &t->status);
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &microseconds);
  t->request_size = size;
  t->elapsed = (double)microseconds / 1e6;
  t->http_major = version >= CURL_HTTP_VERSION_2_0 ? 2 : 1;
  if (version == CURL_HTTP_VERSION_3) t->http_major = 3;
  t->http_minor = version == CURL_HTTP_VERSION_1_1;
}


void transfer_end (struct transfer *t, void *easy, int code) {
  take_facts(t, easy);
  note_body_problem(t);
  note_code(t, (CURLcode)code);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
  end_special(t, easy);
  body_unapply(&t->body, easy);
  t->state = TRANSFER_DONE;
}


void transfer_fail (struct transfer *t, enum transfer_failure failure,
                    const char *message) {
  t->failure = failure;
  snprintf(t->message, sizeof t->message, "%s", message);
  t->state = TRANSFER_DONE;
}


int transfer_may_have_arrived (const struct transfer *t) {
  return t->status != 0
      || (t->sendings > 0 && t->request_size > 0
          && body_all_taken(&t->body));
}


static unsigned long long bytes_moved (const struct transfer *t) {
  return t->received + t->head.fields.length + body_bytes_taken(&t->body);
}


/* The clock starts with the sending: until then the time to connect is the
   limit. */
int transfer_has_stalled (struct transfer *t, long long now) {
  long limit = t->settings->stall_timeout_ms;
  unsigned long long moved = bytes_moved(t);
  if (limit == 0 || t->sendings == 0) return 0;
  if (t->moved_at == 0 || moved != t->moved) {
    t->moved = moved;
    t->moved_at = now;
    return 0;
  }
  return now - t->moved_at >= limit;
}
