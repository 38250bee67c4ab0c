#define _GNU_SOURCE
#include "CMicrohttpd.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

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

enum cmhd_accepted cmhd_accept(struct MHD_Daemon *daemon, int listener) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int descriptor = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        // If the daemon cannot take the connection, it has closed it.
        MHD_add_connection(daemon, descriptor, (struct sockaddr *)&address, size);
        return CMHD_ACCEPTED;
    }
    switch (errno) {
    case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM: return CMHD_OUT_OF_RESOURCES;
    case EAGAIN: return CMHD_NONE_WAITS;
    // The client of this one has gone, or its network has failed. The next one may be well.
    default: return CMHD_ACCEPTED;
    }
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

void cmhd_client_address(struct MHD_Connection *connection, char *buffer, size_t capacity) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    buffer[0] = 0;
    if (!info || !info->client_addr) return;
    if (info->client_addr->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)info->client_addr)->sin_addr, buffer, (socklen_t)capacity);
    } else if (info->client_addr->sa_family == AF_INET6) {
        const struct in6_addr *address = &((struct sockaddr_in6 *)info->client_addr)->sin6_addr;
        // An IPv4 client on a dual-stack socket is shown by its IPv4 address.
        if (IN6_IS_ADDR_V4MAPPED(address)) inet_ntop(AF_INET, address->s6_addr + 12, buffer, (socklen_t)capacity);
        else inet_ntop(AF_INET6, address, buffer, (socklen_t)capacity);
    }
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
