#include "CCrypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
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

// `EVP_sha256` alone makes OpenSSL look its implementation up at each use, which takes longer than the hash of a short text.
static const EVP_MD *sha256(void) {
    static EVP_MD *found;
    if (found == NULL) found = EVP_MD_fetch(NULL, "SHA256", NULL);
    return found;
}

bool ccrypto_sha256(const void *bytes, size_t count, unsigned char digest[CCRYPTO_SHA256_LENGTH]) {
    return sha256() != NULL && EVP_Digest(bytes, count, digest, NULL, sha256(), NULL) == 1;
}

bool ccrypto_hmac_sha256(
    const void *key, size_t key_count, const void *bytes, size_t count, unsigned char code[CCRYPTO_SHA256_LENGTH]) {
    unsigned int length = CCRYPTO_SHA256_LENGTH;
    return sha256() != NULL && HMAC(sha256(), key, (int)key_count, bytes, count, code, &length) != NULL;
}

bool ccrypto_equal(const void *left, const void *right, size_t count) { return CRYPTO_memcmp(left, right, count) == 0; }

bool ccrypto_random(void *bytes, size_t count) { return RAND_bytes(bytes, (int)count) == 1; }
