/* base/pages.h — a wish to the system about memory that was taken already; never needed for being right. */
#ifndef RS_BASE_PAGES_H
#define RS_BASE_PAGES_H

#include "base/base.h"

/* Large pages for `bytes` at `memory` (page-aligned), where the system gives them: fewer address translations for tables that are
 * read at random. May be refused silently. Any thread. */
void rs_pages_prefer_large(void *memory, size_t bytes);

#endif
