#include "CLibuv.h"
