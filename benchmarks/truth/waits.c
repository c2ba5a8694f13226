/* Threads that wait for time, for a lock, for a pipe, and, very often and briefly, for time. */
#include "truth.h"
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];

static void sleep_us(long us)
{
	struct timespec time = {0, us * 1000};

	nanosleep(&time, 0);
}

NOINLINE void naps(void) { sleep_us(7000); truth_sink++; }
/* Shorter ones are no measure: whose some microseconds of each switch are is a matter of taste. */
NOINLINE void blinks(void) { sleep_us(500); truth_sink++; }
NOINLINE void queues(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	truth_sink++;
}
NOINLINE void listens(void)
{
	char byte;

	if (read(ends[0], &byte, 1) != 1)
		exit(2);
	truth_sink++;
}

static void *napping(void *it) { for (;;) WAIT_PART(0, naps()); return it; }
static void *blinking(void *it) { for (;;) WAIT_PART(1, blinks()); return it; }
static void *queueing(void *it)
{
	for (;;) {
		WAIT_PART(2, queues());
		spin(200000);
	}
	return it;
}
static void *listening(void *it) { for (;;) WAIT_PART(3, listens()); return it; }
static void *holding(void *it)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		sleep_us(4000);
		pthread_mutex_unlock(&lock);
		sleep_us(300);
	}
	return it;
}
static void *writing(void *it)
{
	for (;;) {
		sleep_us(3000);
		if (write(ends[1], "x", 1) != 1)
			exit(2);
	}
	return it;
}

int main(int count, char **words)
{
	void *(*threads[])(void *) = {napping, blinking, queueing, listening, holding, writing};

	(void)count;
	truth_open(words[1]);
	if (pipe(ends))
		return 2;
	for (unsigned i = 0; i < sizeof(threads) / sizeof(*threads); i++) {
		pthread_t thread;
		if (pthread_create(&thread, 0, threads[i], 0))
			return 2;
	}
	truth_ready();
	for (;;)
		pause();
}
