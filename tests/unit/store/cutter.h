/* A proxy between the store and the database that cuts connections at COMMIT. Runs on a thread of its own. */
#ifndef RS_STORE_CUTTER_H
#define RS_STORE_CUTTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef enum cut { CUT_NEVER = 0, CUT_BEFORE, CUT_AFTER, CUT_WHILE } cut_t;

typedef struct cutter {
    char directory[64];           /* holds the proxy's socket */
    char server[128];             /* path of the server's socket */
    int listener, quit[2];
    pthread_t thread;
    /* Written by the test, read by the proxy's thread; relaxed: each is a plain setting. */
    _Atomic int chance;           /* of 100 COMMITs so many are cut */
    /* Written by the proxy's thread, read by the test after rs_… no other data hang on them: relaxed. */
    _Atomic uint64_t commits, cuts[4];
    uint64_t random;
} cutter_t;

void cutter_start(cutter_t *cutter, const char *server_directory);
/* Connection string of the same database through the proxy. */
void cutter_conninfo(const cutter_t *cutter, const char *conninfo, char *through, unsigned long size);
void cutter_stop(cutter_t *cutter);

#endif
