#ifndef CLIBUV_H
#define CLIBUV_H

#include <uv.h>

#endif
