/* What the tests of the journal share. */
#ifndef RS_JOURNAL_TESTS_H
#define RS_JOURNAL_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "faulty_disk.h"
#include "journal/keeper.h"
#include "journal/recover.h"
#include "journal/snapshot.h"
#include "sim_disk.h"

#include <errno.h>
#include <stdatomic.h>

int run_snapshot_tests(void);
int run_keeper_tests(void);
int run_writer_tests(void);
int run_disk_tests(void);
int run_rebuilder_tests(void);

#endif
