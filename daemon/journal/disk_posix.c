#include "journal/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

typedef struct rs_folder { rs_disk_t disk; int folder, lock, access; } rs_folder_t;

static int failed(rs_disk_t *disk, int error) {
    disk->error = error;
    switch (error) {
        case ENOENT: return RS_ERR_NOT_FOUND;
        case EEXIST: return RS_ERR_EXISTS;
        case ENOSPC:
        case EDQUOT: return RS_ERR_FULL;
        default: return RS_ERR_IO;
    }
}

static const rs_folder_t *folder_of(const rs_disk_t *disk) { return (const rs_folder_t *)disk->context; }

static int folder_open(rs_disk_t *disk, const char *name, bool create, int *file) {
    const int flags = folder_of(disk)->access | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT | O_EXCL : 0);
    const int opened = openat(folder_of(disk)->folder, name, flags, 0600);
    if (opened < 0) return failed(disk, errno);
    *file = opened;
    return RS_OK;
}

static int folder_size(rs_disk_t *disk, int file, uint64_t *bytes) {
    struct stat about;
    if (fstat(file, &about) != 0) return failed(disk, errno);
    *bytes = (uint64_t)about.st_size;
    return RS_OK;
}

static int folder_read(rs_disk_t *disk, int file, uint64_t at, void *bytes, size_t len, size_t *got) {
    size_t done = 0;
    while (done < len) {
        const ssize_t n = pread(file, (char *)bytes + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(disk, errno);
        if (n == 0) break;
        done += (size_t)n;
    }
    *got = done;
    return RS_OK;
}

static int folder_write(rs_disk_t *disk, int file, uint64_t at, const void *bytes, size_t len) {
    size_t done = 0;
    while (done < len) {
        const ssize_t n = pwrite(file, (const char *)bytes + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed(disk, n == 0 ? EIO : errno);
        done += (size_t)n;
    }
    return RS_OK;
}

static int folder_sync(rs_disk_t *disk, int file) { return fdatasync(file) == 0 ? RS_OK : failed(disk, errno); }
static void folder_close(rs_disk_t *disk, int file) { (void)disk, close(file); }

static int folder_rename(rs_disk_t *disk, const char *from, const char *to) {
    const int folder = folder_of(disk)->folder;
    return renameat(folder, from, folder, to) == 0 ? RS_OK : failed(disk, errno);
}

static int folder_remove(rs_disk_t *disk, const char *name) {
    return unlinkat(folder_of(disk)->folder, name, 0) == 0 ? RS_OK : failed(disk, errno);
}

static int folder_sync_folder(rs_disk_t *disk) { return fsync(folder_of(disk)->folder) == 0 ? RS_OK : failed(disk, errno); }

static int folder_list(rs_disk_t *disk, void (*on_name)(void *context, const char *name), void *context) {
    const int copy = openat(folder_of(disk)->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (entries == NULL) {
        const int error = errno;
        if (copy >= 0) close(copy);
        return failed(disk, error);
    }
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(entries)) != NULL) {
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < RS_DISK_NAME) on_name(context, entry->d_name);
        errno = 0;
    }
    const int error = errno;
    closedir(entries);
    return error == 0 ? RS_OK : failed(disk, error);
}

/* File systems on which a sync does not mean that a power cut is survived, or where two machines may see different things. */
static const char *unsafe_file_system(int folder) {
    struct statfs about;
    if (fstatfs(folder, &about) != 0) return NULL;
    switch ((unsigned long)about.f_type) {
        case NFS_SUPER_MAGIC: return "nfs";
        case TMPFS_MAGIC: return "tmpfs";
        case RAMFS_MAGIC: return "ramfs";
        case OVERLAYFS_SUPER_MAGIC: return "overlay";
        case SMB_SUPER_MAGIC: return "smb";
        case CIFS_SUPER_MAGIC: return "cifs";
        case SMB2_SUPER_MAGIC: return "smb2";
        case V9FS_MAGIC: return "9p";
        case FUSE_SUPER_MAGIC: return "fuse";
        default: return NULL;
    }
}

static int take_lock(rs_folder_t *folder, const char **why) {
    folder->lock = openat(folder->folder, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder->lock < 0) {
        *why = strerror(errno);
        return RS_ERR_IO;
    }
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0) return RS_OK;
    const bool is_taken = errno == EWOULDBLOCK;
    *why = is_taken ? "another process uses this folder" : strerror(errno);
    return is_taken ? RS_ERR_EXISTS : RS_ERR_IO;
}

int rs_disk_open_folder(const char *path, rs_disk_use_t use, bool forced, rs_disk_t **disk_out, const char **why) {
    *why = "out of memory";
    rs_folder_t *folder = calloc(1, sizeof *folder);
    if (folder == NULL) return RS_ERR_MEMORY;
    *folder = (rs_folder_t){.lock = -1, .access = use == RS_DISK_LOOK ? O_RDONLY : O_RDWR, .disk = {
        .context = folder, .open = folder_open, .size = folder_size, .read = folder_read, .write = folder_write, .sync = folder_sync,
        .close = folder_close, .rename = folder_rename, .remove = folder_remove, .sync_folder = folder_sync_folder, .list = folder_list}};
    rs_disk_t *disk = &folder->disk;
    folder->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = folder->folder >= 0 ? RS_OK : failed(disk, errno);
    if (status != RS_OK) *why = strerror(disk->error);
    if (status == RS_OK && use == RS_DISK_OWN && !forced && (*why = unsafe_file_system(folder->folder)) != NULL) status = RS_ERR_INVALID;
    if (status == RS_OK && use == RS_DISK_OWN) status = take_lock(folder, why);
    if (status != RS_OK) {
        rs_disk_close_folder(&disk);
        return status;
    }
    *why = NULL;
    *disk_out = disk;
    return RS_OK;
}

void rs_disk_close_folder(rs_disk_t **disk) {
    if (*disk == NULL) return;
    rs_folder_t *folder = (*disk)->context;
    if (folder->lock >= 0) close(folder->lock);
    if (folder->folder >= 0) close(folder->folder);
    free(folder);
    *disk = NULL;
}

uint64_t rs_disk_free_bytes(const rs_disk_t *disk) {
    struct statfs about;
    if (fstatfs(folder_of(disk)->folder, &about) != 0) return UINT64_MAX;
    return (uint64_t)about.f_bavail * (uint64_t)about.f_bsize;
}
