/* Python stacks: from a thread to its PyThreadState, and from that along its frames.
 *
 * The layouts are mirrored by otx/profile/cpython/layout.py.
 */
#pragma once

#define MAX_THREADS_CACHED 16384
#define MAX_THREADS_SEARCHED 16384
#define MAX_STACKS_SEEN 4096
#define MAX_PYTHON_FRAMES 512
#define PYTHON_FRAME_WORDS 3
#define ENTRY_BIT (1ULL << 63) /* no user address on x86-64 has it */

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
	__u32 owner_of_entry; /* the least byte at frame_owner of a frame entered from C */
	__u32 entries;
	__u32 frame_size; /* of what is read of a frame */
	__u32 code_signed_from; /* where the unchanging part of PyCodeObject begins */
	__u32 code_qualname;
	__u32 code_filename;
};

enum entry_kind {
	ENTRY_MARKED, /* the function that C entered says so */
	ENTRY_SHIM,   /* a frame that is no function stands between two runs */
	ENTRY_EVERY,  /* C enters every function */
};

#define NO_CFRAME 0xffffffff
#define PAGE_BYTES 4096
#define OBJECT_ALIGNMENT 8 /* the bits below tag a reference in a frame (3.14) */
#define CODE_SIGNED_WORDS 10

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
	__u64 window; /* where the memory begins that `scratch` holds */
	__u64 last_code;
	__u64 last_signature;
	__u64 seen; /* hash of the code objects met */
	__u32 at;   /* the next free word */
	__u32 frames;
	__u32 flags;
	__u32 ended;
};

/* The words are multiplied by powers of one number, and not one after another: that is twice as quick. */
static __u64 signature_of(const __u64 *code)
{
	__u64 hash = 0, power = 1;

	for (int i = 0; i < CODE_SIGNED_WORDS; i++) {
		power *= MULTIPLIER;
		hash += code[i] * power;
	}
	return hash;
}

/* Where the frame is in `scratch`, in words, read there if need be; FRAMES_WINDOW where it cannot be. A
 * caller's frame mostly lies a little below, so what is below in its page is read with it. */
static __u32 read_frame(struct walk *w, struct scratch *scratch)
{
	__u32 most = sizeof(scratch->frames) - ((w->in.frame_size + 7) & 120);
	__u64 at = w->frame - w->window;

	if (w->frame % sizeof(__u64))
		return FRAMES_WINDOW; /* it is no frame */
	if (at <= most)
		return at >> 3;
	at = w->frame & (PAGE_BYTES - 1);
	if (at > most)
		at = most;
	w->window = w->frame - at;
	if (bpf_probe_read_user(scratch->frames, sizeof(scratch->frames), (void *)w->window))
		return FRAMES_WINDOW;
	return at >> 3;
}

static long stop_walk(struct walk *w, __u32 flags)
{
	w->flags |= flags;
	w->ended = 1;
	return 1;
}

static __u64 frame_word(const struct scratch *scratch, __u32 at, __u32 offset)
{
	return scratch->frames[(at + (offset >> 3)) & (FRAMES_WINDOW - 1)];
}

static __u8 frame_byte(const struct scratch *scratch, __u32 at, __u32 offset)
{
	return ((const __u8 *)scratch->frames)[(at * 8 + offset) & (FRAMES_WINDOW * 8 - 1)];
}

static long walk_step(__u32 index, struct walk *w)
{
	__u32 zero = 0, is_entry, found, at = w->at;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	__u64 code, instruction;

	if (!w->frame)
		return stop_walk(w, PYTHON_ROOT);
	if (!scratch || at > WORDS - 1 - PYTHON_FRAME_WORDS)
		return stop_walk(w, PYTHON_CUT);
	found = read_frame(w, scratch);
	if (found == FRAMES_WINDOW)
		return stop_walk(w, PYTHON_CUT);
	code = frame_word(scratch, found, w->in.frame_code) & -OBJECT_ALIGNMENT;
	instruction = frame_word(scratch, found, w->in.frame_instruction);
	is_entry = w->in.entries == ENTRY_EVERY ||
		   frame_byte(scratch, found, w->in.frame_owner) >= w->in.owner_of_entry;
	w->frame = frame_word(scratch, found, w->in.frame_previous);

	if (is_entry && w->in.entries == ENTRY_SHIM) {
		if (w->frames)
			scratch->sample.words[(at - 2) & (WORDS - 1)] |= ENTRY_BIT;
		return 0;
	}
	if (w->frames == MAX_PYTHON_FRAMES)
		return stop_walk(w, PYTHON_CUT);
	if (code != w->last_code) {
		if (bpf_probe_read_user(scratch->code, CODE_SIGNED_WORDS * 8,
					(void *)(code + w->in.code_signed_from)))
			return stop_walk(w, PYTHON_CUT);
		w->last_code = code;
		w->last_signature = signature_of(scratch->code);
	}
	if (is_entry)
		instruction |= ENTRY_BIT;
	scratch->sample.words[at & (WORDS - 1)] = code;
	scratch->sample.words[(at + 1) & (WORDS - 1)] = instruction;
	scratch->sample.words[(at + 2) & (WORDS - 1)] = w->last_signature;
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
	walk.window = search.frame + 1; /* nothing is read yet */
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
