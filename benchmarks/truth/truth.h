/* What the programs of profile_truth.py share: they measure themselves, into a page of a file. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static uint64_t *truth_page;

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

/* The processor time that a call takes, added to a part's. */
#define PART(number, call)                                                                         \
	do {                                                                                       \
		uint64_t began_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);                               \
		call;                                                                              \
		__atomic_fetch_add(&truth_page[number],                                            \
				   clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_, __ATOMIC_RELAXED);  \
	} while (0)

/* The time that a call is off processors, added to a part's. */
#define WAIT_PART(number, call)                                                                    \
	do {                                                                                       \
		uint64_t used_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);                                \
		uint64_t began_ = clock_ns(CLOCK_MONOTONIC);                                       \
		call;                                                                              \
		uint64_t went_ = clock_ns(CLOCK_MONOTONIC) - began_;                               \
		used_ = clock_ns(CLOCK_THREAD_CPUTIME_ID) - used_;                                 \
		__atomic_fetch_add(&truth_page[number], went_ > used_ ? went_ - used_ : 0,         \
				   __ATOMIC_RELAXED);                                              \
	} while (0)

static inline void truth_open(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC);

	if (file < 0)
		exit(2);
	truth_page = (uint64_t *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (truth_page == MAP_FAILED)
		exit(2);
}

static inline void truth_ready(void)
{
	puts("ready");
	fflush(stdout);
}

static volatile uint64_t truth_sink;

static NOINLINE void spin(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++)
		truth_sink += i * i;
	__asm__ volatile("");
}
