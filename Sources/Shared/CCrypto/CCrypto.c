#include "CCrypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

// The length of 16 bytes in Base64.
#define KEY_LENGTH 24

bool ccrypto_sha1(const void *bytes, size_t count, char digest[CCRYPTO_SHA1_LENGTH + 1]) {
    unsigned char raw[EVP_MAX_MD_SIZE];
    if (EVP_Digest(bytes, count, raw, NULL, EVP_sha1(), NULL) != 1) return false;
    for (int i = 0; i < CCRYPTO_SHA1_LENGTH / 2; i++) sprintf(digest + 2 * i, "%02x", raw[i]);
    return true;
}

bool ccrypto_websocket_accept(const char *key, char accept[CCRYPTO_ACCEPT_LENGTH + 1]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[KEY_LENGTH + sizeof guid - 1];
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (strlen(key) != KEY_LENGTH || key[22] != '=' || key[23] != '=' || strchr(key, '=') != key + 22) return false;
    // 24 characters decode to 18 bytes. Two of these are padding.
    if (EVP_DecodeBlock(digest, (const unsigned char *)key, KEY_LENGTH) != 18) return false;
    memcpy(text, key, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, guid, sizeof guid - 1);
    if (EVP_Digest(text, sizeof text, digest, NULL, EVP_sha1(), NULL) != 1) return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, 20);
    return true;
}

// The calls of OpenSSL that do all at once look their implementation up each time, and allocate. Both take longer than the hash of a short text. So
// each thread keeps what they would make.
static _Thread_local EVP_MD_CTX *hash;
static _Thread_local EVP_MAC_CTX *mac;

static bool begin_hash(void) {
    if (hash) return EVP_DigestInit_ex2(hash, NULL, NULL) == 1;
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hash = EVP_MD_CTX_new();
    bool is_ready = sha256 && hash && EVP_DigestInit_ex2(hash, sha256, NULL) == 1;
    EVP_MD_free(sha256);
    if (is_ready) return true;
    EVP_MD_CTX_free(hash);
    hash = NULL;
    return false;
}

static bool begin_mac(const void *key, size_t count) {
    if (!mac) {
        EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
        EVP_MAC_free(hmac);
        char name[] = "SHA256";
        OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
        if (!mac || EVP_MAC_CTX_set_params(mac, digest) != 1) {
            EVP_MAC_CTX_free(mac);
            mac = NULL;
            return false;
        }
    }
    return EVP_MAC_init(mac, key, count, NULL) == 1;
}

bool ccrypto_sha256(const void *bytes, size_t count, unsigned char digest[CCRYPTO_SHA256_LENGTH]) {
    return begin_hash() && EVP_DigestUpdate(hash, bytes, count) == 1 && EVP_DigestFinal_ex(hash, digest, NULL) == 1;
}

bool ccrypto_hmac_sha256(
    const void *key, size_t key_count, const void *bytes, size_t count, unsigned char code[CCRYPTO_SHA256_LENGTH]) {
    size_t length = 0;
    return begin_mac(key, key_count) && EVP_MAC_update(mac, bytes, count) == 1 && EVP_MAC_final(mac, code, &length, CCRYPTO_SHA256_LENGTH) == 1;
}

bool ccrypto_equal(const void *left, const void *right, size_t count) { return CRYPTO_memcmp(left, right, count) == 0; }

bool ccrypto_random(void *bytes, size_t count) { return RAND_bytes(bytes, (int)count) == 1; }
