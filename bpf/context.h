/* The span that a thread says it works for: the thread context of OTEP 4947.
 *
 * A thread-local variable points to a record. Where that variable is in each thread of a process is
 * found by user space (otx/profile/context/place.py, which mirrors `struct context_place`). The
 * record is read while the thread is interrupted, as the OTEP asks, so it changes nowhere meanwhile.
 */
#pragma once

#define CONTEXT_WORDS 3
#define CONTEXT_VALID 1
#define DTV_AT 8	   /* from the thread pointer: tcbhead_t.dtv of glibc and of musl, x86-64 */
#define MUSL_DTV_ENTRY 8   /* an address; the first entry counts the others */
#define DTV_UNALLOCATED (~0ULL) /* glibc's, whose entry before the first one counts the others */

struct context_place {
	__u32 module; /* the object's number in each thread's DTV; 0: offset is from the thread pointer */
	__u32 dtv_entry; /* the size of a DTV's entries, which tells the C library */
	__s64 offset;
};

/* OTEP 4947, Thread-Local Context Record, without attributes */
struct context_record {
	__u64 ids[CONTEXT_WORDS]; /* trace id, span id: bytes in the order of W3C Trace Context */
	__u8 valid;
	__u8 trace_flags;
	__u16 attributes_size;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct context_place);
} context_places SEC(".maps");

/* Where the object's variables of this thread begin; 0 where the thread has none (yet). */
static __u64 tls_block(__u64 thread_pointer, const struct context_place *place)
{
	__u64 dtv = 0, entries = 0, block = 0, entry = place->dtv_entry;

	if (read_word(&dtv, thread_pointer + DTV_AT) || !dtv)
		return 0;
	/* What is loaded late has a number that older threads' DTVs have no room for. */
	if (read_word(&entries, entry == MUSL_DTV_ENTRY ? dtv : dtv - entry) ||
	    place->module > entries)
		return 0;
	if (read_word(&block, dtv + place->module * entry) || block == DTV_UNALLOCATED)
		return 0;
	return block;
}

/* Append the ids of the thread's span at word `at`, if it has one; the next free word. */
static __u32 add_thread_context(struct sample *sample, struct task_struct *task, __u32 at)
{
	struct context_place *place = bpf_map_lookup_elem(&context_places, &sample->pid);
	struct context_record record;
	__u64 base, address = 0;

	if (!place || at > WORDS - 1 - CONTEXT_WORDS)
		return at;
	base = task->thread.fsbase;
	if (place->module)
		base = tls_block(base, place);
	if (!base || read_word(&address, base + place->offset) || !address)
		return at;
	if (bpf_probe_read_user(&record, sizeof(record), (void *)address) ||
	    record.valid != CONTEXT_VALID || !(record.ids[0] | record.ids[1]) || !record.ids[2])
		return at;
	for (__u32 i = 0; i < CONTEXT_WORDS; i++)
		sample->words[(at + i) & (WORDS - 1)] = record.ids[i];
	sample->flags |= THREAD_CONTEXT;
	return at + CONTEXT_WORDS;
}

static void inherit_context(__u32 parent, __u32 child)
{
	struct context_place *place = bpf_map_lookup_elem(&context_places, &parent);

	if (place)
		bpf_map_update_elem(&context_places, &child, place, BPF_ANY);
}
