/*
** body.c
** See body.h for the idea. The callbacks here run inside libcurl: they touch
** nothing but the body they belong to.
*/
#include "twitter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "body.h"
#include "buf.h"

/* A body up to this many bytes is handed to libcurl in one piece, which puts
   it into the same write as the header fields. */
#define ONE_PIECE (32u * 1024u)

/* How much libcurl asks a read callback for at a time, for large bodies. */
#define UPLOAD_BUFFER (256L * 1024L)
#define UPLOAD_BUFFER_DEFAULT (64L * 1024L)


void body_init (struct body *b) {
  memset(b, 0, sizeof *b);
}


static void source_free (struct body_source *s) {
  if (s->bytes != NULL) buf_wipe(s->bytes, (size_t)s->length);
  free(s->bytes);
  file_release(s->file);
}


static void part_free (struct body_part *part) {
  free(part->name);
  free(part->filename);
  free(part->type);
  source_free(&part->source);
}


void body_free (struct body *b) {
  source_free(&b->single);
  for (size_t i = 0; i < b->count; i++) part_free(&b->parts[i]);
  free(b->parts);
  body_init(b);
}


static enum twitter_result source_bytes (struct body_source *s,
                                         const char *bytes, size_t n) {
  s->bytes = malloc(n > 0 ? n : 1);
  if (s->bytes == NULL) return TWITTER_NO_MEMORY;
  memcpy(s->bytes, bytes, n);
  s->length = n;
  return TWITTER_OK;
}


static void source_slice (struct body_source *s, struct file *f,
                          unsigned long long offset,
                          unsigned long long length) {
  s->file = file_share(f);
  s->offset = offset;
  s->length = length;
}


enum twitter_result body_set_bytes (struct body *b, const char *bytes,
                                    size_t n) {
  b->kind = BODY_SINGLE;
  return source_bytes(&b->single, bytes, n);
}


void body_set_slice (struct body *b, struct file *f,
                     unsigned long long offset, unsigned long long length) {
  b->kind = BODY_SINGLE;
  source_slice(&b->single, f, offset, length);
}


static int copy_text (char **to, const char *text) {
  if (text == NULL) return 1;
  *to = strdup(text);
  return *to != NULL;
}


/* The array is made at its full size at once: sources never move, because
   libcurl holds pointers to them. */
struct body_source *body_add_part (struct body *b, const char *name,
                                   const char *filename, const char *type) {
  if (b->count == BODY_MAX_PARTS) return NULL;
  if (b->parts == NULL) {
    b->parts = calloc(BODY_MAX_PARTS, sizeof *b->parts);
    if (b->parts == NULL) return NULL;
  }
  struct body_part *part = &b->parts[b->count];
  b->kind = BODY_MULTIPART;
  b->count++;  /* from here on body_free cares for it */
  if (!copy_text(&part->name, name) || !copy_text(&part->filename, filename)
      || !copy_text(&part->type, type))
    return NULL;
  return &part->source;
}


enum twitter_result body_part_bytes (struct body_source *s,
                                     const char *bytes, size_t n) {
  return source_bytes(s, bytes, n);
}


void body_part_slice (struct body_source *s, struct file *f,
                      unsigned long long offset, unsigned long long length) {
  source_slice(s, f, offset, length);
}


static size_t read_slice (struct body_source *s, char *to, size_t n) {
  ssize_t got = file_read(s->file, to, n, s->offset + s->taken);
  if (got > 0) return (size_t)got;
  s->body->problem = got == 0 ? BODY_SHORTENED : BODY_UNREADABLE;
  s->body->error_number = errno;
  return CURL_READFUNC_ABORT;
}


/* libcurl's read callback, for a single source and for parts alike. */
static size_t read_source (char *to, size_t size, size_t count, void *data) {
  struct body_source *s = data;
  unsigned long long left = s->length - s->taken;
  size_t n = size * count;
  if (n > left) n = (size_t)left;
  if (n == 0) return 0;
  if (s->bytes != NULL)
    memcpy(to, s->bytes + s->taken, n);
  else if ((n = read_slice(s, to, n)) == CURL_READFUNC_ABORT)
    return n;
  s->taken += n;
  if (s->reached < s->taken) s->reached = s->taken;
  return n;
}


/* libcurl's seek callback: it sends a body again from some point on. */
static int seek_source (void *data, curl_off_t offset, int origin) {
  struct body_source *s = data;
  if (origin != SEEK_SET || offset < 0
      || (unsigned long long)offset > s->length)
    return CURL_SEEKFUNC_FAIL;
  s->taken = (unsigned long long)offset;
  return CURL_SEEKFUNC_OK;
}


unsigned long long body_length (const struct body *b) {
  unsigned long long total = b->single.length;
  for (size_t i = 0; i < b->count; i++) total += b->parts[i].source.length;
  return total;
}


/* The first thing that went wrong stands: a request is sent with all of its
   options or not at all. */
static void put (CURLcode *sum, CURLcode code) {
  if (*sum == CURLE_OK) *sum = code;
}


/* Small bytes: libcurl reads them where they lie. */
static CURLcode apply_one_piece (struct body *b, CURL *easy) {
  const char *bytes = b->single.bytes != NULL ? b->single.bytes : "";
  CURLcode sum = CURLE_OK;
  b->single.reached = b->single.length;
  put(&sum, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             (curl_off_t)b->single.length));
  put(&sum, curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes));
  return sum;
}


static CURLcode apply_callback (struct body *b, CURL *easy) {
  CURLcode sum = CURLE_OK;
  b->single.body = b;
  b->single.taken = 0;
  put(&sum, curl_easy_setopt(easy, CURLOPT_POST, 1L));
  put(&sum, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             (curl_off_t)b->single.length));
  put(&sum, curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_source));
  put(&sum, curl_easy_setopt(easy, CURLOPT_READDATA, &b->single));
  put(&sum, curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_source));
  put(&sum, curl_easy_setopt(easy, CURLOPT_SEEKDATA, &b->single));
  return sum;
}


/* Adds one part to libcurl's mime structure, which copies the names. */
static CURLcode add_mime_part (struct body *b, curl_mime *mime,
                               struct body_part *part) {
  curl_mimepart *target = curl_mime_addpart(mime);
  if (target == NULL) return CURLE_OUT_OF_MEMORY;
  part->source.body = b;
  part->source.taken = 0;
  CURLcode code = curl_mime_name(target, part->name);
  if (code == CURLE_OK && part->filename != NULL)
    code = curl_mime_filename(target, part->filename);
  if (code == CURLE_OK && part->type != NULL)
    code = curl_mime_type(target, part->type);
  if (code == CURLE_OK)
    code = curl_mime_data_cb(target, (curl_off_t)part->source.length,
                             read_source, seek_source, NULL, &part->source);
  return code;
}


static CURLcode apply_multipart (struct body *b, CURL *easy) {
  curl_mime *mime = curl_mime_init(easy);
  if (mime == NULL) return CURLE_OUT_OF_MEMORY;
  CURLcode sum = CURLE_OK;
  b->mime = mime;
  for (size_t i = 0; i < b->count; i++)
    put(&sum, add_mime_part(b, mime, &b->parts[i]));
  put(&sum, curl_easy_setopt(easy, CURLOPT_MIMEPOST, mime));
  return sum;
}


/* POST and PUT without a body still say "Content-Length: 0". */
static int sends_length (const char *method) {
  return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0
      || strcmp(method, "PATCH") == 0;
}


static CURLcode apply_none (struct body *b, CURL *easy, const char *method) {
  if (sends_length(method)) return apply_one_piece(b, easy);
  if (strcmp(method, "HEAD") == 0)
    return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
}


static CURLcode apply_kind (struct body *b, CURL *easy, const char *method) {
  if (b->kind == BODY_NONE) return apply_none(b, easy, method);
  if (b->kind == BODY_MULTIPART) return apply_multipart(b, easy);
  if (b->single.file == NULL && b->single.length <= ONE_PIECE)
    return apply_one_piece(b, easy);
  return apply_callback(b, easy);
}


/* The method that libcurl uses for such a body by itself. */
static const char *default_method (const struct body *b,
                                   const char *method) {
  if (b->kind != BODY_NONE || sends_length(method)) return "POST";
  return strcmp(method, "HEAD") == 0 ? "HEAD" : "GET";
}


enum twitter_result body_apply (struct body *b, void *easy,
                                const char *method) {
  CURLcode sum = CURLE_OK;
  b->problem = BODY_FINE;
  if (body_length(b) > ONE_PIECE)
    put(&sum, curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
                               UPLOAD_BUFFER));
  put(&sum, apply_kind(b, easy, method));
  if (strcmp(method, default_method(b, method)) != 0)
    put(&sum, curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method));
  return sum == CURLE_OK ? TWITTER_OK : TWITTER_NO_MEMORY;
}


void body_unapply (struct body *b, void *easy) {
  if (body_length(b) > ONE_PIECE)
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_DEFAULT);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
  if (b->mime != NULL) {
    curl_easy_setopt(easy, CURLOPT_MIMEPOST, NULL);
    curl_mime_free(b->mime);
    b->mime = NULL;
  }
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, NULL);
  curl_easy_setopt(easy, CURLOPT_READDATA, NULL);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, NULL);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
}


int body_all_taken (const struct body *b) {
  if (b->single.reached < b->single.length) return 0;
  for (size_t i = 0; i < b->count; i++)
    if (b->parts[i].source.reached < b->parts[i].source.length) return 0;
  return 1;
}


unsigned long long body_bytes_taken (const struct body *b) {
  unsigned long long total = b->single.taken;
  for (size_t i = 0; i < b->count; i++) total += b->parts[i].source.taken;
  return total;
}
