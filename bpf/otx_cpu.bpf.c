/* CPU samples of chosen processes: kernel, user and CPython frames in one record.
 *
 * `on_tick` is attached to a timer event on every processor and looks at the thread it finds
 * there. User space names the processes in `targets`; the fork program adds their children before
 * these run. A record holds addresses only: names are read by user space, which is woken at once
 * when a record has Python code in a combination not seen lately, because the names are gone with
 * the process, and left asleep otherwise.
 *
 * What can be lost is counted: a full ring in `counters`, a cut stack in the record's flags.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

#include "context.h"
#include "python.h"
#include "unwind.h"

char LICENSE[] SEC("license") = "GPL";

/* -- the sample ------------------------------------------------------------------------------ */

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
	/* A last step sees the root. */
	bpf_loop(MAX_UNWOUND + 1, unwind_step, NULL, 0);
	sample->flags |= USER_TABLES | u->flags;
	sample->user_frames = u->frames;
	return u->frames;
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
	if (!u || !space || !(target & BY_TABLES))
		return kernel + add_by_frame_pointers(ctx, sample, kernel, sp);
	*u = (struct unwind){
		.pc = BPF_CORE_READ(regs, ip),
		.sp = sp,
		.bp = BPF_CORE_READ(regs, bp),
		.space = *space,
		.trusts_frame_pointers = !!(target & TRUST_FRAME_POINTERS),
		.at = kernel,
	};
	return kernel + add_by_tables(sample, u);
}

SEC("perf_event")
int on_tick(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, pid = id >> 32, at;
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);
	struct scratch *scratch;
	struct sample *sample;
	struct task_struct *task, *leader;
	__u64 wakeup;

	if (!target || *target & AWAIT_EXEC)
		return 0;
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		return 0;
	task = bpf_get_current_task_btf();
	sample = &scratch->sample;
	sample->kind = SAMPLE;
	sample->pid = pid;
	sample->tid = (__u32)id;
	sample->flags = 0;
	sample->python_frames = 0;
	sample->cpu = bpf_get_smp_processor_id();
	sample->monotonic_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(sample->thread_comm, COMM_SIZE);
	leader = task->group_leader;
	bpf_core_read(sample->process_comm, COMM_SIZE, &leader->comm);

	at = add_native_frames(ctx, sample, task, *target);
	at = add_thread_context(sample, task, at);
	wakeup = add_python_frames(sample, task, &at);
	at &= WORDS - 1;
	if (bpf_ringbuf_output(&records, sample,
			       __builtin_offsetof(struct sample, words) + at * 8, wakeup))
		count(COUNTER_LOST);
	return 0;
}

/* -- processes that come and go ---------------------------------------------------------------- */

static void tell(__u32 kind, __u32 pid, __u32 parent)
{
	struct event event = {
		.kind = kind,
		.pid = pid,
		.parent = parent,
		.monotonic_ns = bpf_ktime_get_ns(),
	};

	if (bpf_ringbuf_output(&records, &event, sizeof(event), BPF_RB_FORCE_WAKEUP))
		count(COUNTER_LOST);
}

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 pid = child->tgid, parent_pid = parent->tgid, flags;
	__u32 *target = bpf_map_lookup_elem(&targets, &parent_pid);
	struct interpreter *in;
	struct space *space;

	if (pid == parent_pid || !target || !(*target & FOLLOW_CHILDREN))
		return 0;
	flags = *target;
	if (bpf_map_update_elem(&targets, &pid, &flags, BPF_ANY)) {
		count(COUNTER_TARGETS_FULL);
		return 0;
	}
	in = bpf_map_lookup_elem(&interpreters, &parent_pid);
	if (in)
		bpf_map_update_elem(&interpreters, &pid, in, BPF_ANY);
	space = bpf_map_lookup_elem(&unwind_spaces, &parent_pid);
	if (space)
		bpf_map_update_elem(&unwind_spaces, &pid, space, BPF_ANY);
	inherit_context(parent_pid, pid);
	tell(FORK, pid, parent_pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = task->tgid, tid = task->pid;
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);

	if (!target)
		return 0;
	*target &= ~AWAIT_EXEC;
	bpf_map_delete_elem(&interpreters, &pid);
	bpf_map_delete_elem(&unwind_spaces, &pid);
	bpf_map_delete_elem(&context_places, &pid);
	bpf_map_delete_elem(&thread_states, &tid);
	tell(EXEC, pid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = task->tgid, tid = task->pid;

	if (!bpf_map_lookup_elem(&targets, &pid))
		return 0;
	bpf_map_delete_elem(&thread_states, &tid);
	if (task->signal->live.counter > 0)
		return 0;
	bpf_map_delete_elem(&targets, &pid);
	bpf_map_delete_elem(&interpreters, &pid);
	bpf_map_delete_elem(&unwind_spaces, &pid);
	bpf_map_delete_elem(&context_places, &pid);
	tell(EXIT, pid, 0);
	return 0;
}
