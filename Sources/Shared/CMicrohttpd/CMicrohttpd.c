#define _GNU_SOURCE
#include "CMicrohttpd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
// The kernel's own header: that of the C library has an older and shorter form of what the kernel tells about a connection.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

// Swift decodes targets, strictly. Decoding them here would lose the original text.
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

struct MHD_Daemon *cmhd_start(const struct cmhd_settings *settings) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL,
        settings->on_request, settings->context,
        MHD_OPTION_CONNECTION_LIMIT, UINT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->inactivity_timeout,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->memory_limit,
        MHD_OPTION_NOTIFY_COMPLETED, settings->on_completed, settings->context,
        MHD_OPTION_NOTIFY_CONNECTION, settings->on_connection, settings->context,
        MHD_OPTION_URI_LOG_CALLBACK, settings->on_target, settings->context,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_END);
}

// An IPv4 address becomes the one that IPv6 maps it to.
static void copy_ip(const struct sockaddr *address, uint8_t ip[16]) {
    memset(ip, 0, 16);
    if (address->sa_family == AF_INET) {
        memset(ip + 10, 0xff, 2);
        memcpy(ip + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(ip, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    }
}

enum cmhd_accepted cmhd_accept(int listener, struct cmhd_arrival *arrival) {
    arrival->size = sizeof arrival->address;
    arrival->descriptor = accept4(listener, (struct sockaddr *)&arrival->address, &arrival->size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (arrival->descriptor >= 0) {
        copy_ip((const struct sockaddr *)&arrival->address, arrival->ip);
        return CMHD_ACCEPTED;
    }
    switch (errno) {
    case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM: return CMHD_OUT_OF_RESOURCES;
    case EAGAIN: return CMHD_NONE_WAITS;
    // The client of this one has gone, or its network has failed. The next one may be well.
    default: return CMHD_ACCEPTED;
    }
}

void cmhd_add(struct MHD_Daemon *daemon, const struct cmhd_arrival *arrival) {
    MHD_add_connection(daemon, arrival->descriptor, (const struct sockaddr *)&arrival->address, arrival->size);
}

void cmhd_turn_away(int descriptor, const char *text, size_t length) {
    char unread[4096];
    // A request that is never read would make the kernel reset the connection before the client reads the answer.
    for (int i = 0; i < 4 && recv(descriptor, unread, sizeof unread, MSG_DONTWAIT) == sizeof unread; i++) continue;
    send(descriptor, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(descriptor, SHUT_WR);
    close(descriptor);
}

static bool is_token(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
    }
    return length > 0;
}

static bool is_host(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!isalnum(c) && !strchr(".-_~:[]%", c)) return false;
    }
    return true;
}

static void read_length(struct cmhd_head *head, const char *text, size_t length) {
    uint64_t value = 0;
    head->content_lengths++;
    if (length == 0) head->has_invalid_length = true;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            head->has_invalid_length = true;
            return;
        }
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[i] - '0', &value)) value = UINT64_MAX / 16;
    }
    head->content_length = value;
}

static bool is_named(const char *name, size_t size, const char *expected, size_t length) {
    return size == length && strncasecmp(name, expected, length) == 0;
}

#define IS(literal) is_named(name, name_size, literal, sizeof(literal) - 1)

static enum MHD_Result inspect(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value, size_t value_size) {
    struct cmhd_head *head = context;
    (void)kind;
    if (!value) value_size = 0;
    head->bytes += 4 + name_size + value_size;
    head->headers++;
    if (!is_token(name, name_size)) head->has_invalid_name = true;
    if (IS("Host")) {
        head->hosts++;
        if (!is_host(value, value_size)) head->has_invalid_host = true;
    } else if (IS("Origin")) {
        head->has_origin = true;
    } else if (IS("Upgrade")) {
        head->has_upgrade = true;
    } else if (IS("traceparent")) {
        head->has_trace = true;
    } else if (IS("Cookie")) {
        head->records += value_size + 16;
    } else if (IS("Content-Length")) {
        read_length(head, value, value_size);
    } else if (IS("Transfer-Encoding")) {
        head->transfer_encodings++;
        head->is_chunked = is_named(value, value_size, "chunked", 7);
    }
    return MHD_YES;
}

void cmhd_inspect(struct MHD_Connection *connection, struct cmhd_head *head) {
    memset(head, 0, sizeof *head);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, inspect, head);
    int all = MHD_get_connection_values_n(connection, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);
    if (all > 0) head->records += (size_t)all * cmhd_record_size;
}

struct copy {
    uint8_t *buffer;
    size_t used;
    size_t capacity;
};

static enum MHD_Result copy_header(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value, size_t value_size) {
    struct copy *copy = context;
    (void)kind;
    if (!value) value_size = 0;
    // White space after a value is no part of it (RFC 9110, 5.5).
    while (value_size > 0 && (value[value_size - 1] == ' ' || value[value_size - 1] == '\t')) value_size--;
    if (name_size > UINT16_MAX || value_size > UINT16_MAX || copy->capacity - copy->used < 4 + name_size + value_size) return MHD_NO;
    uint16_t lengths[2] = {(uint16_t)name_size, (uint16_t)value_size};
    uint8_t *out = copy->buffer + copy->used;
    memcpy(out, lengths, 4);
    out += 4;
    for (size_t i = 0; i < name_size; i++) out[i] = (uint8_t)tolower((unsigned char)name[i]);
    if (value_size > 0) memcpy(out + name_size, value, value_size);
    copy->used += 4 + name_size + value_size;
    return MHD_YES;
}

size_t cmhd_copy_headers(struct MHD_Connection *connection, uint8_t *buffer, size_t capacity) {
    struct copy copy = {buffer, 0, capacity};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, copy_header, &copy);
    return copy.used;
}

int cmhd_epoll_descriptor(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

unsigned int cmhd_connections(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}

int cmhd_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

void *cmhd_connection_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

size_t cmhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

void cmhd_client_ip(struct MHD_Connection *connection, uint8_t ip[16]) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr) copy_ip(info->client_addr, ip);
    else memset(ip, 0, 16);
}

long cmhd_acknowledged(int descriptor) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
    if (size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked || info.tcpi_bytes_acked == 0) return -1;
    return (long)info.tcpi_bytes_acked;
}

long cmhd_send(int descriptor, const void *bytes, size_t count) { return send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL); }

int cmhd_take_over(struct MHD_UpgradeResponseHandle *handle, int descriptor) {
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    return own;
}

void cmhd_end_after(struct MHD_Response *response) {
    MHD_set_response_options(response, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
}

void cmhd_add_usual_headers(struct MHD_Response *response, const char *id, bool has_cache_policy) {
    MHD_add_response_header(response, "Request-Id", id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (!has_cache_policy) MHD_add_response_header(response, "Cache-Control", "no-store");
}
