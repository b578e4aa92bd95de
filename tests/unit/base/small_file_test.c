#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/small_file.h"
#include "base_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct place {
    char folder[64], path[80], beside[88];
} place_t;

static place_t make_place(void) {
    place_t place = {.folder = "/tmp/ringside-small-XXXXXX"};
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.path, sizeof place.path, "%s/key", place.folder);
    snprintf(place.beside, sizeof place.beside, "%s.new", place.path);
    return place;
}

static void assert_holds(const char *path, const char *expected) {
    char text[64] = "";
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    const ssize_t len = read(file, text, sizeof text);
    close(file);
    assert_int_equal(len, (ssize_t)strlen(expected));
    assert_memory_equal(text, expected, strlen(expected));
}

static void a_file_is_replaced_whole_and_nothing_is_left_beside_it(void **state) {
    (void)state;
    const place_t place = make_place();
    assert_int_equal(rs_small_file_write(place.path, "a long first text", 17, 0600), RS_OK);
    assert_holds(place.path, "a long first text");
    assert_int_equal(rs_small_file_write(place.path, "short", 5, 0600), RS_OK);
    assert_holds(place.path, "short");
    struct stat about;
    assert_int_equal(stat(place.path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(access(place.beside, F_OK), -1);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(rmdir(place.folder), 0);
}

static void what_cannot_be_written_leaves_the_file_as_it_was_and_says_why(void **state) {
    (void)state;
    const place_t place = make_place();
    assert_int_equal(rs_small_file_write(place.path, "before", 6, 0600), RS_OK);
    assert_int_equal(mkdir(place.beside, 0700), 0);   /* in the way of what would be written */
    assert_int_equal(rs_small_file_write(place.path, "after", 5, 0600), RS_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_holds(place.path, "before");
    assert_int_equal(rmdir(place.beside), 0);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(mkdir(place.path, 0700), 0);   /* in the way of the renaming */
    assert_int_equal(rs_small_file_write(place.path, "after", 5, 0600), RS_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(access(place.beside, F_OK), -1);
    assert_int_equal(rmdir(place.path), 0);
    assert_int_equal(rmdir(place.folder), 0);
    assert_int_equal(rs_small_file_write(place.path, "after", 5, 0600), RS_ERR_IO);
    assert_int_equal(errno, ENOENT);
}

static void a_path_that_is_too_long_is_refused(void **state) {
    (void)state;
    static char path[4001];
    memset(path, 'a', sizeof path - 1);
    assert_int_equal(rs_small_file_write(path, "", 0, 0600), RS_ERR_INVALID);
    assert_int_equal(rs_sync_folder_of(path), RS_ERR_INVALID);
}

static void a_folder_is_found_from_any_kind_of_path(void **state) {
    (void)state;
    const place_t place = make_place();
    assert_int_equal(rs_sync_folder_of(place.path), RS_OK);
    assert_int_equal(rs_sync_folder_of("name"), RS_OK);
    assert_int_equal(rs_sync_folder_of("/name"), RS_OK);
    assert_int_equal(rmdir(place.folder), 0);
    assert_int_equal(rs_sync_folder_of(place.path), RS_ERR_IO);
    assert_int_equal(errno, ENOENT);
}

int run_small_file_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_whole_and_nothing_is_left_beside_it),
        cmocka_unit_test(what_cannot_be_written_leaves_the_file_as_it_was_and_says_why),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(a_folder_is_found_from_any_kind_of_path),
    };
    return cmocka_run_group_tests_name("small_file", tests, NULL, NULL);
}
