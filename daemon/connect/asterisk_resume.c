#include "connect/asterisk_resume.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 64 * 1024,   /* a good line is looked for so far */
       LOOKS = 50 };             /* at a folder that changes meanwhile */

typedef struct search {
    const rs_asterisk_config_t *config;
    rs_asterisk_parser_t *parser;      /* names incarnations; nothing else of it is used */
    char path[PATH_MAX], folder[PATH_MAX];
    const char *name;                  /* in path */
    const struct timespec *since;
    rs_asterisk_link_t *found;         /* of the folder, from their beginnings */
    uint32_t count;
    char head[HEAD_BYTES];
} search_t;

static void ignore(void *context, const rs_event_t *event) { (void)context, (void)event; }

/* The incarnation of the file when it is read from `offset`; "" when it has no good line there. */
static void name_at(search_t *search, rs_asterisk_link_t *link, uint64_t offset, char name[RS_MAX_NAME + 1]) {
    struct stat status;
    rs_refused_t refused;
    name[0] = '\0';
    const int file = open(link->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return;
    const bool is_file = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    const ssize_t got = is_file ? pread(file, search->head, HEAD_BYTES, (off_t)offset) : 0;
    close(file);
    if (is_file && offset == 0) {
        link->device = status.st_dev;
        link->inode = status.st_ino;
    }
    rs_asterisk_parser_begin(search->parser, offset);
    const char *line = search->head, *end = got <= 0 ? line : line + got;
    for (const char *feed; name[0] == '\0' && (feed = memchr(line, '\n', (size_t)(end - line))) != NULL; line = feed + 1) {
        const rs_str_t text = {.data = line, .len = (uint32_t)(feed - line)};
        (void)!rs_asterisk_parser_line(search->parser, text, ignore, NULL, &refused);
        snprintf(name, RS_MAX_NAME + 1, "%s", rs_asterisk_parser_incarnation(search->parser));
    }
}

/* "<second>-…" */
static long long second_of(const char *incarnation) { return strtoll(incarnation, NULL, 10); }

static uint64_t offset_of(rs_str_t incarnation) {
    char text[RS_MAX_NAME + 1] = "";
    memcpy(text, incarnation.data, incarnation.len);
    const char *at = strchr(text, '@');
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

/* --- the folder ----------------------------------------------------------------------------------------------------- */
static int compare_times(const struct timespec *a, const struct timespec *b) {
    if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static bool is_new_enough(const search_t *search, rs_asterisk_link_t *link) {
    struct stat status;
    const bool is_there = stat(link->path, &status) == 0;
    if (is_there) link->written = status.st_mtim;
    return search->since == NULL || (is_there && compare_times(&link->written, search->since) >= 0);
}

static int note_file(search_t *search, const char *name) {
    const size_t len = strlen(search->name);
    if (strncmp(name, search->name, len) != 0 || strchr(".-", name[len]) == NULL) return RS_OK;   /* that finds the end of the text, too */
    rs_asterisk_link_t *more = realloc(search->found, (search->count + 1) * sizeof *more);
    if (more == NULL) return RS_ERR_MEMORY;
    search->found = more;
    rs_asterisk_link_t *link = &more[search->count];
    *link = (rs_asterisk_link_t){.file = -1};
    if ((size_t)snprintf(link->path, sizeof link->path, "%s%s", search->folder, name) >= sizeof link->path) return RS_OK;
    if (is_new_enough(search, link)) search->count++;
    return RS_OK;
}

/* Below 0: `left` was begun before `right`. */
static int compare_ages(const rs_asterisk_link_t *left, const rs_asterisk_link_t *right) {
    const long long first = second_of(left->incarnation), second = second_of(right->incarnation);
    return first != second ? (first < second ? -1 : 1) : compare_times(&left->written, &right->written);
}

static int compare_links(const void *a, const void *b) {
    const rs_asterisk_link_t *left = a, *right = b;
    const int ages = compare_ages(left, right);
    return ages != 0 ? ages : strcmp(left->path, right->path);
}

static int look_at_folder(search_t *search) {
    DIR *folder = opendir(search->folder);
    int status = RS_OK;
    if (folder == NULL) return RS_OK;
    for (const struct dirent *entry; status == RS_OK && (entry = readdir(folder)) != NULL;) status = note_file(search, entry->d_name);
    closedir(folder);
    return status;
}

static bool are_enough(const search_t *search) {
    uint32_t others = 0;
    for (uint32_t i = 0; i < search->count; i++) others += strcmp(search->found[i].path, search->path) != 0;
    return search->since == NULL || others > 1;
}

static int name_files(search_t *search) {
    const int status = search->parser != NULL ? RS_OK : rs_asterisk_parser_create(search->config, &search->parser);
    for (uint32_t i = 0; status == RS_OK && i < search->count; i++) name_at(search, &search->found[i], 0, search->found[i].incarnation);
    if (status == RS_OK && search->count != 0) qsort(search->found, search->count, sizeof *search->found, compare_links);
    return status;
}

/* The file of an incarnation; NULL: none. */
static const rs_asterisk_link_t *file_of(search_t *search, rs_str_t incarnation, uint64_t offset) {
    char name[RS_MAX_NAME + 1];
    for (uint32_t i = 0; i < search->count; i++) {
        const char *found = search->found[i].incarnation;
        if (offset != 0) name_at(search, &search->found[i], offset, name);
        if (rs_str_equal(rs_str(offset == 0 ? found : name), incarnation)) return &search->found[i];
    }
    return NULL;
}

/* --- the chain ------------------------------------------------------------------------------------------------------ */
static bool is_in(const rs_asterisk_chain_t *chain, const rs_asterisk_link_t *link) {
    for (uint32_t i = 0; i < chain->count; i++) {
        if (strcmp(chain->links[i].path, link->path) == 0) return true;
        if (link->incarnation[0] != '\0' && strcmp(chain->links[i].incarnation, link->incarnation) == 0) return true;   /* a copy */
    }
    return false;
}

static void add_known(search_t *search, const rs_asterisk_known_t *known, rs_asterisk_chain_t *chain) {
    const uint64_t offset = offset_of(known->incarnation);
    const rs_asterisk_link_t *file = file_of(search, known->incarnation, offset);
    if (file == NULL || is_in(chain, file)) return;
    rs_asterisk_link_t *link = &chain->links[chain->count++];
    *link = *file;   /* with the incarnation that its beginning has */
    link->offset = offset;
    link->upto = known->upto;
    memcpy(link->known, known->incarnation.data, known->incarnation.len);
    link->known[known->incarnation.len] = '\0';
}

/* The newest first, so that of two incarnations of a file the newer one is read. */
static void add_all_known(search_t *search, const rs_asterisk_known_t *known, uint32_t known_count, rs_asterisk_chain_t *chain) {
    for (uint32_t i = known_count; i-- > 0;) {
        add_known(search, &known[i], chain);
        if (chain->count < 2) continue;
        const long long last = second_of(chain->links[0].known), first = second_of(chain->links[chain->count - 1].known);
        if (first <= last - RS_ASTERISK_BACK_S) break;
    }
    for (uint32_t i = 0; i < chain->count / 2; i++) {
        const rs_asterisk_link_t swapped = chain->links[i];
        chain->links[i] = chain->links[chain->count - 1 - i];
        chain->links[chain->count - 1 - i] = swapped;
    }
}

static void make_chain(search_t *search, const rs_asterisk_known_t *known, uint32_t known_count, rs_asterisk_chain_t *chain) {
    const rs_asterisk_known_t *newest = &known[known_count - 1];
    const rs_asterisk_link_t *last = file_of(search, newest->incarnation, offset_of(newest->incarnation));
    if (last == NULL) return;
    add_all_known(search, known, known_count, chain);
    for (uint32_t i = 0; i < search->count; i++) {
        const rs_asterisk_link_t *file = &search->found[i];
        if (strcmp(file->path, search->path) == 0 || compare_ages(file, last) <= 0 || is_in(chain, file)) continue;
        if (chain->count < RS_ASTERISK_LINKS - 1) chain->links[chain->count++] = *file;
        else chain->is_cut = true;
    }
    if (strcmp(chain->links[chain->count - 1].path, search->path) == 0) return;
    rs_asterisk_link_t *under_name = &chain->links[chain->count++];
    *under_name = (rs_asterisk_link_t){.file = -1};
    memcpy(under_name->path, search->path, sizeof under_name->path);
}

/* False: another file is there now. */
static bool open_links(rs_asterisk_chain_t *chain) {
    bool are_the_same = true;
    for (uint32_t i = 0; i < chain->count; i++) {
        rs_asterisk_link_t *link = &chain->links[i];
        struct stat status;
        if (link->inode == 0) continue;   /* the one under the name, of which nothing is known */
        link->file = open(link->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        const bool is_open = link->file >= 0 && fstat(link->file, &status) == 0;
        are_the_same = are_the_same && is_open && status.st_ino == link->inode && status.st_dev == link->device;
    }
    return are_the_same;
}

void rs_asterisk_chain_close(rs_asterisk_chain_t *chain) {
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->links[i].file >= 0) close(chain->links[i].file);
    chain->count = 0;
}

static struct timespec changed_at(const search_t *search) {
    struct stat status;
    return stat(search->folder[0] == '\0' ? "." : search->folder, &status) == 0 ? status.st_mtim : (struct timespec){0};
}

/* Everything once; *is_one_moment: nothing changed meanwhile. */
static int look_once(search_t *search, const rs_asterisk_known_t *known, uint32_t known_count, rs_asterisk_chain_t *chain,
                     bool *is_one_moment) {
    const struct timespec before = changed_at(search);
    search->count = 0;
    int status = look_at_folder(search);
    if (status == RS_OK && are_enough(search)) {
        status = name_files(search);
        if (status == RS_OK) make_chain(search, known, known_count, chain);
    }
    *is_one_moment = open_links(chain);
    const struct timespec after = changed_at(search);
    *is_one_moment = *is_one_moment && compare_times(&before, &after) == 0;
    return status;
}

int rs_asterisk_chain_find(const rs_asterisk_config_t *config, const rs_asterisk_known_t *known, uint32_t known_count,
                           const struct timespec *since, rs_asterisk_chain_t *chain) {
    search_t *search = calloc(1, sizeof *search);
    chain->count = 0;
    chain->is_cut = false;
    if (search == NULL) return RS_ERR_MEMORY;
    search->config = config;
    search->since = since;
    snprintf(search->path, sizeof search->path, "%.*s", (int)config->queue_log.len, config->queue_log.data);
    const char *slash = strrchr(search->path, '/');
    search->name = slash == NULL ? search->path : slash + 1;
    snprintf(search->folder, sizeof search->folder, "%.*s", (int)(search->name - search->path), search->path);
    bool is_one_moment = false;
    int status = RS_OK;
    for (int i = 0; i < LOOKS && status == RS_OK && !is_one_moment; i++) {
        rs_asterisk_chain_close(chain);
        chain->is_cut = false;
        status = look_once(search, known, known_count, chain, &is_one_moment);
    }
    if (status != RS_OK) rs_asterisk_chain_close(chain);
    rs_asterisk_parser_destroy(&search->parser);
    free(search->found);
    free(search);
    return status;
}
