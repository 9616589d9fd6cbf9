/*
** url.c
** See url.h for the idea.
*/
#include "twitter.h"

#include <string.h>

#include "escape.h"
#include "url.h"

#define MAX_PORT     65535u
#define PORT_DIGITS  5


static char lower (char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}


static int in_range (char c, char first, char last) {
  return c >= first && c <= last;
}


/* Can 'c', in lower case, stand in the name or address of a host? */
static int host_character (char c, int in_brackets) {
  return in_range(c, 'a', 'z') || in_range(c, '0', '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '%' ||
         (in_brackets && c == ':');
}


/* No URL on the wire has a space or a control character. */
static int sendable (struct span text) {
  unsigned bad = 0;
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.data[i];
    bad |= (unsigned)(c <= ' ') | (unsigned)(c == 0x7F);
  }
  return !bad;
}


/* Answers the length of 'word' if 'text' begins with it in any case, or 0. */
static size_t begins_with (struct span text, const char *word) {
  size_t n = strlen(word);
  if (text.length < n) return 0;
  for (size_t i = 0; i < n; i++)
    if (lower(text.data[i]) != word[i]) return 0;
  return n;
}


/* Takes scheme and "://" off the text; 0 if it is no scheme of ours. */
static int read_scheme (struct url *url, struct span *text) {
  static const struct span https = SPAN("https"), http = SPAN("http");
  size_t n = begins_with(*text, "https://");
  url->scheme = n > 0 ? https : http;
  if (n == 0) n = begins_with(*text, "http://");
  text->data += n;
  text->length -= n;
  return n > 0;
}


/* No digits at all mean the scheme's own port. */
static int read_port (struct url *url, struct span digits) {
  unsigned own = url->scheme.length == sizeof "https" - 1 ? 443 : 80;
  unsigned port = 0;
  for (size_t i = 0; i < digits.length; i++) {
    if (!in_range(digits.data[i], '0', '9')) return 0;
    port = port * 10 + (unsigned)(digits.data[i] - '0');
    if (port > MAX_PORT) return 0;
  }
  if (port == 0 && digits.length > 0) return 0;
  url->port = port == own ? 0 : port;
  return 1;
}


/* Copies host characters from 'authority' on; answers how many there are in
   all, brackets counted, or 0 if the brackets do not close. */
static size_t read_host (struct url *url, struct span authority) {
  int in_brackets = authority.length > 0 && authority.data[0] == '[';
  size_t n = 0;
  if (in_brackets) url->host[n++] = '[';
  for (; n < authority.length && n < URL_MAX_HOST; n++) {
    char c = lower(authority.data[n]);
    if (!host_character(c, in_brackets)) break;
    url->host[n] = c;
  }
  if (!in_brackets) return n;
  if (n == 1 || n == URL_MAX_HOST || n == authority.length ||
      authority.data[n] != ']') return 0;
  url->host[n++] = ']';
  return n;
}


/* host [ ':' port ] */
static enum url_result read_authority (struct url *url,
                                       struct span authority) {
  if (authority.length > 0 && memchr(authority.data, '@', authority.length))
    return URL_USERINFO;
  size_t n = url->host_length = read_host(url, authority);
  if (n == 0) return URL_MALFORMED;
  if (n == authority.length) return URL_OK;
  struct span digits = { authority.data + n + 1, authority.length - n - 1 };
  if (authority.data[n] != ':' || !read_port(url, digits))
    return URL_MALFORMED;
  return URL_OK;
}


enum url_result url_read (struct url *url, struct span text) {
  static const struct span root = SPAN("/");
  if (text.length > URL_MAX_LENGTH) return URL_TOO_LONG;
  url->port = 0;
  if (!sendable(text) || !read_scheme(url, &text)) return URL_MALFORMED;
  (void)span_cut(&text, '#');
  url->query = span_cut(&text, '?');
  struct span authority = text;
  (void)span_cut(&authority, '/');
  url->path.data = text.data + authority.length;
  url->path.length = text.length - authority.length;
  if (url->path.length == 0) url->path = root;
  return read_authority(url, authority);
}


size_t url_base_room (const struct url *url) {
  return url->scheme.length + sizeof "%3A%2F%2F" + sizeof "%3A" +
         PORT_DIGITS + ESCAPE_ROOM(url->host_length + url->path.length);
}


static char *write_port (char *out, unsigned port) {
  char digits[PORT_DIGITS];
  size_t n = 0;
  for (; port > 0; port /= 10)
    digits[n++] = (char)('0' + port % 10);
  while (n > 0)
    *out++ = digits[--n];
  return out;
}


char *url_write_base (char *out, const struct url *url) {
  memcpy(out, url->scheme.data, url->scheme.length);
  out = escape_encode(out + url->scheme.length, "://", 3);
  out = escape_encode(out, url->host, url->host_length);
  if (url->port != 0)
    out = write_port(escape_encode(out, ":", 1), url->port);
  return escape_encode(out, url->path.data, url->path.length);
}
