/* The time that threads of chosen processes are off a processor, with the stack they wait in.
 *
 * A thread that leaves a processor is only noted. The stack is taken when it is back on one, in
 * its own context: by then it is known whether the wait was long enough to be worth it, and the
 * stack still is that of the wait. Recent kernels have a tracepoint there (`on_resume`); before
 * that the same place is reached by a kprobe (`on_resume_by_kprobe`). For how long of a wait a thread
 * could have run is counted by the scheduler (sched_info); where it does not, `on_wakeup` looks.
 *
 * A wait of `period_ns` or longer is a sample of its own. The time of shorter ones adds up by
 * thread, and from time to time the wait at which a random amount is reached is sampled and
 * stands for that amount. So sums are whole however short waits are, causes get their share of
 * the time, and what is sampled is bounded by the time that is waited and not by how often.
 *
 * `on_tick` samples the time on processors beside it, as in otx_cpu.bpf.c.
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
#include "tick.h"

char LICENSE[] SEC("license") = "GPL";

#define ON_PROCESSOR (~0ULL)
#define TASK_RUNNING 0
#define NR_FUTEX 202 /* asm/unistd_64.h */

/* What user space wants; mirrored by otx/profile/wait_sampler.py. */
struct wait_settings {
	__u64 began_ns; /* what was before does not count; 0: nothing is sampled */
	__u64 period_ns;
	__u64 shortest_ns; /* a shorter wait is left out, and counted */
	__u64 ended_ns;    /* what is after does not count; 0: it goes on */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wait_settings);
} wait_settings SEC(".maps");

struct thread_wait {
	__u64 left_ns;	/* when it left its processor; ON_PROCESSOR; 0: before it was looked at */
	__u64 woken_ns; /* since when it could run; 0: it cannot, or the scheduler counts */
	__u64 delay_ns; /* for how long in all it could have run and did not, when it left */
	struct amounts amounts; /* of short waits, in nanoseconds */
	__u32 was_runnable;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_wait);
} thread_waits SEC(".maps");

/* For how long in all a thread could have run and did not, until it was last on a processor. */
static __u64 delay_of(struct task_struct *task)
{
	return bpf_core_field_exists(task->sched_info.run_delay) ? task->sched_info.run_delay : 0;
}

/* The note of a thread that has one. Looked for first, because that is quicker than to look for a
 * process in a hash, and most threads of a machine have none. */
static struct thread_wait *known_wait(struct task_struct *task)
{
	return bpf_task_storage_get(&thread_waits, task, 0, 0);
}

static struct thread_wait *new_wait(struct task_struct *task)
{
	__u32 pid = task->tgid;
	__u32 *target = pid ? find_target(task, pid) : NULL;
	struct thread_wait *wait;

	if (!target || *target & AWAIT_EXEC)
		return NULL;
	wait = bpf_task_storage_get(&thread_waits, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (wait)
		wait->delay_ns = delay_of(task);
	return wait;
}

static struct thread_wait *wait_of(struct task_struct *task)
{
	struct thread_wait *wait = known_wait(task);

	return wait ? wait : new_wait(task);
}

/* -- leaving a processor, being woken --------------------------------------------------------- */

SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	struct thread_wait *wait = wait_of(task);

	if (!wait)
		return 0;
	wait->left_ns = bpf_ktime_get_ns();
	/* A thread may be preempted when it has prepared to sleep: it then still is to run. */
	wait->was_runnable = (ctx[0] & 1) || task->__state == TASK_RUNNING;
	wait->woken_ns = wait->was_runnable ? wait->left_ns : 0;
	wait->delay_ns = delay_of(task);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int on_wakeup(__u64 *ctx)
{
	struct thread_wait *wait = known_wait((void *)ctx[0]);

	if (wait && wait->left_ns != ON_PROCESSOR && !wait->woken_ns)
		wait->woken_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int on_first_wakeup(__u64 *ctx)
{
	struct thread_wait *wait = wait_of((void *)ctx[0]);

	if (!wait)
		return 0;
	wait->left_ns = wait->woken_ns = bpf_ktime_get_ns();
	wait->was_runnable = 1;
	return 0;
}

/* -- back on a processor ---------------------------------------------------------------------- */

static long take_wait(void *ctx, struct scratch *scratch, __u32 flags, __u32 target)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	long failed;

	if (BPF_CORE_READ(regs, orig_ax) == NR_FUTEX)
		flags |= IN_FUTEX;
	scratch->sample.argument = BPF_CORE_READ(regs, di);
	scratch->is_busy = 1;
	barrier();
	failed = take_sample(ctx, &scratch->sample, WAIT, flags, target);
	barrier();
	scratch->is_busy = 0;
	return failed;
}

/* For how long of a wait until `until_ns` a thread could have run that is back now. That is the end of
 * the wait; it may have begun before the profile, or after its end. */
static __u64 ready_ns_of(struct thread_wait *wait, __u64 lasted_ns, __u64 until_ns, __u64 now_ns)
{
	__u64 from_ns = until_ns - lasted_ns, since_ns = wait->woken_ns;

	if (!since_ns)
		since_ns = now_ns - (delay_of(bpf_get_current_task_btf()) - wait->delay_ns);
	if (since_ns < from_ns)
		return lasted_ns;
	return since_ns < until_ns ? until_ns - since_ns : 0;
}

static void sample_wait(void *ctx, struct thread_wait *wait, __u64 amount, __u64 lasted_ns,
			__u64 ready_ns)
{
	__u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!target || !scratch)
		return;
	if (is_within_bounds(scratch, MOST_WAITS_A_WINDOW)) {
		scratch->sample.value = amount;
		scratch->sample.lasted_ns = lasted_ns;
		scratch->sample.ready_ns = ready_ns;
		if (!take_wait(ctx, scratch, wait->was_runnable ? WAS_RUNNABLE : 0, *target))
			return;
	}
	wait->amounts.small += amount; /* for another sample to stand for */
}

/* A wait that the profile's end is in is the last of its thread, and stands for what is left. */
static __u64 last_amount(struct amounts *amounts, __u64 lasted_ns)
{
	__u64 amount = lasted_ns + amounts->small;

	amounts->small = 0;
	return amount;
}

static void end_wait(void *ctx, struct thread_wait *wait, __u64 left_ns,
		     const struct wait_settings *settings)
{
	__u64 now_ns = bpf_ktime_get_ns(), ended_ns = settings->ended_ns;
	__u64 from_ns = left_ns > settings->began_ns ? left_ns : settings->began_ns;
	__u64 until_ns = ended_ns ? ended_ns : now_ns, lasted_ns, amount;

	if (until_ns <= from_ns)
		return;
	lasted_ns = until_ns - from_ns;
	if (lasted_ns < settings->shortest_ns) {
		count(COUNTER_SHORT);
		count_more(COUNTER_SHORT_NS, lasted_ns);
		return;
	}
	amount = ended_ns ? last_amount(&wait->amounts, lasted_ns)
			  : amount_of(&wait->amounts, lasted_ns, settings->period_ns);
	if (amount)
		sample_wait(ctx, wait, amount, lasted_ns,
			    ready_ns_of(wait, lasted_ns, until_ns, now_ns));
}

/* That a thread is back is told in its own context and not by sched_switch, which runs in that of the
 * thread before it: there are kernels that run no program when some threads of the machine leave. */
static int resume(void *ctx)
{
	struct thread_wait *wait = wait_of(bpf_get_current_task_btf());
	struct wait_settings *settings;
	__u64 left_ns;
	__u32 zero = 0;

	if (!wait)
		return 0;
	left_ns = wait->left_ns;
	wait->left_ns = ON_PROCESSOR;
	settings = bpf_map_lookup_elem(&wait_settings, &zero);
	if (left_ns != ON_PROCESSOR && settings && settings->began_ns)
		end_wait(ctx, wait, left_ns, settings);
	return 0;
}

SEC("tp_btf/sched_exit_tp")
int on_resume(__u64 *ctx)
{
	return ctx[0] & 1 ? resume(ctx) : 0;
}

SEC("kprobe")
int on_resume_by_kprobe(void *ctx)
{
	return resume(ctx);
}

/* -- not back when the profile ends ----------------------------------------------------------- */

static void describe(struct sample *sample, struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct task_struct *leader = task->group_leader;

	sample->kind = WAIT;
	sample->pid = task->tgid;
	sample->tid = task->pid;
	sample->flags = GOES_ON;
	if (BPF_CORE_READ(regs, orig_ax) == NR_FUTEX)
		sample->flags |= IN_FUTEX;
	sample->user_frames = 0;
	sample->python_frames = 0;
	bpf_core_read(sample->thread_comm, COMM_SIZE, &task->comm);
	bpf_core_read(sample->process_comm, COMM_SIZE, &leader->comm);
	sample->argument = BPF_CORE_READ(regs, di);
	sample->user_stack[0] = BPF_CORE_READ(regs, ip);
	sample->user_stack[1] = BPF_CORE_READ(regs, sp);
	sample->user_stack[2] = BPF_CORE_READ(regs, bp);
	sample->user_stack[3] = task->thread.fsbase;
}

/* How long a thread has been off its processors by `ended_ns`; 0: it is on one. A thread whose
 * note is new has not moved since the profile began. For how long it could have run the scheduler
 * only says when it is back. */
static __u64 waited_until_end(struct sample *sample, struct thread_wait *wait,
			      const struct wait_settings *settings)
{
	__u64 from_ns = settings->began_ns;

	sample->ready_ns = 0;
	if (wait->left_ns == ON_PROCESSOR)
		return 0;
	if (wait->left_ns > from_ns)
		from_ns = wait->left_ns;
	if (from_ns >= settings->ended_ns)
		return 0;
	if (wait->was_runnable)
		sample->flags |= WAS_RUNNABLE;
	if (wait->woken_ns && wait->woken_ns < settings->ended_ns)
		sample->ready_ns = settings->ended_ns - wait->woken_ns;
	return settings->ended_ns - from_ns;
}

/* Looks at every thread there is, once, after `ended_ns` was set: those that come back before that tell
 * of their last wait themselves. */
SEC("iter/task")
int on_end(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct wait_settings *settings = bpf_map_lookup_elem(&wait_settings, &zero);
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct sample *sample;
	struct thread_wait *wait;

	if (!task || !settings || !scratch || task->on_cpu)
		return 0;
	wait = wait_of(task);
	if (!wait)
		return 0;
	sample = &scratch->sample;
	describe(sample, task);
	sample->monotonic_ns = settings->ended_ns;
	sample->lasted_ns = waited_until_end(sample, wait, settings);
	if (!sample->lasted_ns || sample->lasted_ns < settings->shortest_ns)
		return 0;
	wait->left_ns = ON_PROCESSOR; /* when it comes back this wait has been told of */
	tell_of(sample->pid);
	sample->value = last_amount(&wait->amounts, sample->lasted_ns);
	sample->kernel_frames =
		frames_of(bpf_get_task_stack(task, sample->words, MAX_NATIVE_FRAMES * 8, 0));
	if (bpf_ringbuf_output(&records, sample,
			       __builtin_offsetof(struct sample, words) +
				       sample->kernel_frames * 8, 0))
		count(COUNTER_LOST);
	return 0;
}
