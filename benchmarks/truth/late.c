/* Loads another library every second, each with a function of its own name. */
#include "truth.h"
#include <dlfcn.h>

#define ROUND 200000ul

NOINLINE void at_home(void) { spin(4 * ROUND); truth_sink++; }

int main(int count, char **words)
{
	void (*late[32])(unsigned long) = {0};
	int loaded = 0;
	uint64_t began_ns = clock_ns(CLOCK_MONOTONIC);

	truth_open(words[1]);
	truth_ready();
	for (;;) {
		PART(0, at_home());
		if (loaded + 2 < count && clock_ns(CLOCK_MONOTONIC) - began_ns > 1000000000ull) {
			char name[16];
			void *library = dlopen(words[loaded + 2], RTLD_NOW);

			snprintf(name, sizeof(name), "late_%d", loaded);
			if (!library || !(late[loaded] = (void (*)(unsigned long))dlsym(library, name)))
				return 2;
			loaded++;
			began_ns = clock_ns(CLOCK_MONOTONIC);
		}
		for (int i = 0; i < loaded; i++)
			PART(1 + i, late[i](ROUND));
	}
}
