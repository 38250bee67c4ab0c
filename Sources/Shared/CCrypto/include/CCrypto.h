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

/// Length of a SHA-256, in bytes.
#define CCRYPTO_SHA256_LENGTH 32

/// Writes the SHA-256 of some bytes. Returns false if OpenSSL could not compute it.
bool ccrypto_sha256(const void *bytes, size_t count, unsigned char digest[CCRYPTO_SHA256_LENGTH]);

/// Writes the HMAC-SHA-256 (RFC 2104) of some bytes. Returns false if OpenSSL could not compute it.
bool ccrypto_hmac_sha256(
    const void *key, size_t key_count, const void *bytes, size_t count, unsigned char code[CCRYPTO_SHA256_LENGTH]);

/// Whether two stretches of memory are equal. Takes as long whether they differ early or late.
bool ccrypto_equal(const void *left, const void *right, size_t count);

/// Fills memory with random bytes for secrets. Returns false if the system has none.
bool ccrypto_random(void *bytes, size_t count);

#endif
