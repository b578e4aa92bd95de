#include "base/pages.h"

#include <sys/mman.h>

void rs_pages_prefer_large(void *memory, size_t bytes) { (void)madvise(memory, bytes, MADV_HUGEPAGE); }
