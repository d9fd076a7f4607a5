#pragma once

// Who does it: the process, its cgroup, its place among others, its credentials.

#include "maps.h"

enum { PROCESS_ID = 1, GROUP_ID = 2, SESSION_ID = 3 };

/// The number of a pid as its namespace of that level gives it; 0 where it has none.
static __always_inline u32 number_at(struct pid* pid, u32 level) {
    if (!pid || level > GET(pid, level)) return 0;
    struct upid* number =
        (void*)pid + bpf_core_field_offset(struct pid, numbers) + (level & 63) * bpf_core_type_size(struct upid);
    return GET(number, nr);
}

static __always_inline u64 cgroup_number(struct cgroup* cgroup) {
    struct cgroup_root* root = GET(cgroup, root);
    struct kernfs_node* node = GET(cgroup, kn);
    return (u64)GET(root, hierarchy_id) << WIRE_HIERARCHY | (GET(node, id) & 0xffffffffffffULL);
}

/// The cgroup of a version 1 controller, null where the task stands at its root or the controller is not there.
static __always_inline struct cgroup* v1_cgroup(struct css_set* set, u32 controller) {
    struct list_head* slot = (void*)set + bpf_core_field_offset(struct css_set, subsys) + (controller & 15) * 8;
    struct cgroup_subsys_state* state = (void*)GET(slot, next);
    struct cgroup* cgroup = GET(state, cgroup);
    return GET(cgroup, level) ? cgroup : NULL;
}

/// The version 2 cgroup, or where that is the root, the one of the pids or the memory controller.
static __always_inline u64 task_cgroup(struct task_struct* task) {
    struct css_set* set = GET(task, cgroups);
    struct cgroup* cgroup = GET(set, dfl_cgrp);
    if (GET(cgroup, level) == 0) {
        struct cgroup* other = NULL;
        if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id___any))
            other = v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id___any));
        if (!other && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id___any))
            other = v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id___any));
        if (other) return cgroup_number(other);
    }
    return cgroup_number(cgroup);
}

static __always_inline bool in_container(u64 cgroup) { return bpf_map_lookup_elem(&containers, &cgroup) != NULL; }

/// Everything of the head but kind, parts, size, call and result.
static __always_inline void fill_head(struct WireEvent* head, struct task_struct* task, u64 cgroup, bool host) {
    struct task_struct* leader = GET(task, group_leader);
    struct cred* cred = GET(task, cred);
    head->time = bpf_ktime_get_boot_ns();
    head->cgroup = cgroup;
    head->start = GET(leader, start_boottime);
    head->pid = GET(task, tgid);
    head->tid = GET(task, pid);
    head->flags = (host ? WIRE_HOST : 0) | (head->pid != head->tid ? WIRE_THREAD : 0);
    head->cpu = bpf_get_smp_processor_id();
    head->euid = GET(cred, euid.val);
    head->call = 0xffff;
    head->result = 0;
    bpf_core_read(head->comm, sizeof(head->comm), &task->comm);
}

static __always_inline void fill_task(struct WireTask* out, struct task_struct* task) {
    struct task_struct* parent = GET(task, real_parent);
    struct task_struct* parent_leader = GET(parent, group_leader);
    struct signal_struct* signal = GET(task, signal);
    struct signal_struct* parent_signal = GET(parent, signal);
    struct pid* own = GET(signal, pids[PROCESS_ID]);
    struct pid* session = GET(signal, pids[SESSION_ID]);
    struct pid* group = GET(signal, pids[GROUP_ID]);
    struct pid* parents = GET(parent_signal, pids[PROCESS_ID]);
    struct nsproxy* spaces = GET(task, nsproxy);
    struct cred* cred = GET(task, cred);
    struct tty_struct* tty = GET(signal, tty);
    u32 level = GET(own, level);

    out->parent_start = GET(parent_leader, start_boottime);
    out->parent = GET(parent, tgid);
    out->session = number_at(session, 0);
    out->group = number_at(group, 0);
    out->ns_pid = number_at(own, level);
    out->ns_parent = number_at(parents, level);
    out->ns_session = number_at(session, level);
    out->ns_group = number_at(group, level);
    struct upid* number =
        (void*)own + bpf_core_field_offset(struct pid, numbers) + (level & 63) * bpf_core_type_size(struct upid);
    struct pid_namespace* pids = GET(number, ns);
    struct mnt_namespace* mounts = GET(spaces, mnt_ns);
    struct net* net = GET(spaces, net_ns);
    struct user_namespace* users = GET(cred, user_ns);
    out->pid_namespace = GET(pids, ns.inum);
    out->mount_namespace = GET(mounts, ns.inum);
    out->net_namespace = GET(net, ns.inum);
    out->user_namespace = GET(users, ns.inum);
    out->tty = 0;
    if (tty) {
        struct tty_driver* driver = GET(tty, driver);
        out->tty = (u32)GET(driver, major) << 8 | ((u32)(GET(driver, minor_start) + GET(tty, index)) & 0xff);
    }
    out->login_session = ~0U;
    struct task_struct___audited* audited = (void*)task;
    if (bpf_core_field_exists(audited->sessionid)) out->login_session = GET(audited, sessionid);
    out->threads = GET(signal, nr_threads);
}

/// What a user's number is within a namespace; ~0 where the map is not among the simple ones.
static __always_inline u32 within(struct user_namespace* space, u32 user) {
    struct user_namespace___map* mapped = (void*)space;
    u32 count = GET(mapped, uid_map.nr_extents);
    if (count > 5) return ~0U;
    struct uid_gid_extent extents[5] = {};
    bpf_core_read(extents, sizeof(extents), &mapped->uid_map.extent);
    for (u32 i = 0; i < 5; i++) {
        if (i >= count) break;
        if (user >= extents[i].lower_first && user - extents[i].lower_first < extents[i].count)
            return user - extents[i].lower_first + extents[i].first;
    }
    return 65534;
}

static __always_inline void fill_credentials(struct WireCredentials* out, struct task_struct* task) {
    struct cred* cred = GET(task, cred);
    out->uid = GET(cred, uid.val);
    out->gid = GET(cred, gid.val);
    out->euid = GET(cred, euid.val);
    out->egid = GET(cred, egid.val);
    out->suid = GET(cred, suid.val);
    out->sgid = GET(cred, sgid.val);
    out->fsuid = GET(cred, fsuid.val);
    out->fsgid = GET(cred, fsgid.val);
    out->loginuid = ~0U;
    struct task_struct___audited* audited = (void*)task;
    if (bpf_core_field_exists(audited->loginuid)) out->loginuid = GET(audited, loginuid.val);
    out->ns_euid = within(GET(cred, user_ns), out->euid);
    // Two numbers of 32 bits before 6.3, one of 64 since: the same bytes.
    bpf_core_read(&out->effective, 8, &cred->cap_effective);
    bpf_core_read(&out->permitted, 8, &cred->cap_permitted);
    bpf_core_read(&out->inheritable, 8, &cred->cap_inheritable);
    bpf_core_read(&out->bounding, 8, &cred->cap_bset);
    bpf_core_read(&out->ambient, 8, &cred->cap_ambient);
}
