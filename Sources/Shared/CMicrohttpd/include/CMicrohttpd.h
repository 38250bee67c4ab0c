#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a daemon is started with. The callbacks get `context` first.
struct cmhd_settings {
    int listen_socket;
    unsigned int connection_limit;
    /// Connections of one client address; 0 for any number.
    unsigned int address_limit;
    /// Seconds without a byte after which a connection is closed.
    unsigned int inactivity_timeout;
    /// Bytes a connection may use for the head of a request and of its answer.
    size_t memory_limit;
    void *context;
    MHD_AccessHandlerCallback on_request;
    MHD_RequestCompletedCallback on_completed;
    MHD_NotifyConnectionCallback on_connection;
    /// Gets the raw target of a request; what it returns becomes the request's state.
    void *(*on_target)(void *context, const char *target, struct MHD_Connection *connection);
};

/// Starts a daemon for an outside event loop (epoll, suspend and resume, upgrades). NULL when it cannot start.
struct MHD_Daemon *cmhd_start(const struct cmhd_settings *settings);

/// What the head of a request says about its framing, and how much room `cmhd_copy_headers` needs.
struct cmhd_head {
    size_t bytes;
    uint32_t headers;
    /// Bytes that the library keeps of the head beside its text: a record for each header, cookie and parameter of the query, and a copy of the
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
    /// Saturates.
    uint64_t content_length;
};

/// Bytes of one such record, rounded up as the library does.
enum { cmhd_record_size = 64 };

/// Looks at every header of a request whose head is complete.
void cmhd_inspect(struct MHD_Connection *connection, struct cmhd_head *head);

/// Writes all headers, each as two lengths of 16 bits (native order), the name in lower case and the value. Returns the bytes written, at
/// most `capacity`.
size_t cmhd_copy_headers(struct MHD_Connection *connection, uint8_t *buffer, size_t capacity);

/// The daemon's epoll descriptor.
int cmhd_epoll_descriptor(struct MHD_Daemon *daemon);

/// Connections that the daemon holds, upgraded ones included.
unsigned int cmhd_connections(struct MHD_Daemon *daemon);

/// The connection's socket.
int cmhd_descriptor(struct MHD_Connection *connection);

/// Whether a notification is that of a start; otherwise it is that of an end.
static inline bool cmhd_is_start(enum MHD_ConnectionNotificationCode event) { return event == MHD_CONNECTION_NOTIFY_STARTED; }

/// What the start notification has left for the connection.
void *cmhd_connection_context(struct MHD_Connection *connection);

/// Bytes of the request's head.
size_t cmhd_head_size(struct MHD_Connection *connection);

/// Writes the client's address as text; an empty one when it is unknown.
void cmhd_client_address(struct MHD_Connection *connection, char *buffer, size_t capacity);

/// Writes to a socket of a connection without waiting and without SIGPIPE. Returns as `send` does.
long cmhd_send(int descriptor, const void *bytes, size_t count);

/// What a body's reader answers when there is nothing more.
static inline ssize_t cmhd_stream_ended(void) { return MHD_CONTENT_READER_END_OF_STREAM; }

/// What a body's reader answers when the connection has to be cut.
static inline ssize_t cmhd_stream_failed(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }

/// Makes the connection end after the answer, as in HTTP/1.0: for a HEAD of unknown length the library would send the end of a chunked body.
void cmhd_end_after(struct MHD_Response *response);

/// Gives an upgraded socket back to the daemon, which closes it on its next run.
void cmhd_close_upgraded(struct MHD_UpgradeResponseHandle *handle);

#endif
