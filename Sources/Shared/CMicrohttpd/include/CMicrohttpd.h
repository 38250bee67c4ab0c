#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/// The settings of a daemon. The callbacks get `context` first.
struct cmhd_settings {
    /// The number of seconds without a byte after which a connection is closed.
    unsigned int inactivity_timeout;
    /// How many bytes a connection may use for the head of a request and of its answer.
    size_t memory_limit;
    void *context;
    MHD_AccessHandlerCallback on_request;
    MHD_RequestCompletedCallback on_completed;
    MHD_NotifyConnectionCallback on_connection;
    /// Gets the raw target of a request. Its return value becomes the request's state.
    void *(*on_target)(void *context, const char *target, struct MHD_Connection *connection);
};

/// Starts a daemon for an outside event loop (epoll, suspend and resume, upgrades), which gets its connections by `cmhd_accept`. It has no limit of
/// connections by itself. NULL if it cannot start.
struct MHD_Daemon *cmhd_start(const struct cmhd_settings *settings);

/// What became of an attempt to accept a connection.
enum cmhd_accepted {
    /// One is accepted, or it had failed before.
    CMHD_ACCEPTED,
    CMHD_NONE_WAITS,
    /// The process or the system has no descriptor or no memory for it.
    CMHD_OUT_OF_RESOURCES
};

/// A connection that was accepted.
struct cmhd_arrival {
    int descriptor;
    socklen_t size;
    struct sockaddr_storage address;
    /// The client's address as IPv6 has it.
    uint8_t ip[16];
};

/// Accepts one of the connections that wait at a listening socket. If none is there to be handled, the arrival's descriptor is negative.
enum cmhd_accepted cmhd_accept(int listener, struct cmhd_arrival *arrival);

/// Gives an accepted connection to the daemon. If the daemon cannot take it, it is closed.
void cmhd_add(struct MHD_Daemon *daemon, const struct cmhd_arrival *arrival);

/// Sends a text to a connection that the daemon does not get, and closes it.
void cmhd_turn_away(int descriptor, const char *text, size_t length);

/// The framing of a request according to its head, and the number of bytes that `cmhd_copy_headers` needs.
struct cmhd_head {
    size_t bytes;
    uint32_t headers;
    /// Bytes that the library keeps of the head beside its text: one record for each header, cookie and parameter of the query, and a copy of the
    /// cookies.
    size_t records;
    uint32_t hosts;
    uint32_t content_lengths;
    uint32_t transfer_encodings;
    bool is_chunked;
    bool has_invalid_length;
    bool has_invalid_host;
    bool has_invalid_name;
    bool has_origin;
    bool has_upgrade;
    bool has_trace;
    /// Too large a length is stored as a very large number.
    uint64_t content_length;
};

/// Bytes of one such record, rounded up as the library does.
enum { cmhd_record_size = 64 };

/// Inspects every header of a request whose head is complete.
void cmhd_inspect(struct MHD_Connection *connection, struct cmhd_head *head);

/// Writes all headers. Each is two lengths of 16 bits (native order), the name in lower case and the value. Returns the number of bytes written, at
/// most `capacity`.
size_t cmhd_copy_headers(struct MHD_Connection *connection, uint8_t *buffer, size_t capacity);

/// The daemon's epoll descriptor.
int cmhd_epoll_descriptor(struct MHD_Daemon *daemon);

/// The number of connections that the daemon holds, including upgraded ones until its next run.
unsigned int cmhd_connections(struct MHD_Daemon *daemon);

/// The connection's socket.
int cmhd_descriptor(struct MHD_Connection *connection);

/// Whether a notification reports a start; otherwise it reports an end.
static inline bool cmhd_is_start(enum MHD_ConnectionNotificationCode event) { return event == MHD_CONNECTION_NOTIFY_STARTED; }

/// The context that the start notification has stored for the connection.
void *cmhd_connection_context(struct MHD_Connection *connection);

/// The number of bytes of the request's head.
size_t cmhd_head_size(struct MHD_Connection *connection);

/// The client's address as IPv6 has it; zeros if it is unknown.
void cmhd_client_ip(struct MHD_Connection *connection, uint8_t ip[16]);

/// How many bytes the client has acknowledged on this connection; negative if the system does not say.
long cmhd_acknowledged(int descriptor);

/// Writes to a connection's socket without waiting and without SIGPIPE. Returns the same as `send`.
long cmhd_send(int descriptor, const void *bytes, size_t count);

/// The return value of a body's reader at the end of the body.
static inline ssize_t cmhd_stream_ended(void) { return MHD_CONTENT_READER_END_OF_STREAM; }

/// The return value of a body's reader if the connection must be cut.
static inline ssize_t cmhd_stream_failed(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }

/// Adds the headers that every answer has: the id of the request, how the body may be read, and that nobody keeps it unless the answer has a policy
/// of its own.
void cmhd_add_usual_headers(struct MHD_Response *response, const char *id, bool has_cache_policy);

/// Makes the connection end after the answer, as in HTTP/1.0. For a HEAD of unknown length the library would send the end of a chunked body.
void cmhd_end_after(struct MHD_Response *response);

/// Takes an upgraded socket from the daemon. On its next run the daemon forgets the connection and frees its memory, which is most of what an idle
/// connection costs. Returns a descriptor for the same socket, which the caller closes; -1 if there is none left.
int cmhd_take_over(struct MHD_UpgradeResponseHandle *handle, int descriptor);

#endif
