/* store/migrate_internal.h — migrating to an older version, for tests that need an older schema. */
#ifndef RS_STORE_MIGRATE_INTERNAL_H
#define RS_STORE_MIGRATE_INTERNAL_H

#include "store/store.h"

/* As rs_store_migrate, but leaves out migrations after `last_migration` (0: none), and with them functions and views. */
RS_MUST_CHECK int rs__store_migrate_to(const char *conninfo, int last_migration, bool dry_run, rs_store_print_fn print,
                                       void *context);

#endif
