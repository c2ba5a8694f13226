/* A timer's tick on a processor: a look at the thread that is found there. */
#pragma once

SEC("perf_event")
int on_tick(void *ctx)
{
	__u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *target = find_target(bpf_get_current_task_btf(), pid);
	struct scratch *scratch;

	if (!target || *target & AWAIT_EXEC)
		return 0;
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch || scratch->is_busy)
		return 0;
	take_sample(ctx, &scratch->sample, SAMPLE, 0, *target);
	count_more(COUNTER_SAMPLE_NS, bpf_ktime_get_ns() - scratch->sample.monotonic_ns);
	return 0;
}
