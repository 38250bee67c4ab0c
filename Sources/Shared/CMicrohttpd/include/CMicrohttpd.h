#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    /// The daemon has it, or it had failed before.
    CMHD_ACCEPTED,
    CMHD_NONE_WAITS,
    /// The process or the system has no descriptor or no memory for it.
    CMHD_OUT_OF_RESOURCES
};

/// Accepts one of the connections that wait at a listening socket, and gives it to the daemon.
enum cmhd_accepted cmhd_accept(struct MHD_Daemon *daemon, int listener);

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

/// Writes the client's address as text; an empty text if it is unknown.
void cmhd_client_address(struct MHD_Connection *connection, char *buffer, size_t capacity);

/// Writes to a connection's socket without waiting and without SIGPIPE. Returns the same as `send`.
long cmhd_send(int descriptor, const void *bytes, size_t count);

/// The return value of a body's reader at the end of the body.
static inline ssize_t cmhd_stream_ended(void) { return MHD_CONTENT_READER_END_OF_STREAM; }

/// The return value of a body's reader if the connection must be cut.
static inline ssize_t cmhd_stream_failed(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }

/// Makes the connection end after the answer, as in HTTP/1.0. For a HEAD of unknown length the library would send the end of a chunked body.
void cmhd_end_after(struct MHD_Response *response);

/// Takes an upgraded socket from the daemon. On its next run the daemon forgets the connection and frees its memory, which is most of what an idle
/// connection costs. Returns a descriptor for the same socket, which the caller closes; -1 if there is none left.
int cmhd_take_over(struct MHD_UpgradeResponseHandle *handle, int descriptor);

#endif
