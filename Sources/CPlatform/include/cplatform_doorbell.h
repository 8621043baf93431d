// A unix datagram socket that says "look again" and nothing else. Names are relative to an open directory,
// since a socket's path ends at 107 bytes and a state directory may lie deeper.
#pragma once

// Listens as `name` in the directory, in place of whatever has that name. A descriptor, or -1 with errno set.
int cplatform_doorbell_bind(int directory, const char *name);

// An unnamed socket to ring from. A descriptor, or -1.
int cplatform_doorbell_socket(void);

// Rings `name`; never waits. 0, or the error: a full, dead or missing bell is no concern of the ringer.
int cplatform_doorbell_ring(int socket, int directory, const char *name);

// Takes everything that has been rung; never waits. Count of rings taken.
int cplatform_doorbell_drain(int descriptor);
