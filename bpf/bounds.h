/* What an event may cost before user space has made it rarer. */
#pragma once

#define WINDOW_NS 50000000
#define MOST_A_WINDOW 1000
#define MOST_WAITS_A_WINDOW 250 /* a whole machine's threads wait at once, when they are first seen */

/* Whether one more sample is within what a processor may take, 20000 a second, 5000 of waits: until
 * user space has made an event rarer, its cost and its share of the ring are bounded here. */
static int is_within_bounds(struct scratch *scratch, __u32 most)
{
	__u64 now_ns = bpf_ktime_get_ns();

	if (now_ns - scratch->window_ns > WINDOW_NS) {
		scratch->window_ns = now_ns;
		scratch->taken = 0;
	}
	return scratch->taken++ < most;
}
