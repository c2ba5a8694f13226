/* A disk that fails: while the file named by FAILING_DISK is there, nothing can be made durable.
 *
 * Preloaded into a process, it stands before the C library's functions of the same names. What is
 * written before the failure stays in the page cache, as it does on a real disk. With CUT_FAILS,
 * files cannot be cut back either.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void)
{
    const char *sign = getenv("FAILING_DISK");
    int saved = errno;
    int is_failing = sign && access(sign, F_OK) == 0;
    errno = is_failing ? EIO : saved;
    return is_failing;
}

int fsync(int fd) { return fails() ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails() ? -1 : (int)syscall(SYS_fdatasync, fd); }

#ifdef CUT_FAILS
int ftruncate(int fd, off_t size) { return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
int ftruncate64(int fd, off64_t size) { return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
#endif
