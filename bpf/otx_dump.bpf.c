/* Where every thread of one process is now: an iterator over tasks (Documentation/bpf/
 * bpf_iterators.rst), so that nobody is interrupted and one read of a file is one look at all.
 *
 * A thread that is not on a processor has its user registers saved at the top of its kernel
 * stack, and they are as it will find them; those of a running one are of the last time that it
 * entered the kernel. Two looks tell whether a thread ran in between: each time that it leaves a
 * processor one of its two counters of switches grows.
 *
 * The layout is mirrored by otx/profile/dump/task_iterator.py.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define KERNEL_FRAMES 64

/* What is read here beyond kernel.h; CO-RE does not look at what follows three underscores. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs___saved {
	unsigned long r10;
	unsigned long bp;
	unsigned long r9;
	unsigned long r8;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
};

struct task_struct___switched {
	int pid;
	int tgid;
	int on_cpu;
	unsigned long nvcsw;
	unsigned long nivcsw;
	struct thread_struct thread;
};

#pragma clang attribute pop

struct look {
	__u32 tid;
	__u32 on_cpu;
	__u32 kernel_frames;
	__u32 reserved;
	__u64 ip;
	__u64 sp;
	__u64 bp;
	__u64 system_call; /* its number, or -1 where the thread is in none */
	__u64 arguments[6];
	__u64 thread_pointer;
	__u64 switches;
	__u64 kernel[KERNEL_FRAMES]; /* leaf first */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wanted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct look);
} looks SEC(".maps");

SEC("iter/task")
int look_at_task(struct bpf_iter__task *ctx)
{
	struct task_struct *found = ctx->task;
	struct task_struct___switched *task = (void *)found;
	__u32 zero = 0, *pid = bpf_map_lookup_elem(&wanted, &zero);
	struct look *look = bpf_map_lookup_elem(&looks, &zero);
	struct pt_regs___saved *regs;
	long size = 0;

	if (!found || !pid || !look || (__u32)task->tgid != *pid)
		return 0;
	regs = (void *)bpf_task_pt_regs(found);
	look->tid = task->pid;
	look->on_cpu = task->on_cpu;
	look->ip = BPF_CORE_READ(regs, ip);
	look->sp = BPF_CORE_READ(regs, sp);
	look->bp = BPF_CORE_READ(regs, bp);
	look->system_call = BPF_CORE_READ(regs, orig_ax);
	look->arguments[0] = BPF_CORE_READ(regs, di);
	look->arguments[1] = BPF_CORE_READ(regs, si);
	look->arguments[2] = BPF_CORE_READ(regs, dx);
	look->arguments[3] = BPF_CORE_READ(regs, r10);
	look->arguments[4] = BPF_CORE_READ(regs, r8);
	look->arguments[5] = BPF_CORE_READ(regs, r9);
	look->thread_pointer = task->thread.fsbase;
	look->switches = task->nvcsw + task->nivcsw;
	if (!look->on_cpu) /* the stack of a running thread is of no moment */
		size = bpf_get_task_stack(found, look->kernel, sizeof(look->kernel), 0);
	look->kernel_frames = size > 0 ? size / 8 : 0;
	bpf_seq_write(ctx->meta->seq, look, sizeof(*look));
	return 0;
}
