/* What a sample is, where one is put together, and what is counted.
 *
 * The layouts are mirrored by otx/profile/records.py.
 */
#pragma once

#define MAX_TARGETS 8192
#define MAX_NATIVE_FRAMES 127 /* the default of kernel.perf_event_max_stack; of user frames, where
				 tables are walked, MAX_UNWOUND */
#define WORDS 2048 /* a power of two; what is deep in every way at once does not fit whole */
#define COMM_SIZE 16
#define STACK_WORDS 16
#define FRAMES_WINDOW 128 /* words; a power of two */

enum record_kind {
	SAMPLE = 1,
	EXEC = 2,
	FORK = 3,
	EXIT = 4,
	WAIT = 5,       /* a thread is back on a processor: its value is nanoseconds */
	FAULT = 6,      /* a page fault: how many */
	ALLOCATION = 7, /* memory was asked for: bytes */
	CHOICE = 8,     /* a process was met that is sampled for what it is */
	NAME = 9,       /* what names a code object (names.h) */
};

enum record_flags {
	KERNEL_CUT = 1 << 0,
	USER_CUT = 1 << 1,
	PYTHON_CUT = 1 << 2,    /* too deep, or caught while a frame was made or unmade */
	PYTHON_ABSENT = 1 << 3, /* no thread state names this thread */
	PYTHON_FAULT = 1 << 4,  /* the thread states could not be read, or are too many */
	PYTHON_ROOT = 1 << 5,   /* the thread's first Python frame was reached */
	USER_TABLES = 1 << 6,   /* the user stack was walked by unwind tables; of these it ended: */
	USER_ROOT = 1 << 7,     /* where the thread begins */
	USER_UNMAPPED = 1 << 8, /* at an address that is in no known code */
	USER_NO_TABLE = 1 << 9, /* in code without a table, or with a rule that is not followed */
	USER_FAULT = 1 << 10,   /* at memory that could not be read */
	WAS_RUNNABLE = 1 << 11, /* a wait: the thread was taken off its processor, it did not leave */
	IN_FUTEX = 1 << 12,     /* a wait: in futex(2), at address `argument` */
	GOES_ON = 1 << 13,      /* a wait: it has not ended, its user stack is to be read by user
				   space; pc, sp, bp and thread pointer are in user_stack */
	USER_AREAS = 1 << 14, /* user_stack holds areas that user space had not told of */
	THREAD_CONTEXT = 1 << 15, /* behind the user frames stand the ids of the thread's span */
};

enum target_flags {
	FOLLOW_CHILDREN = 1 << 0,
	AWAIT_EXEC = 1 << 1, /* not to be sampled before it has become another program */
	BY_TABLES = 1 << 2,  /* user stacks are walked by unwind tables once they are there */
	TRUST_FRAME_POINTERS = 1 << 3, /* and by frame pointers in code without a table */
	CHOSEN = 1 << 4,    /* not named by id but chosen by what it is; so are its children */
	BY_NAME = 1 << 5,   /* as long as it does not become a program of another name */
	BY_CGROUP = 1 << 6, /* as long as it is in a chosen control group */
	UNTOLD = 1 << 7,    /* user space does not know of it: it has no sample yet */
};

enum counter {
	COUNTER_LOST,
	COUNTER_TARGETS_FULL,
	COUNTER_SHORT,    /* waits left out because they are shorter than was asked for */
	COUNTER_SHORT_NS, /* and how long they took together */
	COUNTER_CALLS,    /* calls of functions that allocate, sampled or not */
	COUNTER_SAMPLE_NS, /* what was spent on samples, but not on who is no target */
	COUNTER_COUNT,
};

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
	__u64 value;     /* what the sample stands for, in its event's unit; of a tick 0 */
	__u64 lasted_ns; /* of a wait: how long this one was */
	__u64 ready_ns;  /* of a wait: for how long of that it could have run */
	__u64 argument;
	char thread_comm[COMM_SIZE];
	char process_comm[COMM_SIZE];
	/* the top of the user stack, zeros where it could not be read: a walk by frame pointers
	 * misses the caller of a function that has set up no frame. With USER_TABLES two words, and
	 * these only where the first function is in no table; with USER_AREAS struct seen_areas */
	__u64 user_stack[STACK_WORDS];
	/* kernel addresses, user addresses (both leaf first), with THREAD_CONTEXT the trace id (two
	 * words) and the span id, then for each Python frame (leaf first): code object,
	 * instruction | ENTRY_BIT, signature of the code object */
	__u64 words[WORDS];
};

struct event {
	__u32 kind;
	__u32 pid;
	__u32 parent;
	__u32 reserved;
	__u64 monotonic_ns;
};

struct scratch {
	__u64 frames[FRAMES_WINDOW]; /* Python's, as they lie in memory */
	__u64 code[16];
	__u32 is_busy; /* a tick may come while another program is at work here */
	__u32 taken;   /* samples since window_ns */
	__u64 window_ns;
	__u64 carried; /* values that no sample stands for yet */
	struct sample sample;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

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

static void count_more(__u32 which, __u64 more)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, more); /* a tick may interrupt the others here */
}

static void count(__u32 which)
{
	count_more(which, 1);
}

#define MULTIPLIER 0x9e3779b97f4a7c15ULL

static __u64 mixed(__u64 hash, __u64 word)
{
	return (hash ^ word) * MULTIPLIER;
}

static long read_word(__u64 *word, __u64 address)
{
	return bpf_probe_read_user(word, sizeof(*word), (void *)address);
}
