#pragma once

// Processes begin, run programs and end; containers' cgroups come and go.

#include "file.h"

struct ProcessEvent {
    struct WireEvent head;
    struct WireTask task;
    struct WireCredentials credentials;
};

/// Bytes of the task's own memory as a string of the event, the part that fits.
static __always_inline u32 add_memory(struct Scratch* scratch, struct WireEvent* head, u32 at, u32 tag,
                                      unsigned long from, unsigned long to, u32 most) {
    u64 length = to - from;
    if (to < from) length = 0;
    if (length > most) {
        length = most;
        head->flags |= WIRE_CUT;
    }
    at &= 0x7fff;
    struct WireString* string = (void*)(scratch->event + at);
    if (bpf_probe_read_user(scratch->event + at + sizeof(*string), length, (void*)from)) {
        // A page of it is not there: the first one is better than nothing.
        length = 4096 - (from & 4095) < length ? 4096 - (from & 4095) : length;
        head->flags |= WIRE_CUT;
        length &= 4095;
        if (bpf_probe_read_user(scratch->event + at + sizeof(*string), length, (void*)from)) length = 0;
    }
    string->tag = tag;
    string->length = length;
    return at + sizeof(*string) + ((length + 7) & ~7ULL);
}

static __always_inline u32 add_kernel_text(struct Scratch* scratch, struct WireEvent* head, u32 at, u32 tag,
                                           const char* text) {
    at &= 0x7fff;
    struct WireString* string = (void*)(scratch->event + at);
    long length = bpf_probe_read_kernel_str(scratch->event + at + sizeof(*string), MOST_PATH, text);
    if (length <= 0) return at;
    if (length == MOST_PATH) head->flags |= WIRE_CUT;
    length--;
    string->tag = tag;
    string->length = length;
    return at + sizeof(*string) + ((length + 7) & ~7ULL);
}

static __always_inline void remember_program(u32 pid, const char* comm) {
    u64 words[2], number = PROGRAM_SEED;
    __builtin_memcpy(words, comm, sizeof(words));
    PART_MIX(number, words[0]);
    PART_MIX(number, words[1]);
    bpf_map_update_elem(&programs, &pid, &number, BPF_ANY);
}

SEC("tp_btf/sched_process_exec")
int process_exec(u64* ctx) {
    struct task_struct* task = (void*)ctx[0];
    struct linux_binprm* program = (void*)ctx[2];
    struct Scratch* room = scratch();
    if (!room || GET(task, tgid) == settings.own_pid) return 0;

    struct {
        struct ProcessEvent process;
        struct WireFile file;
    }* event = (void*)room->event;
    struct WireEvent* head = &event->process.head;
    u64 cgroup = task_cgroup(task);
    fill_head(head, task, cgroup, !in_container(cgroup));
    head->kind = WIRE_EXEC;
    head->parts = WIRE_HAS_TASK | WIRE_HAS_CREDENTIALS | WIRE_HAS_FILE;
    remember_program(head->pid, head->comm);
    fill_task(&event->process.task, task);
    fill_credentials(&event->process.credentials, task);
    struct file* file = GET(program, file);
    fill_file(&event->file, file, head);

    struct Walk walk;
    begin_walk(&walk, room, GET(file, f_path.dentry), GET(file, f_path.mnt));
    u32 at = add_path(room, head, sizeof(*event), WIRE_EXE, &walk);
    struct fs_struct* fs = GET(task, fs);
    begin_walk(&walk, room, GET(fs, pwd.dentry), GET(fs, pwd.mnt));
    at = add_path(room, head, at, WIRE_CWD, &walk);
    const char* filename = GET(program, filename);
    at = add_kernel_text(room, head, at, WIRE_NAME, filename);
    if (GET(program, interp) != filename) at = add_kernel_text(room, head, at, WIRE_SCRIPT, filename);
    struct mm_struct* mm = GET(task, mm);
    if (control.filter[control.generation & 1].environment && settings.environment_bytes) {
        u32 most = settings.environment_bytes < MOST_ENVIRONMENT ? settings.environment_bytes : MOST_ENVIRONMENT;
        at = add_memory(room, head, at, WIRE_ENV, GET(mm, env_start), GET(mm, env_end), most);
    }
    at = add_memory(room, head, at, WIRE_ARGV, GET(mm, arg_start), GET(mm, arg_end), MOST_ARGUMENTS);
    if (at > sizeof(room->event)) return 0;
    head->size = at;
    send(&first_rings, WIRE_LOST_PROCESS, head, at);
    return 0;
}

/// CLONE_NEW… for each namespace in which the child is and its maker is not.
static __always_inline u64 new_namespaces(struct task_struct* task, struct task_struct* maker) {
    struct nsproxy *own = GET(task, nsproxy), *other = GET(maker, nsproxy);
    struct cred *cred = GET(task, cred), *makers = GET(maker, cred);
    u64 flags = GET(cred, user_ns) != GET(makers, user_ns) ? 0x10000000 : 0;
    if (own == other || !own || !other) return flags;
    if (GET(own, mnt_ns) != GET(other, mnt_ns)) flags |= 0x00020000;
    if (GET(own, cgroup_ns) != GET(other, cgroup_ns)) flags |= 0x02000000;
    if (GET(own, uts_ns) != GET(other, uts_ns)) flags |= 0x04000000;
    if (GET(own, ipc_ns) != GET(other, ipc_ns)) flags |= 0x08000000;
    if (GET(own, pid_ns_for_children) != GET(other, pid_ns_for_children)) flags |= 0x20000000;
    if (GET(own, net_ns) != GET(other, net_ns)) flags |= 0x40000000;
    return flags;
}

SEC("tp_btf/sched_process_fork")
int process_fork(u64* ctx) {
    struct task_struct *parent = (void*)ctx[0], *task = (void*)ctx[1];
    if (GET(task, pid) != GET(task, tgid)) return 0;  // a thread
    if (GET(task, flags) & PF_KTHREAD) return 0;
    if (GET(parent, tgid) == settings.own_pid) return 0;
    struct {
        struct WireEvent head;
        struct WireTask task;
        struct WireCredentials credentials;
        struct WireArguments forker;
    } event;
    u64 cgroup = task_cgroup(task);
    fill_head(&event.head, task, cgroup, !in_container(cgroup));
    event.head.kind = WIRE_FORK;
    event.head.parts = WIRE_HAS_TASK | WIRE_HAS_CREDENTIALS | WIRE_HAS_ARGUMENTS;
    event.head.size = sizeof(event);
    u32 parent_pid = GET(parent, tgid);
    // With CLONE_PARENT the one that forks is not the parent, and it is whose program the child runs.
    struct task_struct* leader = GET(parent, group_leader);
    __builtin_memset(&event.forker, 0, sizeof(event.forker));
    event.forker.value[0] = parent_pid;
    event.forker.value[1] = GET(leader, start_boottime);
    event.forker.value[2] = new_namespaces(task, parent);
    u64* known = bpf_map_lookup_elem(&programs, &parent_pid);
    if (known) {
        u64 number = *known;
        bpf_map_update_elem(&programs, &event.head.pid, &number, BPF_ANY);
    }
    fill_task(&event.task, task);
    fill_credentials(&event.credentials, task);
    send(&first_rings, WIRE_LOST_PROCESS, &event, sizeof(event));
    return 0;
}

SEC("tp_btf/sched_process_exit")
int process_exit(u64* ctx) {
    struct task_struct* task = (void*)ctx[0];
    struct signal_struct* signal = GET(task, signal);
    if (GET(signal, live.counter) != 0) return 0;  // other threads live on
    u32 pid = GET(task, tgid);
    if (pid == settings.own_pid || GET(task, flags) & PF_KTHREAD) return 0;
    struct WireEvent head;
    u64 cgroup = task_cgroup(task);
    fill_head(&head, task, cgroup, !in_container(cgroup));
    head.kind = WIRE_EXIT;
    head.parts = 0;
    head.size = sizeof(head);
    head.result = GET(signal, flags) & SIGNAL_GROUP_EXIT ? GET(signal, group_exit_code) : GET(task, exit_code);
    send(&first_rings, WIRE_LOST_PROCESS, &head, sizeof(head));
    bpf_map_delete_elem(&programs, &pid);
    return 0;
}

/// A process sends a signal: told where a container's reaches one outside of it.
SEC("tp_btf/signal_generate")
int signal_sent(u64* ctx) {
    struct task_struct *task = (void*)bpf_get_current_task(), *receiver = (void*)ctx[2];
    u64 cgroup = task_cgroup(task), its = task_cgroup(receiver);
    if (cgroup == its) return 0;
    u64* container = bpf_map_lookup_elem(&containers, &cgroup);
    if (!container) return 0;
    u64 from = *container;
    u64* other = bpf_map_lookup_elem(&containers, &its);
    if (other && *other == from) return 0;
    struct kernel_siginfo* info = (void*)ctx[1];
    if (ctx[1] == 1) return 0;                           // the kernel's own: SEND_SIG_PRIV
    if (ctx[1] > 1 && GET(info, si_code) > 0) return 0;  // of a fault, a timer, a terminal, a child
    struct {
        struct WireEvent head;
        struct WireArguments arguments;
    } event;
    struct task_struct* leader = GET(receiver, group_leader);
    fill_head(&event.head, task, cgroup, false);
    event.head.kind = WIRE_SIGNAL;
    event.head.parts = WIRE_HAS_ARGUMENTS;
    event.head.size = sizeof(event);
    __builtin_memset(&event.arguments, 0, sizeof(event.arguments));
    event.arguments.value[0] = GET(receiver, tgid);
    event.arguments.value[1] = GET(leader, start_boottime);
    event.arguments.value[2] = (u32)ctx[0];
    event.arguments.value[3] = its;
    send(&first_rings, WIRE_LOST_PROCESS, &event, sizeof(event));
    return 0;
}

enum { MOST_LEVELS = 12, MOST_NAME = 128 };

/// Whether 64 hexadecimal digits begin at that place of the name in Scratch.
VERIFIED_ONCE int is_id(u32 at) {
    struct Scratch* room = scratch();
    if (!room || at > MOST_NAME - 64) return 0;
    u32 others = *(volatile u32*)&room->zero;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 64; i++) {
        u8 c = room->name[(at + i) & (MOST_NAME - 1)];
        u32 digit = (u8)(c - '0') < 10, letter = (u8)(c - 'a') < 6;
        others += 1 - (digit | letter);
    }
    return others == 0;
}

/// Where a container's id begins in a cgroup's name: 64 hexadecimal digits at its end, or before .scope; below 0 when
/// there is none (ID, docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope).
static __always_inline int id_in(const u8* name, u32 length) {
    if (length > MOST_NAME - 2) return -1;
    if (length >= 64 && is_id(length - 64)) return length - 64;
    if (length < 70 || name[(length - 6) & (MOST_NAME - 1)] != '.') return -1;
    return is_id(length - 70) ? length - 70 : -1;
}

static __always_inline bool monitors(const u8* name, int id) {
    // libpod-conmon-ID, crio-conmon-ID: the program that watches a container from outside.
    if (id < 7) return false;
    u32 at = (id - 7) & (MOST_NAME - 1);
    barrier_var(at);  // the bound is to be known where it is used
    at &= MOST_NAME - 1;
    return *(u32*)(name + at) == 0x6d6e6f63 /* conm */ && *(u16*)(name + at + 4) == 0x6e6f /* on */;
}

/// Podman's pods have ids too, without a word before, and are no containers; this is what they stand below.
static __always_inline bool holds_pods(const u8* name) {
    return *(u64*)name == 0x705f646f7062696cULL /* libpod_p */ && *(u32*)(name + 8) == 0x6e657261 /* aren */ &&
           *(u16*)(name + 12) == 't';
}

static __always_inline struct kernfs_node* node_above(struct kernfs_node* node) {
    struct kernfs_node___before_6_15* older = (void*)node;
    return bpf_core_field_exists(node->__parent) ? GET(node, __parent) : (struct kernfs_node*)GET(older, parent);
}

struct CgroupEvent {
    struct WireEvent head;
    struct WireArguments above;
    struct WireString container;
    u8 id[64];
    struct WireString path;
    u8 text[MOST_PATH];
};

static __always_inline int cgroup_event(struct cgroup* cgroup, const char* path, u8 kind) {
    struct cgroup_root* root = GET(cgroup, root);
    int hierarchy = GET(root, hierarchy_id);
    u32 wanted = 0;
    if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id___any))
        wanted |= 1U << bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id___any);
    if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id___any))
        wanted |= 1U << bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id___any);
    // The version 2 hierarchy is the kernel's first one and has the number 0, also in struct cgroup_root before 6.?
    if (hierarchy != 0 && !(GET(root, subsys_mask) & wanted)) return 0;
    struct Scratch* room = scratch();
    if (!room) return 0;

    // The outermost name counts: what a container makes below its own cgroup is part of it, whatever it calls that.
    struct CgroupEvent* event = (void*)room->event;
    struct kernfs_node* node = GET(cgroup, kn);
    u64 number = cgroup_number(cgroup), above = number;
    u8 *name = room->name, *candidate = (void*)room->parts;
    bool found = false, waits = false;
    __builtin_memset(event->id, 0, sizeof(event->id));
#pragma clang loop unroll(disable)
    for (u32 level = 0; level < MOST_LEVELS; level++) {
        if (!node) break;
        if (level == 1) above = (number & ~0xffffffffffffULL) | (GET(node, id) & 0xffffffffffffULL);
        long length = bpf_probe_read_kernel_str(name, MOST_NAME, GET(node, name));
        if (waits && !holds_pods(name)) {
            bpf_probe_read_kernel(event->id, 64, candidate);
            found = true;
        }
        waits = false;
        if (length > 64) {
            int id = id_in(name, length - 1);
            if (id == 0) {  // with a word before it, it is no pod's
                bpf_probe_read_kernel(candidate, 64, name);
                waits = true;
            } else if (id > 0 && id <= 64 && !monitors(name, id)) {
                bpf_probe_read_kernel(event->id, 64, name + id);
                found = true;
            }
        }
        node = node_above(node);
    }
    if (waits) {
        bpf_probe_read_kernel(event->id, 64, candidate);
        found = true;
    }
    u64* inherited = bpf_map_lookup_elem(&containers, &above);
    if (!found && !inherited) return 0;

    struct task_struct* task = (void*)bpf_get_current_task();
    u64 words[2];
    bpf_probe_read_kernel(words, sizeof(words), event->id);
    u64 container = inherited ? *inherited : CONTAINER_NUMBER(words[0], words[1]);
    if (kind == WIRE_CGROUP_GONE) {
        bpf_map_delete_elem(&containers, &number);
    } else if (bpf_map_update_elem(&containers, &number, &container, BPF_ANY)) {
        struct Counts* count = counted();  // too many: what runs in it is taken for the host's
        if (count) count->lost[WIRE_LOST_PROCESS]++;
    }
    __sync_fetch_and_add(&control.known, 1);
    fill_head(&event->head, task, number, false);
    event->head.kind = kind;
    event->head.parts = WIRE_HAS_ARGUMENTS;
    __builtin_memset(&event->above, 0, sizeof(event->above));
    event->above.value[0] = above;
    event->container.tag = WIRE_CONTAINER;
    event->container.length = 64;
    event->path.tag = WIRE_PATH;
    long length = bpf_probe_read_kernel_str(event->text, MOST_PATH, path);
    if (length <= 0) length = 1;
    event->path.length = length - 1;
    event->head.size = sizeof(*event) - MOST_PATH + ((length - 1 + 7) & ~7ULL);
    u32 size = event->head.size;
    if (size > sizeof(*event)) return 0;
    send(&first_rings, WIRE_LOST_PROCESS, event, size);
    return 0;
}

SEC("tp_btf/cgroup_mkdir")
int cgroup_made(u64* ctx) { return cgroup_event((void*)ctx[0], (void*)ctx[1], WIRE_CGROUP_MADE); }

SEC("tp_btf/cgroup_rmdir")
int cgroup_gone(u64* ctx) { return cgroup_event((void*)ctx[0], (void*)ctx[1], WIRE_CGROUP_GONE); }
