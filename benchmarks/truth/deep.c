/* A recursion of 300 frames, with work at its end and on its way. */
#include "truth.h"

#define ROUND 200000ul

NOINLINE void at_the_end(void) { spin(7 * ROUND); truth_sink++; }
NOINLINE void on_the_way(void) { spin(3 * ROUND); truth_sink++; }

NOINLINE unsigned long deep(unsigned left)
{
	if (!left) {
		PART(0, at_the_end());
		return truth_sink;
	}
	if (left == 150)
		PART(1, on_the_way());
	return deep(left - 1) + left;
}

int main(int count, char **words)
{
	(void)count;
	truth_open(words[1]);
	truth_ready();
	for (;;)
		deep(299);
}
