/* Whose samples are taken: processes that user space names by id, and those that are chosen by what
 * they are: every process, those of a name, those in a control group.
 *
 * A process that is met and chosen is added to `targets`, and user space is told. Where every process
 * is chosen, it is told of those that have a sample, because to look at each of a thousand programs a
 * second would keep it from reading samples; and of so many new programs a second as it has time for.
 * Whether it is in a
 * control group is looked at each time, because processes are moved; its name at an exec.
 *
 * The layouts are mirrored by otx/profile/choice.py.
 */
#pragma once

#define MAX_CGROUP_DEPTH 32
#define MAX_CHOSEN 256
#define PF_KTHREAD 0x00200000 /* linux/sched.h */

#define TELL_WINDOW_NS 50000000
#define MOST_TOLD 4 /* new programs a window that nobody sampled yet */

struct choice {
	__u32 everything;
	__u32 has_names;
	__u32 flags;      /* of processes that are chosen by everything or by name */
	__u32 excluded;   /* a process that is never chosen: who profiles */
	__u32 in_unified; /* whether control groups of version 2 are among the chosen */
	__u32 kernel_threads;
	__u64 hierarchies; /* of version 1 with chosen groups: bit ID & 63 of each */
};

/* A group's id is its directory's inode, which is unique in its hierarchy only; that of version 2
 * is hierarchy 0. */
struct cgroup_key {
	__u64 id;
	__u32 hierarchy;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct choice);
} choices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CHOSEN);
	__type(key, char[COMM_SIZE]);
	__type(value, __u32);
} chosen_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CHOSEN);
	__type(key, struct cgroup_key);
	__type(value, __u32);
} chosen_cgroups SEC(".maps");

struct told_window {
	__u64 began_ns;
	__u64 told;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct told_window);
} told_windows SEC(".maps");

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

/* Whether it is one of all processes, and neither named nor in a named place. */
static int is_one_of_all(__u32 flags)
{
	return (flags & (CHOSEN | BY_NAME | BY_CGROUP)) == CHOSEN;
}

/* Whether user space has time for one more new program. Processors may count over each other. */
static int may_be_told(void)
{
	__u32 zero = 0;
	struct told_window *window = bpf_map_lookup_elem(&told_windows, &zero);
	__u64 now_ns = bpf_ktime_get_ns();

	if (!window)
		return 0;
	if (now_ns - window->began_ns > TELL_WINDOW_NS) {
		window->began_ns = now_ns;
		window->told = 0;
	}
	return window->told++ < MOST_TOLD;
}

/* Of a process that has a sample now user space is told before it gets that. */
static void tell_of(__u32 pid)
{
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);

	if (!target || !(*target & UNTOLD))
		return;
	*target &= ~UNTOLD;
	tell(CHOICE, pid, 0);
}

static int is_at_or_below_chosen(struct cgroup_subsys_state *state, __u32 hierarchy)
{
	struct cgroup_key key = {.hierarchy = hierarchy};

	for (int depth = 0; state && depth < MAX_CGROUP_DEPTH; depth++) {
		key.id = BPF_CORE_READ(state, cgroup, kn, id);
		if (bpf_map_lookup_elem(&chosen_cgroups, &key))
			return 1;
		state = BPF_CORE_READ(state, parent);
	}
	return 0;
}

struct membership {
	struct css_set *set;
	__u64 hierarchies;
	__u32 found;
};

static long look_at_controller(__u32 index, struct membership *membership)
{
	struct cgroup_subsys_state *state = NULL;
	__u32 hierarchy, at = bpf_core_field_offset(membership->set->subsys) + index * sizeof(state);

	bpf_probe_read_kernel(&state, sizeof(state), (char *)membership->set + at);
	if (!state)
		return 0;
	hierarchy = BPF_CORE_READ(state, cgroup, root, hierarchy_id);
	if (!(membership->hierarchies >> (hierarchy & 63) & 1))
		return 0;
	membership->found = is_at_or_below_chosen(state, hierarchy);
	return membership->found;
}

static int is_in_chosen_cgroup(struct task_struct *task, struct choice *choice)
{
	struct membership membership = {.hierarchies = choice->hierarchies};
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (choice->in_unified) {
		struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);

		if (is_at_or_below_chosen(__builtin_preserve_access_index(&cgroup->self), 0))
			return 1;
	}
	if (choice->hierarchies) {
		membership.set = set;
		bpf_loop(bpf_core_field_size(set->subsys) / sizeof(void *), look_at_controller,
			 &membership, 0);
	}
	return membership.found;
}

static int has_chosen_name(struct task_struct *task)
{
	char name[COMM_SIZE] = {};
	struct task_struct *leader = task->group_leader;

	bpf_core_read_str(name, sizeof(name), &leader->comm);
	return !!bpf_map_lookup_elem(&chosen_names, name);
}

/* The flags a process is chosen with; 0 where it is not. */
static __u32 chosen_flags(struct task_struct *task, struct choice *choice)
{
	if (!(choice->in_unified || choice->hierarchies) || !is_in_chosen_cgroup(task, choice)) {
		if (choice->everything)
			return choice->flags | CHOSEN;
		if (choice->has_names && has_chosen_name(task))
			return choice->flags | CHOSEN | BY_NAME;
		return 0;
	}
	/* Children are in their parent's group until somebody moves them, and then they are not. */
	return (choice->flags & ~FOLLOW_CHILDREN) | CHOSEN | BY_CGROUP;
}

static void leave(__u32 pid)
{
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);
	int is_told = target && !(*target & UNTOLD);

	bpf_map_delete_elem(&targets, &pid);
	bpf_map_delete_elem(&interpreters, &pid);
	bpf_map_delete_elem(&unwind_spaces, &pid);
	bpf_map_delete_elem(&context_places, &pid);
	if (is_told)
		tell(EXIT, pid, 0);
}

static __u32 *choose(struct task_struct *task, __u32 pid, struct choice *choice)
{
	__u32 flags;

	if (!pid || pid == choice->excluded || (task->flags & PF_KTHREAD && !choice->kernel_threads))
		return NULL;
	flags = chosen_flags(task, choice);
	if (!flags)
		return NULL;
	if (is_one_of_all(flags))
		flags |= UNTOLD;
	if (bpf_map_update_elem(&targets, &pid, &flags, BPF_NOEXIST)) {
		count(COUNTER_TARGETS_FULL);
		return NULL;
	}
	if (!(flags & UNTOLD))
		tell(CHOICE, pid, 0);
	return bpf_map_lookup_elem(&targets, &pid);
}

/* How the process of a thread that runs now is sampled; NULL where it is not. */
static __u32 *find_target(struct task_struct *task, __u32 pid)
{
	__u32 *target = bpf_map_lookup_elem(&targets, &pid);
	__u32 zero = 0;
	struct choice *choice;

	if (target && !(*target & BY_CGROUP))
		return target;
	choice = bpf_map_lookup_elem(&choices, &zero);
	if (!choice)
		return NULL;
	if (!target)
		return choice->flags & CHOSEN ? choose(task, pid, choice) : NULL;
	if (is_in_chosen_cgroup(task, choice))
		return target;
	leave(pid);
	return NULL;
}
