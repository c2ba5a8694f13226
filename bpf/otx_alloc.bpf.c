/* Memory that chosen processes ask their allocator for, with the stack that asks.
 *
 * `on_allocate` is attached to the beginning of malloc and its like in each process; a cookie says
 * where the size is. Every call pays for the way into the kernel, a sample is taken of few.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

#include "python.h"
#include "unwind.h"

#include "amounts.h"
#include "bounds.h"
#include "take.h"

#include "processes.h"

char LICENSE[] SEC("license") = "GPL";

/* Which arguments say the size; mirrored by otx/profile/alloc_sampler.py. */
enum size_argument { FIRST, FIRST_TIMES_SECOND, SECOND, SECOND_TIMES_THIRD, THIRD };

#define FRAME_OF_REALLOC 256

struct thread_bytes {
	struct amounts amounts;
	__u64 realloc_sp; /* of a realloc(NULL, size) that was just called; 0: of none */
	__u64 realloc_size;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} alloc_period SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_bytes);
} thread_bytes SEC(".maps");

static __u64 size_asked_for(const struct pt_regs *regs, __u64 cookie)
{
	switch (cookie) {
	case FIRST:
		return regs->di;
	case FIRST_TIMES_SECOND:
		return regs->di * regs->si;
	case SECOND:
		return regs->si;
	case SECOND_TIMES_THIRD:
		return regs->si * regs->dx;
	default:
		return regs->dx;
	}
}

/* Whether this is the malloc that a realloc(NULL, size) calls, which was counted already. Some
 * allocators do that, others do not. */
static int is_within_realloc(struct thread_bytes *bytes, const struct pt_regs *regs, __u64 cookie,
			     __u64 size)
{
	__u64 sp = bytes->realloc_sp, realloc_size = bytes->realloc_size;

	bytes->realloc_sp = cookie == SECOND && !regs->di ? regs->sp : 0;
	bytes->realloc_size = size;
	return cookie == FIRST && size == realloc_size && sp >= regs->sp &&
	       sp - regs->sp < FRAME_OF_REALLOC;
}

SEC("uprobe")
int on_allocate(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *target = find_target(task, pid);
	__u64 *period = bpf_map_lookup_elem(&alloc_period, &zero), amount;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct thread_bytes *bytes;
	__u64 cookie, size;

	if (!target || *target & AWAIT_EXEC || !period || !*period || !scratch)
		return 0;
	count(COUNTER_CALLS);
	bytes = bpf_task_storage_get(&thread_bytes, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!bytes)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	size = size_asked_for(ctx, cookie);
	if (is_within_realloc(bytes, ctx, cookie, size))
		return 0;
	amount = amount_of(&bytes->amounts, size, *period);
	if (!amount)
		return 0;
	/* Another thread may come between where kernels preempt. */
	if (!scratch->is_busy && is_within_bounds(scratch, MOST_A_WINDOW)) {
		scratch->is_busy = 1;
		barrier();
		scratch->sample.value = amount;
		if (!take_sample(ctx, &scratch->sample, ALLOCATION, 0, *target))
			amount = 0;
		barrier();
		scratch->is_busy = 0;
	}
	bytes->amounts.small += amount; /* for another sample to stand for */
	return 0;
}
