/* A machine whose clock is wrong: times of day are CLOCK_SHIFT_NS nanoseconds away from the truth,
 * and its name is another, since what runs on one machine reads one clock.
 *
 * Preloaded into a process, it stands before the C library's functions of the same names. Only
 * programs that have CLOCK_SHIFT_OF as an argument of their command line are shifted: what is
 * started by one that is preloaded inherits it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static long long shift_ns;

__attribute__((constructor)) static void look(void)
{
    const char *shift = getenv("CLOCK_SHIFT_NS"), *wanted = getenv("CLOCK_SHIFT_OF");
    char line[8192];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    if (!shift || !wanted || size <= 0)
        return;
    line[size] = 0;
    for (char *argument = line; argument < line + size; argument += strlen(argument) + 1)
        if (strcmp(argument, wanted) == 0)
            shift_ns = atoll(shift);
}

static int is_time_of_day(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int code = (int)syscall(SYS_clock_gettime, clock, now);
    if (code == 0 && shift_ns && is_time_of_day(clock)) {
        long long all = (long long)now->tv_sec * 1000000000 + now->tv_nsec + shift_ns;
        now->tv_sec = all / 1000000000;
        now->tv_nsec = all % 1000000000;
    }
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    int code = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return code;
}

int gethostname(char *name, size_t size)
{
    struct utsname machine;
    if (uname(&machine) != 0)
        return -1;
    snprintf(name, size, "%s%s", shift_ns ? "shifted-" : "", machine.nodename);
    return 0;
}

time_t time(time_t *now)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
