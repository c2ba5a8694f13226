/* The time that threads of chosen processes are off a processor, with the stack they wait in.
 *
 * At each switch the thread that leaves is noted, and of the one that comes it is told how long it
 * waited, by one look at the clock for both. The stack is taken when the thread goes on, in its own
 * context, where that wait is to be sampled: it still is that of the wait. Recent kernels have a
 * tracepoint there (`on_resume`); before that the same place is reached by a kprobe
 * (`on_resume_by_kprobe`). For how long of a wait a thread could have run is counted by the scheduler
 * (sched_info); where it does not, `on_wakeup` looks.
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
	__u32 by_scheduler; /* the scheduler counts for how long a thread could have run */
	__u32 looks; /* a thread without a note may be one of a chosen process */
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
	__u64 delay_ns; /* for how long it ever could have run, when it left */
	struct amounts amounts; /* of short waits, in nanoseconds */
	__u32 was_runnable;
	__u32 is_new; /* it did not run yet: nothing tells when it goes on for the first time */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_wait);
} thread_waits SEC(".maps");

/* A wait that has ended and is to be sampled when its thread goes on, which is what comes next on this
 * processor. */
struct ended_wait {
	__u64 amount; /* 0: there is none */
	__u64 lasted_ns;
	__u64 ready_ns;
	__u64 delay_ns;
	__u32 tid;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ended_wait);
} ended_waits SEC(".maps");

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
	if (wait && bpf_core_field_exists(task->sched_info.run_delay))
		wait->delay_ns = task->sched_info.run_delay;
	return wait;
}

static struct thread_wait *wait_of(struct task_struct *task)
{
	struct thread_wait *wait = known_wait(task);

	return wait ? wait : new_wait(task);
}

/* Gives every thread of a chosen process its note, so that switches need not look for others. */
SEC("iter/task")
int on_begin(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		wait_of(task);
	return 0;
}

/* -- off a processor and back, being woken ----------------------------------------------------- */

static void note_leave(struct thread_wait *wait, struct task_struct *task, int preempted,
		       __u64 now_ns)
{
	wait->left_ns = now_ns;
	/* A thread may be preempted when it has prepared to sleep: it then still is to run. */
	wait->was_runnable = preempted || task->__state == TASK_RUNNING;
	wait->woken_ns = wait->was_runnable ? now_ns : 0;
	if (bpf_core_field_exists(task->sched_info.run_delay))
		wait->delay_ns = task->sched_info.run_delay;
}

static void leave_to_sample(struct thread_wait *wait, __u32 tid, __u64 amount, __u64 lasted_ns,
			    __u64 now_ns)
{
	__u32 zero = 0;
	struct ended_wait *ended = bpf_map_lookup_elem(&ended_waits, &zero);

	if (!ended)
		return;
	ended->amount = amount;
	ended->lasted_ns = lasted_ns;
	ended->ready_ns = wait->woken_ns ? now_ns - wait->woken_ns : 0;
	ended->delay_ns = wait->delay_ns;
	ended->tid = tid;
	ended->flags = wait->was_runnable ? WAS_RUNNABLE : 0;
}

static void note_return(struct thread_wait *wait, const struct wait_settings *settings, __u32 tid,
			__u64 now_ns)
{
	__u64 left_ns = wait->left_ns, lasted_ns, amount;

	wait->left_ns = ON_PROCESSOR;
	if (left_ns == ON_PROCESSOR || !settings->began_ns || settings->ended_ns ||
	    now_ns <= settings->began_ns)
		return;
	lasted_ns = now_ns - (left_ns > settings->began_ns ? left_ns : settings->began_ns);
	if (lasted_ns < settings->shortest_ns) {
		count(COUNTER_SHORT);
		count_more(COUNTER_SHORT_NS, lasted_ns);
		return;
	}
	if (wait->is_new) {
		wait->is_new = 0;
		wait->amounts.small += lasted_ns; /* for another sample to stand for */
		return;
	}
	amount = amount_of(&wait->amounts, lasted_ns, settings->period_ns);
	if (amount)
		leave_to_sample(wait, tid, amount, lasted_ns, now_ns);
}

SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
	struct task_struct *leaves = (void *)ctx[1], *comes = (void *)ctx[2];
	__u32 zero = 0;
	struct wait_settings *settings = bpf_map_lookup_elem(&wait_settings, &zero);
	struct thread_wait *left, *back;
	__u64 now_ns = 0;

	if (!settings)
		return 0;
	left = settings->looks ? wait_of(leaves) : known_wait(leaves);
	back = settings->looks ? wait_of(comes) : known_wait(comes);
	if (left) {
		now_ns = bpf_ktime_get_ns();
		note_leave(left, leaves, ctx[0] & 1, now_ns);
	}
	if (back)
		note_return(back, settings, comes->pid, now_ns ? now_ns : bpf_ktime_get_ns());
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
	wait->is_new = 1;
	return 0;
}

/* -- going on ----------------------------------------------------------------------------------- */

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

static long sample_wait(void *ctx, const struct ended_wait *ended, __u32 target)
{
	__u32 zero = 0;
	struct wait_settings *settings = bpf_map_lookup_elem(&wait_settings, &zero);
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct task_struct *task = bpf_get_current_task_btf();

	if (!settings || !scratch || !is_within_bounds(scratch, MOST_WAITS_A_WINDOW))
		return -1;
	scratch->sample.value = ended->amount;
	scratch->sample.lasted_ns = ended->lasted_ns;
	scratch->sample.ready_ns = ended->ready_ns;
	if (settings->by_scheduler && bpf_core_field_exists(task->sched_info.run_delay))
		scratch->sample.ready_ns = task->sched_info.run_delay - ended->delay_ns;
	/* It may have been queued before the profile began; and the scheduler's clock is another. */
	if (scratch->sample.ready_ns > ended->lasted_ns)
		scratch->sample.ready_ns = ended->lasted_ns;
	return take_wait(ctx, scratch, ended->flags, target);
}

static int resume(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, pid = id >> 32, *target;
	struct ended_wait *ended = bpf_map_lookup_elem(&ended_waits, &zero);
	struct thread_wait *wait;

	if (!ended || !ended->amount)
		return 0;
	target = bpf_map_lookup_elem(&targets, &pid);
	if (target && ended->tid == (__u32)id && sample_wait(ctx, ended, *target)) {
		wait = known_wait(bpf_get_current_task_btf());
		if (wait)
			wait->amounts.small += ended->amount; /* for another sample to stand for */
	}
	ended->amount = 0;
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
 * note is new has not moved since the profile began. */
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

/* Looks at every thread there is, once, after `ended_ns` was set. */
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
	tell_of(sample->pid);
	/* The last there is of this thread stands for what is left, so that its sum is whole. */
	sample->value = sample->lasted_ns + wait->amounts.small;
	sample->kernel_frames =
		frames_of(bpf_get_task_stack(task, sample->words, MAX_NATIVE_FRAMES * 8, 0));
	if (bpf_ringbuf_output(&records, sample,
			       __builtin_offsetof(struct sample, words) +
				       sample->kernel_frames * 8, 0))
		count(COUNTER_LOST);
	return 0;
}
