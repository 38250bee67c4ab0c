#ifndef CCRASH_H
#define CCRASH_H

#include <stdbool.h>

/*
 * Has a signal that ends the process for a fault of its own write one log line before it does: SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE.
 * What the process was going to do at the signal happens after it, so that its exit status, its core and a backtrace stay what they are.
 *
 * The texts are copied, and cut where they are too long. They must hold nothing that JSON has to escape. Can be called again with other texts.
 * Signals of other threads are caught too; only the calling thread survives the overflow of its stack long enough to tell.
 */
void ccrash_install(const char *service, const char *instance, bool is_json);

#endif
