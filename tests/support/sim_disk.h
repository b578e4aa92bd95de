/* support/sim_disk.h — a disk in memory that forgets, tears, reorders, lies and fails as real ones do, from a seed.
 *
 * Model:   of every file there is what is surely on disk, and the writes since its last sync in order; of the folder likewise. A crash
 *          keeps, of each unsynced write, any of its sectors (512 bytes), in any order; of unsynced renames, creations and removals any
 *          beginning. A sync that fails throws unsynced writes away at random, and the next one says RS_OK.
 * Memory:  owned; sim_disk_destroy frees it.
 */
#ifndef RS_TESTS_SIM_DISK_H
#define RS_TESTS_SIM_DISK_H

#include "journal/disk.h"
#include "random.h"

typedef struct sim_disk sim_disk_t;

sim_disk_t *sim_disk_create(uint64_t seed);
void sim_disk_destroy(sim_disk_t *sim);
rs_disk_t *sim_disk_as_disk(sim_disk_t *sim);

/* Power goes: everything not synced is at the disk's mercy, all files are closed. */
void sim_disk_crash(sim_disk_t *sim);
/* The process dies, the machine goes on: nothing is lost, all files are closed. */
void sim_disk_kill(sim_disk_t *sim);

/* From now on every `one_in`-th write or sync (at random) fails; 0: none does. */
void sim_disk_fail(sim_disk_t *sim, uint32_t one_in);
/* The next `count` syncs fail, whatever is written between them. */
void sim_disk_fail_syncs(sim_disk_t *sim, uint32_t count);
/* No file can be made and none can grow. */
void sim_disk_fill(sim_disk_t *sim, bool full);
/* Every write, sync, rename, … counts; the process is made to die (calls fail without effect) from the n-th on; 0: never. */
void sim_disk_die_at(sim_disk_t *sim, uint64_t call);
uint64_t sim_disk_calls(const sim_disk_t *sim);
bool sim_disk_is_dead(const sim_disk_t *sim);

/* Durable bytes of a file, for flipping. NULL: there is none. The names are those of the durable folder. */
unsigned char *sim_disk_bytes(sim_disk_t *sim, const char *name, size_t *size);
size_t sim_disk_names(sim_disk_t *sim, const char **names, size_t max);

#endif
