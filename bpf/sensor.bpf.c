// The sensor's programs in the kernel: one object, verified and loaded at once.

#include "other_calls.h"
