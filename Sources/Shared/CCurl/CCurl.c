#include "CCurl.h"

bool ccurl_start(void) {
    static bool started = false;
    if (!started) started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return started;
}
