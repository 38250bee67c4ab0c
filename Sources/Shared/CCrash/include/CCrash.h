#ifndef CCRASH_H
#define CCRASH_H

#include <stdbool.h>

/*
 * Makes a signal that ends the process because of a fault write one log line first: SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE. After that,
 * the signal has the same effect as without this handler, so that the exit status, the core and a backtrace stay the same.
 *
 * The texts are copied, and cut if they are too long. They must have no characters that JSON has to escape. Can be called again with other texts.
 * Signals of other threads are caught too. But only the calling thread gets a stack for the handler, so only its stack overflow can be reported.
 */
void ccrash_install(const char *service, const char *instance, bool is_json);

#endif
