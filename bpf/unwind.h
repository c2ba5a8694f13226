/* User stacks by unwind tables: from a thread's registers to its first function.
 *
 * User space fills the maps: `unwind_words` with the tables of object files, `unwind_objects` with
 * where each lies, `unwind_mappings` with what processes have mapped, sorted by address, and
 * `unwind_spaces` with each process's stretch of them. It replaces a stretch by making another one
 * and changing the process's entry, and uses no stretch again for longer than rules are remembered
 * (rules_found.h). What a program reads meanwhile may be wrong but is never outside of a map.
 *
 * Of a process that just began user space tells a moment later; `unwind_files` has its files then.
 *
 * What is known of a walk is in a map, not on the stack, because the verifier does not follow the
 * values there: it would check the walk once for each of a million courses it could take. For the
 * same reason searches are steps of bpf_loop.
 *
 * The layouts are mirrored by otx/profile/unwind/{rules,table,published}.py, the steps by walk.py.
 */
#pragma once

#define BLOCK_WORDS 1024 /* an array's elements are rounded up to 8 bytes: words come in blocks */
#define BLOCKS 4096
#define MAX_OBJECTS 4096
#define MAX_MAPPINGS 32768
#define MAPPING_STEPS 13 /* of 4096 mappings a process */
#define ROW_STEPS 11     /* of 1024 rows a page */
#define MAX_UNWOUND 512
#define PAGE_SHIFT 10
#define SAVED_WORDS 8
#define MAX_SEEN_AREAS 5
#define NO_OBJECT 0 /* its page_count stays 0 */
#define NEEDED_SHIFT 30 /* a second or so of nanoseconds */
#define LOST_BP (~0ULL)

#define UCONTEXT_BP 120 /* asm/ucontext.h and asm/sigcontext.h of x86-64 */
#define UCONTEXT_SP 160
#define UCONTEXT_PC 168

#include "rules_found.h"
#include "vmas.h"

enum cfa_kind {
	CFA_GAP,
	CFA_SP,
	CFA_BP,
	CFA_AT_SP,
	CFA_AT_BP,
	CFA_PLT,
	CFA_SIGNAL,
	CFA_END,
	CFA_OTHER,
};

enum bp_kind { BP_SAME, BP_AT_CFA, BP_AT_BP, BP_LOST };

struct block {
	__u32 words[BLOCK_WORDS];
};

struct object {
	__u64 base; /* the file's address that page 0 begins at */
	__u32 pages_at;
	__u32 page_count;
	__u32 rules_at;
	__u32 rows_at;
	__u32 needed; /* when a walk last came by, whether it has a table or not */
	__u32 reserved;
};

struct mapping {
	__u64 start;
	__u64 end;
	__u64 bias;
	__u32 object;
	__u32 reserved;
};

struct space {
	__u32 first;
	__u32 count;
};

/* An object as it is told to BPF programs, by its file. Where such a file is mapped as code in any
 * process, walks use its table, before user space has looked at that process. */
struct known_file {
	__u32 object;
	__u32 reserved;
	__u64 shift; /* from a place in the file to its address there */
};

/* Code that user space had not told of, in what would be the top of the stack. */
struct seen_area {
	__u64 start;
	__u64 offset;
	__u32 pages;
	__u32 object;
};

struct seen_areas {
	__u64 count;
	struct seen_area areas[MAX_SEEN_AREAS];
};

_Static_assert(sizeof(struct seen_areas) == STACK_WORDS * 8, "it has the room of the stack's top");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BLOCKS);
	__type(key, __u32);
	__type(value, struct block);
} unwind_words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_OBJECTS);
	__type(key, __u32);
	__type(value, struct object);
} unwind_objects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_MAPPINGS);
	__type(key, __u32);
	__type(value, struct mapping);
} unwind_mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct space);
} unwind_spaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_OBJECTS);
	__type(key, struct file_key);
	__type(value, struct known_file);
} unwind_files SEC(".maps");

/* A binary search for the last entry that is not beyond what is wanted. */
struct bisection {
	__u64 wanted;
	__u32 low;
	__u32 high;
	__u32 rows_at;
};

struct unwind {
	__u64 pc;
	__u64 sp;
	__u64 bp;
	struct mapping in; /* the mapping that the last address was found in */
	struct space space;
	struct rule rule;
	struct bisection search;
	__u64 saved[SAVED_WORDS]; /* the words below the CFA */
	struct seen_areas seen;
	__u32 trusts_frame_pointers;
	__u32 is_return;
	__u32 at; /* the next free word of the sample */
	__u32 frames;
	__u32 flags;
	__u32 ended;
	__u32 is_told; /* `in` was told of by user space */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind);
} unwinds SEC(".maps");

static struct unwind *this_unwind(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&unwinds, &zero);
}

static __u32 table_word(__u32 index)
{
	__u32 number = index / BLOCK_WORDS;
	struct block *block = bpf_map_lookup_elem(&unwind_words, &number);

	return block ? block->words[index & (BLOCK_WORDS - 1)] : 0;
}

static long mapping_step(__u32 index, void *unused)
{
	struct unwind *u = this_unwind();
	struct mapping *mapping;
	__u32 middle;

	if (!u || u->search.low >= u->search.high)
		return 1;
	middle = (u->search.low + u->search.high) / 2;
	mapping = bpf_map_lookup_elem(&unwind_mappings, &middle);
	if (mapping && mapping->start <= u->search.wanted)
		u->search.low = middle + 1;
	else
		u->search.high = middle;
	return 0;
}

static long row_step(__u32 index, void *unused)
{
	struct unwind *u = this_unwind();
	__u32 middle;

	if (!u || u->search.low >= u->search.high)
		return 1;
	middle = (u->search.low + u->search.high) / 2;
	if ((table_word(u->search.rows_at + middle) & 0xffff) <= u->search.wanted)
		u->search.low = middle + 1;
	else
		u->search.high = middle;
	return 0;
}

static void keep_area(struct unwind *u, const struct area *area)
{
	__u64 at = u->seen.count;

	if (!u->in.object || at >= MAX_SEEN_AREAS)
		return;
	u->seen.areas[at].start = area->start;
	u->seen.areas[at].offset = area->offset;
	u->seen.areas[at].pages = (area->end - area->start) >> PAGE_SIZE_SHIFT;
	u->seen.areas[at].object = u->in.object;
	u->seen.count = at + 1;
}

/* The area that holds an address, where user space has told of none, copied to u->in. */
static int find_untold(struct unwind *u, __u64 address)
{
	struct area *area = find_area(bpf_get_current_task_btf(), address);
	struct known_file *file;

	if (!area)
		return 0;
	file = bpf_map_lookup_elem(&unwind_files, &area->file);
	u->is_told = 0;
	u->in.start = area->start;
	u->in.end = area->end;
	u->in.object = file ? file->object : NO_OBJECT;
	u->in.bias = file ? area->start - area->offset - file->shift : 0;
	keep_area(u, area);
	return 1;
}

/* The mapping that holds an address, as user space told of it, copied to u->in. */
static int find_told(struct unwind *u, __u64 address)
{
	struct mapping *mapping;
	__u32 found;

	u->search.wanted = address;
	u->search.low = u->space.first;
	u->search.high = u->space.first + u->space.count;
	bpf_loop(MAPPING_STEPS, mapping_step, NULL, 0);
	if (u->search.low == u->space.first)
		return 0;
	found = u->search.low - 1;
	mapping = bpf_map_lookup_elem(&unwind_mappings, &found);
	if (!mapping || address - mapping->start >= mapping->end - mapping->start)
		return 0;
	u->in = *mapping;
	u->is_told = 1;
	return 1;
}

/* The mapping that holds an address, copied to u->in. */
static int find_mapping(struct unwind *u, __u64 address)
{
	if (address - u->in.start < u->in.end - u->in.start)
		return 1;
	return find_told(u, address) || find_untold(u, address);
}

/* The rule at an address of a file, into u->rule; CFA_GAP where no table has it. */
static void find_rule(struct unwind *u, const struct object *object, __u64 address)
{
	__u64 page = (address - object->base) >> PAGE_SHIFT;
	__u32 at;

	u->rule = (struct rule){};
	if (page >= object->page_count)
		return;
	at = object->pages_at + (__u32)page;
	u->search.wanted = (address - object->base) & ((1 << PAGE_SHIFT) - 1);
	u->search.rows_at = object->rows_at;
	u->search.low = table_word(at);
	u->search.high = table_word(at + 1);
	bpf_loop(ROW_STEPS, row_step, NULL, 0);
	if (!u->search.low)
		return;
	at = object->rules_at + (table_word(object->rows_at + u->search.low - 1) >> 16) * 2;
	u->rule.cfa_offset = table_word(at);
	at = table_word(at + 1);
	u->rule.bp_offset = at & 0xffff;
	u->rule.cfa = at >> 16 & 0xff;
	u->rule.bp = at >> 24;
}

/* Others look here too: what need not be written is not. */
static void note_need(struct object *object, __u32 now)
{
	if (object->needed != now)
		object->needed = now;
}

static long stop_unwind(struct unwind *u, __u32 flags)
{
	u->flags |= flags;
	u->ended = 1;
	return 1;
}

/* Code without a table. A thread's first function has 0 in rbp; what is interrupted there may have any
 * number in it, and a caller. */
static long step_by_frame_pointer(struct unwind *u)
{
	__u64 pair[2];

	if (!u->bp)
		return stop_unwind(u, u->is_return ? USER_ROOT : USER_NO_TABLE);
	if (!u->trusts_frame_pointers)
		return stop_unwind(u, USER_NO_TABLE);
	if (u->bp < u->sp || bpf_probe_read_user(pair, sizeof(pair), (void *)u->bp))
		return stop_unwind(u, USER_FAULT);
	u->sp = u->bp + sizeof(pair);
	u->bp = pair[0];
	u->pc = pair[1];
	u->is_return = 1;
	return 0;
}

static long step_out_of_signal(struct unwind *u)
{
	__u64 sp = u->sp;

	if (read_word(&u->pc, sp + UCONTEXT_PC) || read_word(&u->sp, sp + UCONTEXT_SP) ||
	    read_word(&u->bp, sp + UCONTEXT_BP))
		return stop_unwind(u, USER_FAULT);
	u->is_return = 0;
	return 0;
}

static long find_cfa(const struct unwind *u, __u64 *cfa)
{
	const struct rule *rule = &u->rule;
	__u64 base = rule->cfa == CFA_BP || rule->cfa == CFA_AT_BP ? u->bp : u->sp;

	if (rule->cfa == CFA_PLT) {
		*cfa = base + ((__s32)(u->pc & 15) >= rule->cfa_offset ? 16 : 8);
		return 0;
	}
	if (rule->cfa == CFA_SP || rule->cfa == CFA_BP) {
		*cfa = base + rule->cfa_offset;
		return 0;
	}
	if (read_word(cfa, base + (__s16)rule->cfa_offset))
		return -1;
	*cfa += rule->cfa_offset >> 16;
	return 0;
}

/* The return address and, where it is saved near by, the caller's rbp in one read. */
static int read_together(struct unwind *u, __u64 cfa)
{
	__s32 at = u->rule.bp_offset;

	if (u->rule.bp != BP_AT_CFA || at < -8 * SAVED_WORDS || at & 7 ||
	    bpf_probe_read_user(u->saved, sizeof(u->saved), (void *)(cfa - sizeof(u->saved))))
		return 0;
	u->pc = u->saved[SAVED_WORDS - 1];
	u->bp = u->saved[at >> 3 & (SAVED_WORDS - 1)];
	return 1;
}

static long read_apart(struct unwind *u, __u64 cfa)
{
	__u64 bp = u->bp;

	if (read_word(&u->pc, cfa - 8))
		return -1;
	if (u->rule.bp == BP_LOST)
		u->bp = LOST_BP;
	else if (u->rule.bp != BP_SAME)
		return read_word(&u->bp, (u->rule.bp == BP_AT_CFA ? cfa : bp) + u->rule.bp_offset);
	return 0;
}

static long step_by_rule(struct unwind *u)
{
	__u64 cfa = 0;

	if (find_cfa(u, &cfa) || cfa <= u->sp)
		return stop_unwind(u, USER_FAULT);
	if (!read_together(u, cfa) && read_apart(u, cfa))
		return stop_unwind(u, USER_FAULT);
	u->sp = cfa;
	u->is_return = 1;
	return 0;
}

/* The rule at an address of the process, into u->rule; 0 where there can be none, and the walk has
 * ended. */
static int find_rule_at(struct unwind *u, __u64 look, __u32 now)
{
	__u64 key = mixed(mixed((__u64)now << 32 | u->space.first, u->space.count), look);
	struct object *object;

	if (recall_rule(key, &u->rule))
		return 1;
	if (!find_mapping(u, look))
		return !stop_unwind(u, USER_UNMAPPED);
	object = bpf_map_lookup_elem(&unwind_objects, &u->in.object);
	if (!object)
		return !stop_unwind(u, USER_NO_TABLE);
	note_need(object, now);
	find_rule(u, object, look - u->in.bias);
	/* A table may come at any time, and untold mappings go at any. */
	if (u->rule.cfa != CFA_GAP && u->is_told)
		remember_rule(key, &u->rule);
	return 1;
}

/* Keep the address, and go on to the caller. All but the first are return addresses; where a
 * signal interrupted a function it is the interrupted instruction and one, so that user space
 * looks all of them up alike. */
static long unwind_step(__u32 index, void *unused)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct unwind *u = this_unwind();
	__u64 look;

	if (!u || !scratch)
		return 1;
	if (!u->pc) /* without the rbp of a root, it is any zero on a stack that was misread */
		return stop_unwind(u, u->bp ? USER_UNMAPPED : USER_ROOT);
	if (u->frames == MAX_UNWOUND)
		return stop_unwind(u, USER_CUT);
	scratch->sample.words[u->at & (WORDS - 1)] = u->pc + (u->frames && !u->is_return);
	u->at++;
	u->frames++;
	look = u->pc - u->is_return;
	if (!find_rule_at(u, look, scratch->sample.monotonic_ns >> NEEDED_SHIFT))
		return 1;
	if (u->rule.cfa == CFA_GAP) {
		/* its caller may be here and not where rbp points: user space knows */
		if (u->frames == 1)
			bpf_probe_read_user(scratch->sample.user_stack, 2 * sizeof(__u64),
					    (void *)u->sp);
		return step_by_frame_pointer(u);
	}
	if (u->rule.cfa == CFA_END)
		return stop_unwind(u, USER_ROOT);
	if (u->rule.cfa == CFA_SIGNAL)
		return step_out_of_signal(u);
	if (u->rule.cfa >= CFA_OTHER)
		return stop_unwind(u, USER_NO_TABLE);
	return step_by_rule(u);
}
