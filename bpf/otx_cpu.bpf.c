/* CPU samples of chosen processes: kernel, user and CPython frames in one record.
 *
 * `on_tick` is attached to a timer event on every processor and looks at the thread it finds
 * there. Whose it is to be says targets.h; the fork program adds children of processes in
 * `targets` before these run. A record holds addresses only: names are read by user space, which is woken at once
 * when a record has Python code in a combination not seen lately, because the names are gone with
 * the process, and left asleep otherwise.
 *
 * What can be lost is counted: a full ring in `counters`, a cut stack in the record's flags.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

#include "python.h"
#include "unwind.h"

#include "take.h"

#include "processes.h"
#include "tick.h"

char LICENSE[] SEC("license") = "GPL";
