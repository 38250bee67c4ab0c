#ifndef CLIBUV_H
#define CLIBUV_H

#include <stdbool.h>
#include <uv.h>

/// Whether `clibuv_mark_loop_thread` was called on the calling thread. This is not inlined: a thread-local that is read through a call stays right
/// when a task moves between threads.
bool clibuv_on_loop_thread(void);

/// Makes the calling thread the loop's thread.
void clibuv_mark_loop_thread(void);

static inline uv_handle_t *clibuv_timer_handle(uv_timer_t *timer) { return (uv_handle_t *)timer; }
static inline uv_handle_t *clibuv_poll_handle(uv_poll_t *poll) { return (uv_handle_t *)poll; }
static inline uv_handle_t *clibuv_signal_handle(uv_signal_t *signal) { return (uv_handle_t *)signal; }
static inline uv_handle_t *clibuv_idle_handle(uv_idle_t *idle) { return (uv_handle_t *)idle; }

#endif
