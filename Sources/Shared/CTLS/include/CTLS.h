#ifndef CTLS_H
#define CTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// TLS of a client over memory (OpenSSL's memory BIOs): the caller moves the bytes between a session and the network.

/// What all sessions with the same files share.
struct ctls_context;
/// One connection's TLS, from its handshake on.
struct ctls_session;

#define CTLS_REASON_LENGTH 256

/// Reads the files. `ca` has the certificates that are trusted; without one they are the system's. `certificate` and `key` are the client's own, or
/// NULL. Returns NULL if a file cannot be used; `reason` then says why.
struct ctls_context *ctls_context_make(
    const char *ca, const char *certificate, const char *key, char reason[CTLS_REASON_LENGTH]);

void ctls_context_free(struct ctls_context *context);

/// A session with a server whose certificate has to be for `host`: a name or an address. NULL if out of memory.
struct ctls_session *ctls_session_make(const struct ctls_context *context, const char *host);

void ctls_session_free(struct ctls_session *session);

enum ctls_progress { CTLS_DONE, CTLS_NEEDS_BYTES, CTLS_ENDED, CTLS_FAILED };

/// Goes on with the handshake as far as the bytes that have come allow.
enum ctls_progress ctls_handshake(struct ctls_session *session);

/// Takes bytes that came from the network. Returns false if out of memory.
bool ctls_take(struct ctls_session *session, const void *bytes, size_t count);

/// Reads at most `capacity` decrypted bytes, and sets `count`. `CTLS_ENDED` after the server's farewell.
enum ctls_progress ctls_read(struct ctls_session *session, void *bytes, size_t capacity, size_t *count);

/// Encrypts bytes. Returns false if the session has failed.
bool ctls_write(struct ctls_session *session, const void *bytes, size_t count);

/// Tells the server that nothing follows.
void ctls_finish(struct ctls_session *session);

/// Moves at most `capacity` bytes out that are to be sent. Returns their number.
size_t ctls_give(struct ctls_session *session, void *bytes, size_t capacity);

/// Why the session has failed, in OpenSSL's words.
void ctls_reason(const struct ctls_session *session, char reason[CTLS_REASON_LENGTH]);

#endif
