#define _GNU_SOURCE
#include "cplatform_doorbell.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address(struct sockaddr_un *to, int directory, const char *name) {
  to->sun_family = AF_UNIX;
  int length = snprintf(to->sun_path, sizeof to->sun_path, "/proc/self/fd/%d/%s", directory, name);
  if (length < (int)sizeof to->sun_path) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

int cplatform_doorbell_socket(void) {
  return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int cplatform_doorbell_bind(int directory, const char *name) {
  struct sockaddr_un own = {0};
  if (address(&own, directory, name) != 0) return -1;
  int descriptor = cplatform_doorbell_socket();
  if (descriptor < 0) return -1;
  unlinkat(directory, name, 0);
  if (bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0) {
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
  }
  fchmodat(directory, name, 0600, 0);
  return descriptor;
}

int cplatform_doorbell_ring(int descriptor, int directory, const char *name) {
  struct sockaddr_un to = {0};
  if (address(&to, directory, name) != 0) return errno;
  ssize_t sent = sendto(descriptor, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to);
  return sent == 1 ? 0 : errno;
}

int cplatform_doorbell_drain(int descriptor) {
  char byte;
  int rings = 0;
  while (recv(descriptor, &byte, 1, MSG_DONTWAIT) >= 0) rings++;
  return rings;
}
