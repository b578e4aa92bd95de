#include "journal_tests.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_folder(const char *folder) {
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void make_folder(char folder[64]) {
    snprintf(folder, 64, "/tmp/ringside_journal_XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void a_folder_has_one_owner(void **state) {
    (void)state;
    char folder[64];
    const char *why = NULL;
    rs_disk_t *owner = NULL, *second = NULL, *beside = NULL;
    make_folder(folder);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_OWN, true, &owner, &why), RS_OK);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_OWN, true, &second, &why), RS_ERR_EXISTS);
    assert_string_equal(why, "another process uses this folder");
    assert_null(second);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_BESIDE, true, &beside, &why), RS_OK);
    rs_disk_close_folder(&beside);
    rs_disk_close_folder(&owner);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_OWN, true, &second, &why), RS_OK);
    rs_disk_close_folder(&second);
    remove_folder(folder);
}

static void a_folder_that_is_not_there_is_refused(void **state) {
    (void)state;
    const char *why = NULL;
    rs_disk_t *disk = NULL;
    assert_int_equal(rs_disk_open_folder("/nowhere/at/all", RS_DISK_OWN, false, &disk, &why), RS_ERR_NOT_FOUND);
    assert_string_equal(why, "No such file or directory");
    assert_null(disk);
    assert_int_equal(rs_disk_open_folder("/dev/null", RS_DISK_OWN, false, &disk, &why), RS_ERR_IO);
    assert_string_equal(why, "Not a directory");
}

static void a_file_system_that_does_not_keep_what_sync_promises_is_refused_unless_forced(void **state) {
    (void)state;
    const char *why = NULL;
    rs_disk_t *disk = NULL;
    char folder[64];
    snprintf(folder, sizeof folder, "/dev/shm/ringside_journal_XXXXXX");   /* a tmpfs on every Linux */
    if (mkdtemp(folder) == NULL) skip();
    const int status = rs_disk_open_folder(folder, RS_DISK_OWN, false, &disk, &why);
    const int forced = rs_disk_open_folder(folder, RS_DISK_OWN, true, &disk, &why);
    rs_disk_close_folder(&disk);
    remove_folder(folder);
    assert_int_equal(status, RS_ERR_INVALID);
    assert_int_equal(forced, RS_OK);
}

static void files_are_made_read_renamed_and_removed(void **state) {
    (void)state;
    char folder[64];
    const char *why = NULL;
    rs_disk_t *disk = NULL, *looker = NULL;
    make_folder(folder);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_OWN, true, &disk, &why), RS_OK);
    int file;
    uint64_t size;
    size_t got;
    char bytes[16];
    assert_int_equal(disk->open(disk, "a", false, &file), RS_ERR_NOT_FOUND);
    assert_int_equal(disk->error, ENOENT);
    assert_int_equal(disk->open(disk, "a", true, &file), RS_OK);
    assert_int_equal(disk->write(disk, file, 3, "hello", 5), RS_OK);
    assert_int_equal(disk->sync(disk, file), RS_OK);
    assert_int_equal(disk->size(disk, file, &size), RS_OK);
    assert_int_equal(size, 8);
    disk->close(disk, file);
    assert_int_equal(disk->open(disk, "a", true, &file), RS_ERR_EXISTS);
    assert_int_equal(disk->rename(disk, "a", "b"), RS_OK);
    assert_int_equal(disk->sync_folder(disk), RS_OK);
    assert_int_equal(rs_disk_open_folder(folder, RS_DISK_LOOK, true, &looker, &why), RS_OK);
    assert_int_equal(looker->open(looker, "b", false, &file), RS_OK);
    assert_int_equal(looker->read(looker, file, 0, bytes, sizeof bytes, &got), RS_OK);
    assert_int_equal(got, 8);
    assert_memory_equal(bytes, "\0\0\0hello", 8);
    assert_int_equal(looker->write(looker, file, 0, "x", 1), RS_ERR_IO);
    looker->close(looker, file);
    rs_disk_close_folder(&looker);
    assert_int_equal(disk->remove(disk, "b"), RS_OK);
    assert_int_equal(disk->remove(disk, "b"), RS_ERR_NOT_FOUND);
    assert_true(rs_disk_free_bytes(disk) > 0);
    rs_disk_close_folder(&disk);
    remove_folder(folder);
}

int run_disk_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_has_one_owner), cmocka_unit_test(a_folder_that_is_not_there_is_refused),
        cmocka_unit_test(a_file_system_that_does_not_keep_what_sync_promises_is_refused_unless_forced),
        cmocka_unit_test(files_are_made_read_renamed_and_removed)};
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
