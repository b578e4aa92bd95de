/* support/allocations.h — counts every allocation of the program. To be included by exactly one source file of it.
 *
 * Without a sanitizer malloc and its kin, and mmap, are taken over; under one its own hooks are used. Call allocations_start first. */
#ifndef RS_TEST_ALLOCATIONS_H
#define RS_TEST_ALLOCATIONS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RS_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RS_UNDER_SANITIZER 1
#endif
#endif

static _Atomic uint64_t allocations_made;   /* relaxed: a number for itself */

static void allocations_note(void) { atomic_fetch_add_explicit(&allocations_made, 1, memory_order_relaxed); }
static inline uint64_t allocations_count(void) { return atomic_load_explicit(&allocations_made, memory_order_relaxed); }

#ifdef RS_UNDER_SANITIZER
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
static void allocations_on_malloc(const volatile void *at, size_t size) {
    (void)at;
    (void)size;
    allocations_note();
}
static void allocations_on_free(const volatile void *at) { (void)at; }
static inline void allocations_start(void) {
    (void)__sanitizer_install_malloc_and_free_hooks(allocations_on_malloc, allocations_on_free);
}
#else
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *at, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
int posix_memalign(void **at, size_t alignment, size_t size);
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size) { allocations_note(); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { allocations_note(); return __libc_calloc(count, size); }
void *realloc(void *at, size_t size) { allocations_note(); return __libc_realloc(at, size); }
void *aligned_alloc(size_t alignment, size_t size) { allocations_note(); return __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { allocations_note(); return __libc_memalign(alignment, size); }
int posix_memalign(void **at, size_t alignment, size_t size) {
    allocations_note();
    *at = __libc_memalign(alignment, size);
    return *at == NULL ? 12 : 0;
}
/* malloc's own mappings do not come by here. */
void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    allocations_note();
    return (void *)syscall(SYS_mmap, at, size, protection, flags, file, offset);
}
static inline void allocations_start(void) {}
#endif

#endif
