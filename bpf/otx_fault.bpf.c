/* Page faults of chosen processes, with the stack that touched the memory.
 *
 * `on_fault` is attached to a software event on every processor that comes once in so many faults,
 * whoever has them; the sample stands for that many. User space changes the number while it runs.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

#include "python.h"
#include "unwind.h"

#include "bounds.h"
#include "take.h"

#include "processes.h"

char LICENSE[] SEC("license") = "GPL";

SEC("perf_event")
int on_fault(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *target = find_target(bpf_get_current_task_btf(), pid);
	struct scratch *scratch;

	if (!target || *target & AWAIT_EXEC)
		return 0;
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch || scratch->is_busy) /* another thread may come between where kernels preempt */
		return 0;
	scratch->carried += ctx->sample_period;
	if (!is_within_bounds(scratch, MOST_A_WINDOW))
		return 0;
	scratch->is_busy = 1;
	barrier();
	scratch->sample.value = scratch->carried;
	if (!take_sample(ctx, &scratch->sample, FAULT, 0, *target))
		scratch->carried = 0;
	barrier();
	scratch->is_busy = 0;
	return 0;
}
