#include "CHiredis.h"

#include <fcntl.h>

enum chiredis_kind chiredis_reply_kind(const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
#ifdef REDIS_REPLY_BOOL
    case REDIS_REPLY_BOOL:
#endif
        return CHIREDIS_INTEGER;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
#ifdef REDIS_REPLY_DOUBLE
    case REDIS_REPLY_DOUBLE:
#endif
#ifdef REDIS_REPLY_BIGNUM
    case REDIS_REPLY_BIGNUM:
#endif
#ifdef REDIS_REPLY_VERB
    case REDIS_REPLY_VERB:
#endif
        return CHIREDIS_STRING;
    case REDIS_REPLY_ERROR:
        return CHIREDIS_ERROR;
    case REDIS_REPLY_ARRAY:
#ifdef REDIS_REPLY_MAP
    case REDIS_REPLY_MAP:
#endif
#ifdef REDIS_REPLY_SET
    case REDIS_REPLY_SET:
#endif
#ifdef REDIS_REPLY_PUSH
    case REDIS_REPLY_PUSH:
#endif
        return CHIREDIS_ARRAY;
    default:
        return CHIREDIS_NULL;
    }
}

redisAsyncContext *chiredis_connect(const char *address, int port) {
    redisAsyncContext *context = redisAsyncConnect(address, port);
    // If a child process inherited the socket, it would keep the connection open, with a blocking read on it.
    if (context != NULL && context->c.err == 0) fcntl((int)context->c.fd, F_SETFD, FD_CLOEXEC);
    return context;
}

void chiredis_attach(redisAsyncContext *context, void *owner, struct chiredis_hooks hooks) {
    context->data = owner;
    context->ev.data = owner;
    context->ev.addRead = hooks.add_read;
    context->ev.delRead = hooks.del_read;
    context->ev.addWrite = hooks.add_write;
    context->ev.delWrite = hooks.del_write;
    context->ev.cleanup = hooks.cleanup;
    // This must be last, because it calls add_write.
    redisAsyncSetConnectCallback(context, hooks.connected);
}

void *chiredis_owner(const redisAsyncContext *context) { return context->data; }

int chiredis_descriptor(const redisAsyncContext *context) { return (int)context->c.fd; }

const char *chiredis_error(const redisAsyncContext *context) { return context->c.errstr; }

bool chiredis_is_error_reply(const redisAsyncContext *context) { return context->c.err == REDIS_ERR_OTHER; }

bool chiredis_is_protocol_error(const redisAsyncContext *context) { return context->c.err == REDIS_ERR_PROTOCOL; }
