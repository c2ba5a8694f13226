/* A look at the current thread: its kernel, user and CPython frames made one record.
 *
 * What the event measured is in the sample already.
 */
#pragma once

#include "context.h"
#include "names.h"
#include "targets.h"

#define USER32_CS 0x23 /* asm/segment.h of x86-64 */

static __u32 frames_of(long bytes)
{
	return bytes > 0 ? ((__u32)bytes >> 3) & 127 : 0;
}

static void read_user_stack(struct sample *sample, __u64 sp)
{
	if (bpf_probe_read_user(sample->user_stack, sizeof(sample->user_stack), (void *)sp))
		__builtin_memset(sample->user_stack, 0, sizeof(sample->user_stack));
}

static __u32 add_by_frame_pointers(void *ctx, struct sample *sample, __u32 at, __u64 sp)
{
	__u32 user = frames_of(bpf_get_stack(ctx, &sample->words[at], MAX_NATIVE_FRAMES * 8,
					     BPF_F_USER_STACK));

	sample->user_frames = user;
	if (user == MAX_NATIVE_FRAMES)
		sample->flags |= USER_CUT;
	read_user_stack(sample, sp);
	return user;
}

static __u32 add_by_tables(struct sample *sample, struct unwind *u)
{
	sample->user_stack[0] = 0;
	sample->user_stack[1] = 0;
	/* A last step sees the root. */
	bpf_loop(MAX_UNWOUND + 1, unwind_step, NULL, 0);
	sample->flags |= USER_TABLES | u->flags;
	sample->user_frames = u->frames;
	if (u->seen.count) {
		sample->flags |= USER_AREAS;
		__builtin_memcpy(sample->user_stack, &u->seen, sizeof(u->seen));
	}
	return u->frames;
}

/* Whether a walk by tables begins with one. User space tells of a process's mappings a moment after
 * it began: until then the helper is as good in code without a table, and knows of 32 bits. */
static int begins_with_table(struct unwind *u, const struct space *space, __u64 cs)
{
	struct object *object;

	if (space)
		return 1;
	if (cs == USER32_CS || !find_untold(u, u->pc))
		return 0;
	object = bpf_map_lookup_elem(&unwind_objects, &u->in.object);
	return object && object->page_count;
}

static __u32 add_native_frames(void *ctx, struct sample *sample, struct task_struct *task,
			       __u32 target)
{
	__u32 kernel = frames_of(bpf_get_stack(ctx, sample->words, MAX_NATIVE_FRAMES * 8, 0));
	struct space *space = bpf_map_lookup_elem(&unwind_spaces, &sample->pid);
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct unwind *u = this_unwind();
	__u64 sp = BPF_CORE_READ(regs, sp);

	sample->kernel_frames = kernel;
	if (kernel == MAX_NATIVE_FRAMES)
		sample->flags |= KERNEL_CUT;
	if (!u || !(target & BY_TABLES))
		return kernel + add_by_frame_pointers(ctx, sample, kernel, sp);
	*u = (struct unwind){
		.pc = BPF_CORE_READ(regs, ip),
		.sp = sp,
		.bp = BPF_CORE_READ(regs, bp),
		.space = space ? *space : (struct space){},
		.trusts_frame_pointers = !!(target & TRUST_FRAME_POINTERS),
		.at = kernel,
	};
	if (!begins_with_table(u, space, BPF_CORE_READ(regs, cs)))
		return kernel + add_by_frame_pointers(ctx, sample, kernel, sp);
	return kernel + add_by_tables(sample, u);
}

/* Put a sample of the current thread together and give it to user space; 0 where it was taken. */
static long take_sample(void *ctx, struct sample *sample, __u32 kind, __u32 flags,
			__u32 target)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct task_struct *task = bpf_get_current_task_btf(), *leader = task->group_leader;
	__u64 wakeup;
	__u32 python, at;

	if (target & UNTOLD)
		tell_of(id >> 32);
	sample->kind = kind;
	sample->pid = id >> 32;
	sample->tid = (__u32)id;
	sample->flags = flags;
	sample->python_frames = 0;
	sample->cpu = bpf_get_smp_processor_id();
	sample->monotonic_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(sample->thread_comm, COMM_SIZE);
	bpf_core_read(sample->process_comm, COMM_SIZE, &leader->comm);

	at = add_native_frames(ctx, sample, task, target);
	at = add_thread_context(sample, task, at);
	python = at;
	wakeup = add_python_frames(sample, task, &at);
	if (wakeup == BPF_RB_FORCE_WAKEUP)
		tell_names(sample, python);
	at &= WORDS - 1;
	if (!bpf_ringbuf_output(&records, sample,
				__builtin_offsetof(struct sample, words) + at * 8, wakeup))
		return 0;
	count(COUNTER_LOST);
	return -1;
}
