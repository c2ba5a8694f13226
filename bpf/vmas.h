/* What a process has mapped at an address, asked of the kernel while a sample is taken.
 *
 * The helper that finds it (bpf_find_vma) works once an interrupt: it gives the lock back later. So
 * the kernel's own tree is read here, without a lock, as it may be (RCU): since 6.1 that is a maple
 * tree. A reader may meet a tree that is just being changed, in the thread that it interrupted too; it
 * then finds nothing, or an area that does not hold the address, and both are seen.
 */
#pragma once

#define NODE_WORDS 32 /* of 256 bytes, to which nodes are aligned */
#define NODE_TYPE_SHIFT 3
#define MAPLE_LEAF_64 1 /* enum maple_type */
#define MAPLE_RANGE_64 2
#define MAPLE_ARANGE_64 3
#define ARANGE_PIVOTS 9
#define RANGE_PIVOTS 15
#define TREE_LEVELS 8 /* of nodes that are half full at least: millions of areas */
#define LEAST_POINTER 4096
#define PAGE_SIZE_SHIFT 12
#define VM_EXEC 4 /* linux/mm.h */
/* linux/fs.h: the file is below a stacked file system, of which what was opened is. */
#define FMODE_BACKING (1 << 24)
#define FMODE_BACKING_BEFORE_6_14 (1 << 25)
#define VERSION_6_14 (6 << 16 | 14 << 8)
#define NS_PER_S 1000000000ULL

/* Tells a file and its contents. Mirrored by otx/profile/unwind/published.py. */
struct file_key {
	__u64 inode;
	__u64 size;
	__u64 changed_ns;
	__u32 device;
	__u32 reserved;
};

extern int LINUX_KERNEL_VERSION __kconfig;

struct area {
	__u64 start;
	__u64 end;
	__u64 offset; /* in the file */
	struct file_key file;
};

struct tree_search {
	__u64 node[NODE_WORDS];
	__u64 entry;
	__u64 wanted;
	__u32 pivots;
	__u32 slot;
	struct area area;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tree_search);
} tree_searches SEC(".maps");

static struct tree_search *this_search(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&tree_searches, &zero);
}

/* A pivot is the last address of its slot; 0 behind the first: the slot goes on to the node's end. */
static long pivot_step(__u32 index, void *unused)
{
	struct tree_search *search = this_search();
	__u64 pivot;

	if (!search || index >= search->pivots)
		return 1;
	pivot = search->node[(1 + index) & (NODE_WORDS - 1)];
	if (pivot >= search->wanted || (index && !pivot))
		return 1;
	search->slot++;
	return 0;
}

static long level_step(__u32 depth, void *unused)
{
	struct tree_search *search = this_search();
	__u32 type, slots;

	if (!search)
		return 1;
	type = search->entry >> NODE_TYPE_SHIFT & 15;
	if (type < MAPLE_LEAF_64 || type > MAPLE_ARANGE_64 ||
	    bpf_probe_read_kernel(search->node, sizeof(search->node),
				  (void *)(search->entry & -(__u64)sizeof(search->node)))) {
		search->entry = 0;
		return 1;
	}
	search->slot = 0;
	search->pivots = type == MAPLE_ARANGE_64 ? ARANGE_PIVOTS : RANGE_PIVOTS;
	bpf_loop(RANGE_PIVOTS, pivot_step, NULL, 0);
	slots = type == MAPLE_ARANGE_64 ? bpf_core_field_offset(struct maple_arange_64, slot) :
					  bpf_core_field_offset(struct maple_range_64, slot);
	search->entry = search->node[(slots / sizeof(__u64) + search->slot) & (NODE_WORDS - 1)];
	return type == MAPLE_LEAF_64 || search->entry < LEAST_POINTER;
}

static __u64 changed_ns(const struct inode *inode)
{
	const struct inode___to_6_5 *to_6_5 = (void *)inode;
	const struct inode___to_6_10 *to_6_10 = (void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * NS_PER_S +
		       BPF_CORE_READ(inode, i_mtime_nsec);
	if (bpf_core_field_exists(to_6_10->__i_mtime))
		return BPF_CORE_READ(to_6_10, __i_mtime.tv_sec) * NS_PER_S +
		       BPF_CORE_READ(to_6_10, __i_mtime.tv_nsec);
	return BPF_CORE_READ(to_6_5, i_mtime.tv_sec) * NS_PER_S +
	       BPF_CORE_READ(to_6_5, i_mtime.tv_nsec);
}

/* The inode that a mapping's file has for its process: not that below a container's layers. */
static struct inode *inode_of(struct file *file)
{
	__u32 is_backing = LINUX_KERNEL_VERSION < VERSION_6_14 ? FMODE_BACKING_BEFORE_6_14 :
								 FMODE_BACKING;

	if (bpf_core_field_exists(struct backing_file, user_path) &&
	    BPF_CORE_READ(file, f_mode) & is_backing) {
		struct backing_file *backing = (void *)file;

		return BPF_CORE_READ(backing, user_path.dentry, d_inode);
	}
	return BPF_CORE_READ(file, f_inode);
}

/* Of the kernel's library, which is no file, a key that no file has. */
static void describe_file(struct area *area, struct task_struct *task, struct file *file)
{
	struct inode *inode;

	area->file = (struct file_key){};
	if (!file) {
		if (area->start == (__u64)BPF_CORE_READ(task, mm, context.vdso))
			area->file.size = area->end - area->start;
		area->offset = 0;
		return;
	}
	inode = inode_of(file);
	area->file.inode = BPF_CORE_READ(inode, i_ino);
	area->file.size = BPF_CORE_READ(inode, i_size);
	area->file.changed_ns = changed_ns(inode);
	area->file.device = BPF_CORE_READ(inode, i_sb, s_dev);
}

/* The code that a thread's process has mapped at an address; NULL where there is none, or where it
 * cannot be told. What it points to lasts until the next call. */
static struct area *find_area(struct task_struct *task, __u64 address)
{
	struct tree_search *search = this_search();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct vm_area_struct *vma;
	struct area *area;

	if (!search || !bpf_core_field_exists(mm->mm_mt))
		return NULL;
	search->wanted = address;
	search->entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);
	bpf_loop(TREE_LEVELS, level_step, NULL, 0);
	vma = (void *)search->entry;
	area = &search->area;
	area->start = BPF_CORE_READ(vma, vm_start);
	area->end = BPF_CORE_READ(vma, vm_end);
	if (address - area->start >= area->end - area->start ||
	    !(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return NULL;
	area->offset = BPF_CORE_READ(vma, vm_pgoff) << PAGE_SIZE_SHIFT;
	describe_file(area, task, BPF_CORE_READ(vma, vm_file));
	return area;
}
