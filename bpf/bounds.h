/* What an event may cost before user space has made it rarer. */
#pragma once

#define WINDOW_NS 50000000
#define MOST_A_WINDOW 1000

/* Whether one more sample is within what a processor may take, 20000 a second: until user space
 * has made an event rarer, its cost is bounded here. */
static int is_within_bounds(struct scratch *scratch)
{
	__u64 now_ns = bpf_ktime_get_ns();

	if (now_ns - scratch->window_ns > WINDOW_NS) {
		scratch->window_ns = now_ns;
		scratch->taken = 0;
	}
	return scratch->taken++ < MOST_A_WINDOW;
}
