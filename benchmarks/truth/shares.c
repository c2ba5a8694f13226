/* Three functions at 5:3:2; with an argument, on a hundred threads. */
#include "truth.h"
#include <pthread.h>

#define ROUND 200000ul

NOINLINE void five(void) { spin(5 * ROUND); truth_sink++; }
NOINLINE void three(void) { spin(3 * ROUND); truth_sink++; }
NOINLINE void two(void) { spin(2 * ROUND); truth_sink++; }

static void *work(void *nothing)
{
	for (;;) {
		PART(0, five());
		PART(1, three());
		PART(2, two());
	}
	return nothing;
}

int main(int count, char **words)
{
	truth_open(words[1]);
	for (int i = 1; count > 2 && i < atoi(words[2]); i++) {
		pthread_t thread;
		if (pthread_create(&thread, 0, work, 0))
			return 2;
	}
	truth_ready();
	work(0);
}
