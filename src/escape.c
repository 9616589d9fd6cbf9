/*
** escape.c
** See escape.h for the idea. One table says how each byte is written, one
** what each hex digit is worth, so that no step branches on the data.
*/
#include "twitter.h"

#include <string.h>

#include "escape.h"

#define ENTRY 4  /* three characters and how many of them count */

#define SAME(c)    {(c), 0, 0, 1}
#define HEX(h,l)   {'%', (h), (l), 3}

#define SAME3(a,b,c)      SAME(a), SAME(b), SAME(c)
#define SAME5(a,b,c,d,e)  SAME3(a,b,c), SAME(d), SAME(e)

/* 'HEX' for every second digit that follows the first digit 'h'. */
#define HEX_A_TO_F(h) \
  HEX(h,'A'), HEX(h,'B'), HEX(h,'C'), HEX(h,'D'), HEX(h,'E'), HEX(h,'F')
#define HEX_ROW(h) \
  HEX(h,'0'), HEX(h,'1'), HEX(h,'2'), HEX(h,'3'), HEX(h,'4'), \
  HEX(h,'5'), HEX(h,'6'), HEX(h,'7'), HEX(h,'8'), HEX(h,'9'), HEX_A_TO_F(h)

static const char encoded[256][ENTRY] = {
  HEX_ROW('0'),
  HEX_ROW('1'),
  HEX('2','0'), HEX('2','1'), HEX('2','2'), HEX('2','3'), HEX('2','4'),
  HEX('2','5'), HEX('2','6'), HEX('2','7'), HEX('2','8'), HEX('2','9'),
  HEX('2','A'), HEX('2','B'), HEX('2','C'), SAME('-'), SAME('.'),
  HEX('2','F'),
  SAME5('0','1','2','3','4'), SAME5('5','6','7','8','9'),
  HEX_A_TO_F('3'),
  HEX('4','0'),
  SAME5('A','B','C','D','E'), SAME5('F','G','H','I','J'),
  SAME5('K','L','M','N','O'), SAME5('P','Q','R','S','T'),
  SAME5('U','V','W','X','Y'), SAME('Z'),
  HEX('5','B'), HEX('5','C'), HEX('5','D'), HEX('5','E'), SAME('_'),
  HEX('6','0'),
  SAME5('a','b','c','d','e'), SAME5('f','g','h','i','j'),
  SAME5('k','l','m','n','o'), SAME5('p','q','r','s','t'),
  SAME5('u','v','w','x','y'), SAME('z'),
  HEX('7','B'), HEX('7','C'), HEX('7','D'), SAME('~'), HEX('7','F'),
  HEX_ROW('8'), HEX_ROW('9'), HEX_ROW('A'), HEX_ROW('B'),
  HEX_ROW('C'), HEX_ROW('D'), HEX_ROW('E'), HEX_ROW('F')
};

/* One more than the value of a hex digit; 0 for all that is none. */
static const unsigned char hex_plus_one[256] = {
  ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
  ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
  ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
  ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16
};


static inline char *put (char *out, unsigned char byte) {
  memcpy(out, encoded[byte], ENTRY);
  return out + encoded[byte][ENTRY - 1];
}


/* The byte that the two hex digits at 'in' stand for, of which 'n' bytes are
   left, or -1. */
static inline int hex_pair (const char *in, size_t n) {
  if (n < 2) return -1;
  int high = hex_plus_one[(unsigned char)in[0]];
  int low = hex_plus_one[(unsigned char)in[1]];
  if (high == 0 || low == 0) return -1;
  return (high - 1) * 16 + (low - 1);
}


char *escape_encode (char *out, const char *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out = put(out, (unsigned char)in[i]);
  return out;
}


char *escape_decode (char *out, const char *in, size_t n, int form) {
  for (size_t i = 0; i < n; i++) {
    int byte = (unsigned char)in[i];
    if (byte == '%') {
      byte = hex_pair(in + i + 1, n - i - 1);
      if (byte < 0) return NULL;
      i += 2;
    }
    else if (byte == '+' && form)
      byte = ' ';
    *out++ = (char)byte;
  }
  return out;
}


char *escape_recode (char *out, const char *in, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int byte = (unsigned char)in[i];
    if (byte == '%') {
      byte = hex_pair(in + i + 1, n - i - 1);
      if (byte < 0) return NULL;
      i += 2;
    }
    else if (byte == '+')
      byte = ' ';
    out = put(out, (unsigned char)byte);
  }
  return out;
}
