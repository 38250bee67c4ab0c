#ifndef CHIREDIS_H
#define CHIREDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

// The parser of hiredis. Everything that differs between hiredis 0.14 and 1.2 is behind these functions. Both read RESP2 here.

/// The kind of a reply. Kinds that only hiredis 1 knows are mapped to their RESP2 form.
enum chiredis_kind {
    CHIREDIS_NULL,
    CHIREDIS_INTEGER,
    CHIREDIS_STRING,
    CHIREDIS_ERROR,
    CHIREDIS_ARRAY,
};

enum chiredis_kind chiredis_reply_kind(const redisReply *reply);

/// A parser for the replies of one connection. NULL if out of memory.
redisReader *chiredis_reader_make(void);

/// Adds bytes that have come. Returns false if out of memory, or after bytes that are not RESP.
bool chiredis_feed(redisReader *reader, const void *bytes, size_t count);

/// Takes the next whole reply, which the caller frees by `freeReplyObject`; NULL in `reply` if none is whole yet. Returns false if the bytes are not
/// RESP.
bool chiredis_next(redisReader *reader, redisReply **reply);

/// What is wrong with the bytes.
const char *chiredis_reader_error(const redisReader *reader);

#endif
