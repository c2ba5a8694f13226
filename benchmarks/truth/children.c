/* Children that live for some 20 ms each: the odd ones are forks, the even ones run this again. */
#include "truth.h"
#include <string.h>
#include <sys/wait.h>

#define ROUND 2000000ul

NOINLINE void forked(void) { spin(3 * ROUND); truth_sink++; }
NOINLINE void executed(void) { spin(7 * ROUND); truth_sink++; }

static void fork_one(char **words, int runs_again)
{
	pid_t child = fork();

	if (child < 0)
		exit(2);
	if (child) {
		waitpid(child, 0, 0);
		return;
	}
	if (runs_again) {
		execl("/proc/self/exe", words[0], words[1], "child", (char *)0);
		_exit(2);
	}
	PART(0, forked());
	_exit(0);
}

int main(int count, char **words)
{
	truth_open(words[1]);
	if (count > 2) {
		PART(1, executed());
		return 0;
	}
	truth_ready();
	for (;;) {
		fork_one(words, 0);
		fork_one(words, 1);
	}
}
