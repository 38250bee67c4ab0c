#include "CTLS.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ctls_context {
    SSL_CTX *ssl;
};

struct ctls_session {
    SSL *ssl;
    // What has come and is not read yet, and what is to be sent. `ssl` owns both.
    BIO *incoming, *outgoing;
    char reason[CTLS_REASON_LENGTH];
};

static void tell(char reason[CTLS_REASON_LENGTH], const char *what) {
    unsigned long code = ERR_peek_error();
    const char *words = code ? ERR_reason_error_string(code) : NULL;
    snprintf(reason, CTLS_REASON_LENGTH, "%s%s%s", what, words ? ": " : "", words ? words : "");
    ERR_clear_error();
}

static bool read_files(SSL_CTX *ssl, const char *ca, const char *certificate, const char *key, char reason[CTLS_REASON_LENGTH]) {
    if (ca ? SSL_CTX_load_verify_file(ssl, ca) != 1 : SSL_CTX_set_default_verify_paths(ssl) != 1) {
        tell(reason, ca ? ca : "the system's certificates");
    } else if (certificate && SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        tell(reason, certificate);
    } else if (key && SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1) {
        tell(reason, key);
    } else if (key && SSL_CTX_check_private_key(ssl) != 1) {
        tell(reason, key);
    } else {
        return true;
    }
    return false;
}

struct ctls_context *ctls_context_make(
    const char *ca, const char *certificate, const char *key, char reason[CTLS_REASON_LENGTH]) {
    ERR_clear_error();
    struct ctls_context *context = calloc(1, sizeof *context);
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    if (!context || !ssl) {
        tell(reason, "out of memory");
    } else if (read_files(ssl, ca, certificate, key, reason)) {
        SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
        // A write is taken whole, wherever its bytes lie the next time. Buffers of idle connections are given back.
        SSL_CTX_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        context->ssl = ssl;
        return context;
    }
    SSL_CTX_free(ssl);
    free(context);
    return NULL;
}

void ctls_context_free(struct ctls_context *context) {
    if (!context) return;
    SSL_CTX_free(context->ssl);
    free(context);
}

// The name or address that the certificate must be for. A name is told to the server too, which may have several certificates.
static bool expect(SSL *ssl, const char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct ctls_session *ctls_session_make(const struct ctls_context *context, const char *host) {
    struct ctls_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    session->ssl = SSL_new(context->ssl);
    session->incoming = BIO_new(BIO_s_mem());
    session->outgoing = BIO_new(BIO_s_mem());
    if (!session->ssl || !session->incoming || !session->outgoing || !expect(session->ssl, host)) {
        BIO_free(session->incoming);
        BIO_free(session->outgoing);
        SSL_free(session->ssl);
        free(session);
        return NULL;
    }
    // An empty buffer is not the end of what comes.
    BIO_set_mem_eof_return(session->incoming, -1);
    SSL_set_bio(session->ssl, session->incoming, session->outgoing);
    SSL_set_connect_state(session->ssl);
    return session;
}

void ctls_session_free(struct ctls_session *session) {
    if (!session) return;
    SSL_free(session->ssl);
    free(session);
}

static enum ctls_progress progress(struct ctls_session *session, int result) {
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_NONE: return CTLS_DONE;
    case SSL_ERROR_WANT_READ: case SSL_ERROR_WANT_WRITE: return CTLS_NEEDS_BYTES;
    case SSL_ERROR_ZERO_RETURN: return CTLS_ENDED;
    default: break;
    }
    long verified = SSL_get_verify_result(session->ssl);
    if (verified == X509_V_OK) {
        tell(session->reason, "TLS failed");
    } else {
        snprintf(session->reason, sizeof session->reason, "the certificate is not trusted: %s", X509_verify_cert_error_string(verified));
        ERR_clear_error();
    }
    return CTLS_FAILED;
}

enum ctls_progress ctls_handshake(struct ctls_session *session) {
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    return progress(session, result);
}

bool ctls_take(struct ctls_session *session, const void *bytes, size_t count) {
    return BIO_write(session->incoming, bytes, (int)count) == (int)count;
}

enum ctls_progress ctls_read(struct ctls_session *session, void *bytes, size_t capacity, size_t *count) {
    ERR_clear_error();
    *count = 0;
    int result = SSL_read_ex(session->ssl, bytes, capacity, count);
    return progress(session, result);
}

bool ctls_write(struct ctls_session *session, const void *bytes, size_t count) {
    size_t written = 0;
    ERR_clear_error();
    // Into memory a write is always whole.
    int result = count ? SSL_write_ex(session->ssl, bytes, count, &written) : 1;
    return progress(session, result) == CTLS_DONE;
}

void ctls_finish(struct ctls_session *session) {
    if (SSL_is_init_finished(session->ssl)) SSL_shutdown(session->ssl);
    ERR_clear_error();
}

size_t ctls_give(struct ctls_session *session, void *bytes, size_t capacity) {
    int count = BIO_read(session->outgoing, bytes, (int)capacity);
    return count > 0 ? (size_t)count : 0;
}

void ctls_reason(const struct ctls_session *session, char reason[CTLS_REASON_LENGTH]) {
    snprintf(reason, CTLS_REASON_LENGTH, "%s", session->reason[0] ? session->reason : "no reason given");
}
