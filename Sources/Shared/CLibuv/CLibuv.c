#include "CLibuv.h"

static _Thread_local bool on_loop_thread = false;

__attribute__((noinline)) bool clibuv_on_loop_thread(void) { return on_loop_thread; }

void clibuv_mark_loop_thread(void) { on_loop_thread = true; }
