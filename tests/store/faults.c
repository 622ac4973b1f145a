/* Fails the n-th write, sync, rename or link below one folder: loaded before the C library of a process under test.
 *
 * FAULT_ROOT   the folder; FAULT_AT  which call fails, from 1 (0: none, only count); FAULT_KIND  enospc, eio, short, lost
 * FAULT_LOG    file that gets one line a call: its number and name
 *
 * enospc, eio  the call fails with that error and does nothing
 * short        a write puts down half of its bytes, and the process dies, as when the power goes
 * lost         a rename or link says that it was done, and was not, and the process dies at its next call
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static __thread int inside = 0;
static int calls = 0, doomed = 0;

static int below(const char *path) {
    const char *root = getenv("FAULT_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int below_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return below(path) && !strstr(path, ".lock");
}

/* Returns 1 when this call is the one to fail. */
static int due(const char *what) {
    if (inside) return 0;
    inside = 1;
    if (doomed) _exit(77);
    const char *log = getenv("FAULT_LOG"), *at = getenv("FAULT_AT");
    int number = __sync_add_and_fetch(&calls, 1);
    if (log) {
        int fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (fd >= 0) { dprintf(fd, "%d %s\n", number, what); close(fd); }
    }
    inside = 0;
    return at && number == atoi(at);
}

static int is(const char *kind) { const char *k = getenv("FAULT_KIND"); return k && strcmp(k, kind) == 0; }
static int fails(void) { if (is("eio")) { errno = EIO; return 1; } if (is("enospc")) { errno = ENOSPC; return 1; } return 0; }

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *buffer, size_t size) {
    REAL(write);
    if (!inside && below_fd(fd) && due("write")) {
        if (fails()) return -1;
        if (is("short")) { real(fd, buffer, size / 2); _exit(77); }
    }
    return real(fd, buffer, size);
}

ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t at) {
    REAL(pwrite64);
    if (!inside && below_fd(fd) && due("pwrite")) {
        if (fails()) return -1;
        if (is("short")) { real(fd, buffer, size / 2, at); _exit(77); }
    }
    return real(fd, buffer, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    if (!inside && below_fd(fd) && due("writev")) {
        if (fails()) return -1;
        if (is("short")) { real(fd, parts, count > 1 ? count / 2 : 1); _exit(77); }
    }
    return real(fd, parts, count);
}

int fsync(int fd) {
    REAL(fsync);
    if (!inside && below_fd(fd) && due("fsync") && fails()) return -1;
    return real(fd);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (!inside && below(to) && due("rename")) {
        if (fails()) return -1;
        if (is("lost")) { doomed = 1; return 0; }
    }
    return real(from, to);
}

int link(const char *from, const char *to) {
    REAL(link);
    if (!inside && below(to) && due("link")) {
        if (fails()) return -1;
        if (is("lost")) { doomed = 1; return 0; }
    }
    return real(from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    if (!inside && below(to) && due("linkat")) {
        if (fails()) return -1;
        if (is("lost")) { doomed = 1; return 0; }
    }
    return real(a, from, b, to, flags);
}
