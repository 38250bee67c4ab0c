#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>

/// Length of a WebSocket accept value, without the final NUL.
#define CCRYPTO_ACCEPT_LENGTH 28

/// Length of a SHA-1 in hexadecimal, without the final NUL.
#define CCRYPTO_SHA1_LENGTH 40

/// Writes the SHA-1 of some bytes in lower-case hexadecimal and a final NUL. Returns false if OpenSSL does not have SHA-1.
bool ccrypto_sha1(const void *bytes, size_t count, char digest[CCRYPTO_SHA1_LENGTH + 1]);

/// Writes the answer to a WebSocket handshake key (RFC 6455, 4.2.2) and a final NUL. Returns false if the key is not 16 bytes in Base64.
bool ccrypto_websocket_accept(const char *key, char accept[CCRYPTO_ACCEPT_LENGTH + 1]);

#endif
