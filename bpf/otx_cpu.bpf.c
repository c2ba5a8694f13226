/* CPU samples of chosen processes: kernel, user and CPython frames in one record.
 *
 * `on_tick` is attached to a timer event on every processor and looks at the thread it finds
 * there. User space names the processes in `targets`; the fork program adds their children before
 * these run. A record holds addresses only: names are read by user space, which is woken at once
 * when a record has Python code in a combination not seen lately, because the names are gone with
 * the process, and left asleep otherwise.
 *
 * What can be lost is counted: a full ring in `counters`, a cut stack in the record's flags.
 * The layouts are mirrored by otx/profile/records.py and otx/profile/cpython/layout.py.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define MAX_TARGETS 8192
#define MAX_THREADS_CACHED 16384
#define MAX_THREADS_SEARCHED 16384
#define MAX_STACKS_SEEN 4096
#define MAX_NATIVE_FRAMES 127 /* the default of kernel.perf_event_max_stack */
#define MAX_PYTHON_FRAMES 512
#define PYTHON_FRAME_WORDS 3
#define WORDS 2048 /* a power of two, more than 127 + 127 + 512 * 3 */
#define COMM_SIZE 16
#define STACK_WORDS 16
#define ENTRY_BIT (1ULL << 63) /* no user address on x86-64 has it */

enum record_kind { SAMPLE = 1, EXEC = 2, FORK = 3, EXIT = 4 };

enum record_flags {
	KERNEL_CUT = 1 << 0,
	USER_CUT = 1 << 1,
	PYTHON_CUT = 1 << 2,    /* too deep, or caught while a frame was made or unmade */
	PYTHON_ABSENT = 1 << 3, /* no thread state names this thread */
	PYTHON_FAULT = 1 << 4,  /* the thread states could not be read, or are too many */
	PYTHON_ROOT = 1 << 5,   /* the thread's first Python frame was reached */
};

enum target_flags {
	FOLLOW_CHILDREN = 1 << 0,
	AWAIT_EXEC = 1 << 1, /* not to be sampled before it has become another program */
};

enum counter { COUNTER_LOST, COUNTER_TARGETS_FULL, COUNTER_COUNT };

struct sample {
	__u32 kind;
	__u32 pid;
	__u32 tid;
	__u16 kernel_frames;
	__u16 user_frames;
	__u16 python_frames;
	__u16 flags;
	__u32 cpu;
	__u64 monotonic_ns;
	char thread_comm[COMM_SIZE];
	char process_comm[COMM_SIZE];
	/* the top of the user stack, zeros where it could not be read: the helper walks frame
	 * pointers, and misses the caller of a function that has set up no frame */
	__u64 user_stack[STACK_WORDS];
	/* kernel addresses, user addresses (both leaf first), then for each Python frame (leaf
	 * first): code object, instruction | ENTRY_BIT, signature of the code object */
	__u64 words[WORDS];
};

struct event {
	__u32 kind;
	__u32 pid;
	__u32 parent;
	__u32 reserved;
	__u64 monotonic_ns;
};

/* Where one process's CPython keeps what is walked here; offsets in bytes. */
struct interpreter {
	__u64 head;  /* address of _PyRuntime.interpreters.head */
	__u32 interpreter_next;
	__u32 interpreter_threads;
	__u32 thread_next;
	__u32 thread_id;
	__u32 thread_frame;
	__u32 cframe_current; /* from what thread_frame points at to the frame; NO_CFRAME: is it */
	__u32 frame_code;
	__u32 frame_previous;
	__u32 frame_instruction;
	__u32 frame_owner;
	__u32 owner_of_entry; /* the byte at frame_owner of a frame entered from C */
	__u32 entry_is_shim;  /* that frame is no function but stands between two runs */
};

#define NO_CFRAME 0xffffffff
#define FRAME_WORDS 10
#define CODE_SIGNED_FROM 64 /* the unchanging part of PyCodeObject, 3.11 to 3.13 */
#define CODE_SIGNED_WORDS 10

struct scratch {
	__u64 frame[16];
	__u64 code[16];
	struct sample sample;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct interpreter);
} interpreters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_THREADS_CACHED);
	__type(key, __u32);
	__type(value, __u64);
} thread_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_STACKS_SEEN);
	__type(key, __u64);
	__type(value, __u8);
} stacks_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} records SEC(".maps");

static void count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, 1); /* a tick may interrupt the others here */
}

static __u64 mixed(__u64 hash, __u64 word)
{
	return (hash ^ word) * 0x9e3779b97f4a7c15ULL;
}

static long read_word(__u64 *word, __u64 address)
{
	return bpf_probe_read_user(word, sizeof(*word), (void *)address);
}

/* -- from a thread to its PyThreadState -------------------------------------------------- */

struct search {
	struct interpreter in;
	__u64 thread_pointer;
	__u64 interpreter;
	__u64 state;
	__u64 found;
	__u64 frame;
	__u32 flags;
	__u32 ended;
};

/* The frame a thread state is executing; 0 where it executes none. */
static long read_current_frame(const struct interpreter *in, __u64 state, __u64 *frame)
{
	__u64 at = 0;

	if (read_word(&at, state + in->thread_frame))
		return -1;
	if (in->cframe_current != NO_CFRAME && at && read_word(&at, at + in->cframe_current))
		return -1;
	*frame = at;
	return 0;
}

static long stop_search(struct search *s, __u32 flags)
{
	s->flags |= flags;
	s->ended = 1;
	return 1;
}

/* One step along the threads of every interpreter. A thread may have a state in several of them;
 * the one that executes a frame is it. */
static long search_step(__u32 index, struct search *s)
{
	__u64 id = 0;

	if (!s->state) {
		if (!s->interpreter)
			return stop_search(s, s->found ? 0 : PYTHON_ABSENT);
		if (read_word(&s->state, s->interpreter + s->in.interpreter_threads) ||
		    read_word(&s->interpreter, s->interpreter + s->in.interpreter_next))
			return stop_search(s, PYTHON_FAULT);
		return 0;
	}
	if (read_word(&id, s->state + s->in.thread_id))
		return stop_search(s, PYTHON_FAULT);
	if (id == s->thread_pointer) {
		s->found = s->state;
		if (read_current_frame(&s->in, s->state, &s->frame))
			return stop_search(s, PYTHON_FAULT);
		if (s->frame)
			return stop_search(s, 0);
	}
	if (read_word(&s->state, s->state + s->in.thread_next))
		return stop_search(s, PYTHON_FAULT);
	return 0;
}

/* Whether the remembered state of this thread still is its own and executes a frame. */
static int recall(struct search *s, __u32 tid)
{
	__u64 *state = bpf_map_lookup_elem(&thread_states, &tid);
	__u64 id = 0;

	if (!state || read_word(&id, *state + s->in.thread_id) || id != s->thread_pointer)
		return 0;
	return !read_current_frame(&s->in, *state, &s->frame) && s->frame;
}

static void find_frame(struct search *s, __u32 tid)
{
	if (recall(s, tid))
		return;
	s->frame = 0;
	if (read_word(&s->interpreter, s->in.head)) {
		s->flags = PYTHON_FAULT;
		return;
	}
	bpf_loop(MAX_THREADS_SEARCHED, search_step, s, 0);
	if (!s->ended)
		s->flags = PYTHON_FAULT;
	if (s->found)
		bpf_map_update_elem(&thread_states, &tid, &s->found, BPF_ANY);
}

/* -- from a frame to its callers ----------------------------------------------------------- */

struct walk {
	struct interpreter in;
	__u64 frame;
	__u64 seen; /* hash of the code objects met */
	__u32 at;   /* the next free word */
	__u32 frames;
	__u32 flags;
	__u32 ended;
};

static __u64 signature_of(const __u64 *code)
{
	__u64 hash = 0;

	for (int i = 0; i < CODE_SIGNED_WORDS; i++)
		hash = mixed(hash, code[i]);
	return hash;
}

static long stop_walk(struct walk *w, __u32 flags)
{
	w->flags |= flags;
	w->ended = 1;
	return 1;
}

static long walk_step(__u32 index, struct walk *w)
{
	__u32 zero = 0, is_entry, at = w->at;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	__u64 code, instruction;

	if (!w->frame)
		return stop_walk(w, PYTHON_ROOT);
	if (!scratch || at > WORDS - 1 - PYTHON_FRAME_WORDS)
		return stop_walk(w, PYTHON_CUT);
	if (bpf_probe_read_user(scratch->frame, FRAME_WORDS * 8, (void *)w->frame))
		return stop_walk(w, PYTHON_CUT);
	code = scratch->frame[(w->in.frame_code >> 3) & 15];
	instruction = scratch->frame[(w->in.frame_instruction >> 3) & 15];
	is_entry = ((__u8 *)scratch->frame)[w->in.frame_owner & 127] == w->in.owner_of_entry;
	w->frame = scratch->frame[(w->in.frame_previous >> 3) & 15];

	if (is_entry && w->in.entry_is_shim) {
		if (w->frames)
			scratch->sample.words[(at - 2) & (WORDS - 1)] |= ENTRY_BIT;
		return 0;
	}
	if (w->frames == MAX_PYTHON_FRAMES)
		return stop_walk(w, PYTHON_CUT);
	if (bpf_probe_read_user(scratch->code, CODE_SIGNED_WORDS * 8,
				(void *)(code + CODE_SIGNED_FROM)))
		return stop_walk(w, PYTHON_CUT);
	if (is_entry)
		instruction |= ENTRY_BIT;
	scratch->sample.words[at & (WORDS - 1)] = code;
	scratch->sample.words[(at + 1) & (WORDS - 1)] = instruction;
	scratch->sample.words[(at + 2) & (WORDS - 1)] = signature_of(scratch->code);
	w->seen = mixed(w->seen, code);
	w->at = at + PYTHON_FRAME_WORDS;
	w->frames++;
	return 0;
}

/* Append the Python frames at word `at`; the wake-up flag for user space. */
static __u64 add_python_frames(struct sample *sample, struct task_struct *task, __u32 *at)
{
	struct interpreter *in = bpf_map_lookup_elem(&interpreters, &sample->pid);
	struct search search = {};
	struct walk walk = {};
	__u8 one = 1;

	if (!in)
		return BPF_RB_NO_WAKEUP;
	search.in = *in;
	search.thread_pointer = task->thread.fsbase;
	find_frame(&search, sample->tid);
	sample->flags |= search.flags;
	if (!search.frame)
		return BPF_RB_NO_WAKEUP;
	walk.in = *in;
	walk.frame = search.frame;
	walk.seen = sample->pid;
	walk.at = *at;
	/* Shims are steps too: at most one for each frame, and a last step sees the root. */
	bpf_loop(2 * MAX_PYTHON_FRAMES + 1, walk_step, &walk, 0);
	sample->flags |= walk.ended ? walk.flags : PYTHON_CUT;
	sample->python_frames = walk.frames;
	*at = walk.at;
	if (bpf_map_lookup_elem(&stacks_seen, &walk.seen))
		return BPF_RB_NO_WAKEUP;
	bpf_map_update_elem(&stacks_seen, &walk.seen, &one, BPF_ANY);
	return BPF_RB_FORCE_WAKEUP;
}

/* -- the sample ------------------------------------------------------------------------------ */

static __u32 frames_of(long bytes)
{
	return bytes > 0 ? ((__u32)bytes >> 3) & 127 : 0;
}

static __u32 add_native_frames(void *ctx, struct sample *sample)
{
	__u32 kernel = frames_of(bpf_get_stack(ctx, sample->words, MAX_NATIVE_FRAMES * 8, 0));
	__u32 user = frames_of(bpf_get_stack(ctx, &sample->words[kernel], MAX_NATIVE_FRAMES * 8,
					     BPF_F_USER_STACK));

	sample->kernel_frames = kernel;
	sample->user_frames = user;
	if (kernel == MAX_NATIVE_FRAMES)
		sample->flags |= KERNEL_CUT;
	if (user == MAX_NATIVE_FRAMES)
		sample->flags |= USER_CUT;
	return kernel + user;
}

static void read_user_stack(struct sample *sample, struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	void *sp = (void *)BPF_CORE_READ(regs, sp);

	if (bpf_probe_read_user(sample->user_stack, sizeof(sample->user_stack), sp))
		__builtin_memset(sample->user_stack, 0, sizeof(sample->user_stack));
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
	read_user_stack(sample, task);

	at = add_native_frames(ctx, sample);
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
	tell(EXIT, pid, 0);
	return 0;
}
