/* Names of Python's code objects, told with the first sample that has them.
 *
 * A code object may be gone before user space can look at it: a module's own is as soon as the
 * module is imported, all of them are when the process ends. So the texts that name it are sent as
 * they lie in memory, header included; user space knows how to read them.
 */
#pragma once

#define MAX_NAMES_TOLD 16384
#define QUALNAME_BYTES 208
#define FILENAME_BYTES 512

/* Mirrored by otx/profile/records.py. */
struct name {
	__u32 kind;
	__u32 pid;
	__u64 code;
	__u64 signature;
	__u32 qualname_size;
	__u32 filename_size;
	char qualname[QUALNAME_BYTES];
	char filename[FILENAME_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_NAMES_TOLD);
	__type(key, __u64);
	__type(value, __u8);
} names_told SEC(".maps");

struct naming {
	__u32 pid;
	__u32 at; /* of the code object's address in the sample's words */
	__u32 qualname_at;
	__u32 filename_at;
};

/* What is there of so many bytes of an object; 0 where nothing is. */
static __always_inline __u32 read_start(char *to, __u32 most, __u64 address)
{
	__u32 left = PAGE_BYTES - (address & (PAGE_BYTES - 1));

	if (!bpf_probe_read_user(to, most, (void *)address))
		return most;
	if (left >= most || bpf_probe_read_user(to, left, (void *)address))
		return 0; /* it does not lie before a page that is not there */
	return left;
}

static int read_name(struct name *name, const struct naming *n, __u64 code)
{
	__u64 qualname, filename;

	if (read_word(&qualname, code + n->qualname_at) ||
	    read_word(&filename, code + n->filename_at))
		return -1;
	name->qualname_size = read_start(name->qualname, QUALNAME_BYTES, qualname);
	name->filename_size = read_start(name->filename, FILENAME_BYTES, filename);
	return name->qualname_size && name->filename_size ? 0 : -1;
}

static long name_step(__u32 index, struct naming *n)
{
	__u32 zero = 0, at = n->at & (WORDS - 1);
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	__u64 code, signature, key;
	struct name *name;
	__u8 one = 1;

	if (!scratch)
		return 1;
	code = scratch->sample.words[at];
	signature = scratch->sample.words[(at + 2) & (WORDS - 1)];
	n->at = at + PYTHON_FRAME_WORDS;
	key = mixed(mixed(n->pid, code), signature);
	if (bpf_map_lookup_elem(&names_told, &key))
		return 0;
	name = bpf_ringbuf_reserve(&records, sizeof(*name), 0);
	if (!name)
		return 1;
	name->kind = NAME;
	name->pid = n->pid;
	name->code = code;
	name->signature = signature;
	if (read_name(name, n, code)) {
		bpf_ringbuf_discard(name, BPF_RB_NO_WAKEUP);
		return 0;
	}
	bpf_ringbuf_submit(name, BPF_RB_NO_WAKEUP);
	bpf_map_update_elem(&names_told, &key, &one, BPF_ANY);
	return 0;
}

/* Name the code objects of the Python frames that begin at word `at`. */
static void tell_names(const struct sample *sample, __u32 at)
{
	struct interpreter *in = bpf_map_lookup_elem(&interpreters, &sample->pid);
	struct naming naming = {.pid = sample->pid, .at = at};

	if (!in)
		return;
	naming.qualname_at = in->code_qualname;
	naming.filename_at = in->code_filename;
	bpf_loop(sample->python_frames, name_step, &naming, 0);
}
