/* Processes that come and go: the set of targets is kept up to date before what is new runs. */
#pragma once

#include "targets.h"

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 pid = child->tgid, parent_pid = parent->tgid, flags;
	__u32 *target = bpf_map_lookup_elem(&targets, &parent_pid);
	struct interpreter *in;
	struct space *space;

	if (pid == parent_pid || !target || !(*target & (FOLLOW_CHILDREN | CHOSEN)))
		return 0;
	flags = *target;
	if (is_one_of_all(flags))
		flags |= UNTOLD;
	if (bpf_map_update_elem(&targets, &pid, &flags, BPF_ANY)) {
		count(COUNTER_TARGETS_FULL);
		return 0;
	}
	in = bpf_map_lookup_elem(&interpreters, &parent_pid);
	if (in)
		bpf_map_update_elem(&interpreters, &pid, in, BPF_ANY);
	space = bpf_map_lookup_elem(&unwind_spaces, &parent_pid);
	if (space)
		bpf_map_update_elem(&unwind_spaces, &pid, space, BPF_ANY);
	inherit_context(parent_pid, pid);
	if (!(flags & UNTOLD))
		tell(FORK, pid, parent_pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = task->tgid, tid = task->pid;
	__u32 *target = find_target(task, pid);

	if (!target)
		return 0;
	*target &= ~AWAIT_EXEC;
	if ((*target & (BY_NAME | FOLLOW_CHILDREN)) == BY_NAME && !has_chosen_name(task)) {
		leave(pid);
		return 0;
	}
	bpf_map_delete_elem(&interpreters, &pid);
	bpf_map_delete_elem(&unwind_spaces, &pid);
	bpf_map_delete_elem(&context_places, &pid);
	bpf_map_delete_elem(&thread_states, &tid);
	if (*target & UNTOLD && !may_be_told())
		return 0;
	*target &= ~UNTOLD;
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
	leave(pid);
	return 0;
}
