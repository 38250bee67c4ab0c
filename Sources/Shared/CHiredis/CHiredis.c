#include "CHiredis.h"

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

redisReader *chiredis_reader_make(void) {
    redisReader *reader = redisReaderCreate();
    // An empty buffer of up to this size is kept. The usual one is smaller than a reply with many orders.
    if (reader) reader->maxbuf = 256 * 1024;
    return reader;
}

bool chiredis_feed(redisReader *reader, const void *bytes, size_t count) { return redisReaderFeed(reader, bytes, count) == REDIS_OK; }

bool chiredis_next(redisReader *reader, redisReply **reply) {
    void *next = NULL;
    bool is_well = redisReaderGetReply(reader, &next) == REDIS_OK;
    *reply = next;
    return is_well;
}

const char *chiredis_reader_error(const redisReader *reader) { return reader->errstr; }
