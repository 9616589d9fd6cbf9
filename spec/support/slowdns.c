/*
** slowdns.c
** Preloaded into a program, makes every name look-up take as long as a dead
** name server's would: five seconds, after which the file that SLOWDNS names
** is made. A spec that finds no such file knows that nobody waited for it.
*/
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>


int getaddrinfo (const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **result) {
  (void)node; (void)service; (void)hints; (void)result;
  sleep(5);
  const char *path = getenv("SLOWDNS");
  if (path != NULL) close(open(path, O_CREAT | O_WRONLY, 0600));
  return EAI_AGAIN;
}
