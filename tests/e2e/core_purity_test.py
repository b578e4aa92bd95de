#!/usr/bin/python3
"""The core does no I/O, reads no clock, starts no thread: its objects ask the linker for nothing of the kind."""
import subprocess
import sys

FORBIDDEN = set(
    "fopen fdopen fclose fread fwrite fputs fputc puts putchar printf vprintf fprintf vfprintf __printf_chk __fprintf_chk perror "
    "open openat creat close read write pread pwrite pread64 pwrite64 fsync fdatasync stat fstat lstat unlink rename mkdir "
    "socket connect bind listen accept send recv sendto recvfrom sendmsg recvmsg poll select epoll_wait pipe ioctl "
    "time clock clock_gettime gettimeofday timespec_get ftime localtime localtime_r mktime nanosleep usleep sleep "
    "rand random srand drand48 getrandom getentropy getenv secure_getenv setenv system fork execve "
    "pthread_create thrd_create pthread_mutex_lock pthread_cond_wait syscall stdout stderr stdin".split())


def undefined_symbols(archive):
    listing = subprocess.run(["nm", "--undefined-only", "--print-file-name", archive], check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        place, _, symbol = line.rpartition(" ")
        yield place.rsplit(":", 2)[-2] if ":" in place else place, symbol.split("@")[0]


def main():
    archive = sys.argv[1] + "/librs_core.a"
    symbols = list(undefined_symbols(archive))
    if not symbols:
        sys.exit("nothing was found in " + archive)
    wrong = sorted({(place, symbol) for place, symbol in symbols if symbol in FORBIDDEN})
    for place, symbol in wrong:
        print(f"{place} uses {symbol}")
    sys.exit(1 if wrong else 0)


main()
