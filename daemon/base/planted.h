/* base/planted.h — bugs put in on purpose, so that it can be shown that the tests would catch them. In no program that anyone uses.
 *
 * Model:   the real code has a line for each, `if (RS_PLANTED(NAME)) …`. RS_PLANTED is the constant 0, and nothing of it is compiled,
 *          unless the build was made with -DRS_PLANTS=ON, which a Release build refuses. In such a build the environment variable RS_PLANT
 *          names the one bug that is in (none: none); it is read once, before main, by base/planted.c. A name that is not in the list ends
 *          the program with status 97, so that a misspelt one does not pass as caught.
 * List:    PLANT(name, what it does, who must notice: programs of the build folder, each with an optional :filter for its tests)
 *          tests/fault/planted reads this list as text: an entry is a line with its name and what it does, and one of who.
 * Core:    reads the choice like any other constant; it does not change while a program runs.
 */
#ifndef RS_BASE_PLANTED_H
#define RS_BASE_PLANTED_H

#define RS_PLANT_LIST(PLANT)                                                                                            \
    /* journal: writing */                                                                                              \
    PLANT(SKIP_SYNC, "records are written and called durable without a sync",                                           \
          "property_journal_crash:what_was* sim_installation")                                                          \
    PLANT(DURABLE_BEFORE_SYNC, "records are called durable before their sync has returned",                             \
          "property_journal_crash:what_was* test_journal")                                                              \
    PLANT(SKIP_FOLDER_SYNC, "a new segment's name is not made durable",                                                 \
          "property_journal_crash:what_was* sim_installation")                                                          \
    PLANT(SYNC_ASKED_AGAIN, "a sync that failed is asked for once more, and believed then",                             \
          "property_journal_crash:what_was* test_journal")                                                              \
    PLANT(WRONG_CHAIN, "a record of a commit is chained to the commit before, not to the record before",                \
          "property_journal_crash:what_was*")                                                                           \
    PLANT(ADOPTING_UNMARKED, "a segment that adopts a tail does not say so",                                            \
          "property_journal_crash:what_was*")                                                                           \
    PLANT(RETIRE_ONE_TOO_MANY, "of what is not needed any more one segment too many goes",                              \
          "property_journal_crash:what_was* test_journal")                                                              \
    PLANT(TAP_BEFORE_COMMIT, "the keeper gives the ring's records free before they are committed",                      \
          "test_journal:nothing_is_durable*")                                                                           \
    /* journal: reading back */                                                                                         \
    PLANT(TAIL_OFF_BY_ONE, "the first record of an unproven tail passes as durable",                                    \
          "property_journal_crash:what_was*")                                                                           \
    PLANT(TAIL_BELIEVED, "what is read back passes as durable without being written anew",                              \
          "property_journal_crash:what_was*")                                                                           \
    PLANT(STALE_SEGMENT, "records of a segment that a later one has voided are believed",                               \
          "property_journal_crash:what_was*")                                                                           \
    PLANT(STALE_RECORDS, "a record does not know its segment, so one that an earlier life of the file left passes",     \
          "test_journal:a_record_of_another*")                                                                          \
    PLANT(CHAIN_UNCHECKED, "a record passes that does not follow the one before it in the chain",                       \
          "test_journal:a_record_that_does_not*")                                                                       \
    PLANT(LOST_UNREPORTED, "a durable record that cannot be read is passed over in silence",                            \
          "property_journal_crash:every_flipped*")                                                                      \
    /* snapshots */                                                                                                     \
    PLANT(SNAPSHOT_UNSYNCED, "a snapshot gets its name before its bytes are synced",                                    \
          "test_journal sim_installation")                                                                              \
    PLANT(SNAPSHOT_UNCHECKED, "a damaged snapshot passes as whole",                                                     \
          "test_journal:every_flipped_bit*")                                                                            \
    PLANT(SNAPSHOT_AHEAD, "a snapshot holds records that are not durable yet",                                          \
          "sim_installation")                                                                                           \
    /* what may be told */                                                                                              \
    PLANT(ACK_AT_APPLIED, "an event is acknowledged when it is applied, durable or not",                                \
          "sim_installation")                                                                                           \
    PLANT(ROWS_BEFORE_DURABLE, "rows go to the database before the events they rest on are durable",                    \
          "sim_installation")                                                                                           \
    PLANT(CHANGED_IN_HAND, "a row that changed after it was collected counts as stored",                                \
          "sim_installation property_recovery_oracle")                                                                  \
    /* sessions */                                                                                                      \
    PLANT(SKIP_ONE_MORE, "after a restart the number behind a session's mark is skipped, too",                          \
          "property_producer_oracle test_ingest")                                                                       \
    PLANT(TAKE_ONE_AGAIN, "the last number that was taken is taken again when it is sent again",                        \
          "property_producer_oracle test_ingest")                                                                       \
    /* the store */                                                                                                     \
    PLANT(MARK_OUTSIDE, "the mark moves in a transaction of its own, before the rows",                                  \
          "test_store:a_cut_at_commit* test_store:*killed_at_random*")                                                  \
    PLANT(COMMIT_BELIEVED, "a COMMIT whose answer was lost passes as done",                                             \
          "test_store:a_cut_at_commit*")                                                                                \
    PLANT(EPOCH_IGNORED, "a daemon whose stream another one took over goes on",                                         \
          "test_store:*is_fenced*")                                                                                     \
    PLANT(MARK_OF_A_SLICE, "the mark moves when only a part of a batch is stored",                                      \
          "test_store:refused_rows*")                                                                                   \
    PLANT(REWIND_UNNOTICED, "a database that has gone back gets nothing again",                                         \
          "test_store:what_a_database_forgot*")                                                                         \
    PLANT(LET_GO_UNTOLD, "the store is not told of what memory let go",                                                 \
          "test_engine:what_only_waits*")                                                                               \
    PLANT(NEWER_IS_MADE, "what was let go passes as made again when something newer is stored",                         \
          "test_store:what_the_owner_gives_up_while*")                                                                  \
    PLANT(REBUILT_WITHOUT_GONE, "what had left memory is not made again for it",                                        \
          "sim_installation property_rebuild")                                                                          \
    /* the ring */                                                                                                      \
    PLANT(TAP_FORGOTTEN, "room is given that the journal has not read yet",                                             \
          "race_ring_race")                                                                                             \
    PLANT(WEAK_TAIL, "the writer publishes its records with a relaxed store",                                           \
          "planted_ring_race")                                                                                          \
    PLANT(WEAK_HEAD, "a reader gives room free with a relaxed store",                                                   \
          "planted_ring_race")

#define RS_PLANT_NAME(name, what, who) RS_PLANT_##name,
typedef enum rs_plant { RS_PLANT_NONE, RS_PLANT_LIST(RS_PLANT_NAME) RS_PLANT_COUNT } rs_plant_t;
#undef RS_PLANT_NAME

#ifdef RS_WITH_PLANTS
/* Written once, before main. */
extern rs_plant_t rs_planted;
#define RS_PLANTED(name) (rs_planted == RS_PLANT_##name)
#else
#define RS_PLANTED(name) (RS_PLANT_##name < RS_PLANT_NONE)   /* 0, and the name is checked */
#endif

#endif
