#ifndef CHIREDIS_H
#define CHIREDIS_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

// Everything that differs between hiredis 0.14 and 1.2 is behind these functions. Both use RESP2 here.

/// The kind of a reply. Kinds that only hiredis 1 knows are mapped to their RESP2 form.
enum chiredis_kind {
    CHIREDIS_NULL,
    CHIREDIS_INTEGER,
    CHIREDIS_STRING,
    CHIREDIS_ERROR,
    CHIREDIS_ARRAY,
};

enum chiredis_kind chiredis_reply_kind(const redisReply *reply);

/// A callback for replies, as a pointer. hiredis' own name is that of a function type, which Swift cannot pass on.
typedef redisCallbackFn *chiredis_reply_callback;

/// The functions that an event loop offers to a context. All but the last are called with the owner that was given to `chiredis_attach`.
struct chiredis_hooks {
    void (*add_read)(void *owner);
    void (*del_read)(void *owner);
    void (*add_write)(void *owner);
    void (*del_write)(void *owner);
    /// Called at least once when the context ends. hiredis 1 calls it twice, and the first time before the callbacks of pending commands.
    void (*cleanup)(void *owner);
    /// Called once, unless the context is freed first. Must not free the context.
    redisConnectCallback *connected;
};

/// Starts to connect to a numeric address. NULL if out of memory. Otherwise check `chiredis_error`, and free the context if there is an error.
redisAsyncContext *chiredis_connect(const char *address, int port);

/// Ties the context to its owner and asks for the first write event.
void chiredis_attach(redisAsyncContext *context, void *owner, struct chiredis_hooks hooks);

/// The owner of a context, in its callbacks.
void *chiredis_owner(const redisAsyncContext *context);

int chiredis_descriptor(const redisAsyncContext *context);

/// The error text of a context; empty if there is no error.
const char *chiredis_error(const redisAsyncContext *context);

/// Whether the server sent an error that is no answer to a command. `chiredis_error` then has its text.
bool chiredis_is_error_reply(const redisAsyncContext *context);

/// Whether the server sent bytes that are not RESP.
bool chiredis_is_protocol_error(const redisAsyncContext *context);

#endif
