/* A real ingest on a loop in a thread of its own, with a sink that keeps contact ids and settles, unless told to hold. */
#ifndef TESTS_CLIENT_SERVER_H
#define TESTS_CLIENT_SERVER_H

#include "ingest/ingest.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SERVER_ROOM = 400000 };

typedef struct server {
    char endpoint[128];
    rs_config_t config;
    uint8_t key[32];
    pthread_t thread;
    /* told by the test, read by the loop's thread */
    atomic_bool stop, hold_settling, is_full;
    atomic_uint refuse_every;        /* every n-th event is too_late; 0 = none */
    /* written by the loop's thread, read by the test (count: release/acquire makes the contacts visible) */
    uint32_t *contacts;
    atomic_uint count;
    atomic_bool is_up;
    uint64_t position;
    rs_ingest_t *ingest;
    rs_ingest_stats_t stats;         /* at the end */
} server_t;

/* An ipc endpoint in a new folder; remove_folder at the end. */
void make_endpoint(char endpoint[128]);
void remove_endpoint(const char *endpoint);

server_t *server_start(const char *endpoint);
/* Ends it between two messages, telling nobody anything: what was not settled is lost with it, as in a crash. */
void server_stop(server_t *server);
void server_free(server_t **server);
uint32_t server_count(const server_t *server);
void server_wait(const server_t *server, uint32_t count);

int follow_tests(void);   /* follow_test.c */
int spool_tests(void);    /* spool_test.c */
int producer_tests(void); /* producer_test.c */
int run_producer(char **arguments);   /* the other end of them, a program of its own */

#endif
