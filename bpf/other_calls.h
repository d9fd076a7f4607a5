#pragma once

// Calls of descriptors, of credentials, of numbers alone; requests to io_uring; and what hands calls to their programs.

#include "network_calls.h"

enum {
    NR_DUP = 32,
    NR_DUP2 = 33,
    NR_FCNTL = 72,
    NR_DUP3 = 292,
    NR_FCHMOD = 91,
    NR_FCHOWN = 93,
    F_DUPFD_CLOEXEC = 1030
};

struct DescriptorEvent {
    struct WireEvent head;
    struct WireFile file;
    struct WireSocket socket;
    struct WireArguments arguments;
};

/// Calls whose first argument, or result, is a descriptor: what is behind it.
SEC("tp_btf/sys_exit")
int descriptor_call(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    u16 act = call->number == NR_FCHMOD ? ACT_CHMOD : call->number == NR_FCHOWN ? ACT_CHOWN : 0;
    struct FilterSlot* filter = filter_of(call);
    bool listed = wanted_call(call);
    bool copies = call->number == NR_DUP || call->number == NR_DUP2 || call->number == NR_DUP3 ||
                  (call->number == NR_FCNTL && (call->arguments[1] == 0 || call->arguments[1] == F_DUPFD_CLOEXEC));
    if (!listed && !(filter->some & act)) {
        dropped();
        return 0;
    }
    long descriptor = copies && call->result >= 0 ? call->result : (long)(int)call->arguments[0];
    struct file* file = file_of(task_of(call), descriptor);
    struct DescriptorEvent* event = (void*)room->event;
    struct WireEvent* head = &event->head;
    if (file && is_socket(file)) {
        struct SocketEvent* other = (void*)room->event;
        fill_call(head, call, WIRE_HAS_SOCKET | WIRE_HAS_ARGUMENTS);
        fill_socket(&other->socket, file);
        fill_arguments(&other->arguments, call);
        u32 at = sizeof(*other);
        if (other->socket.family == AF_UNIX) at = add_unix_name(room, at, file, 0);
        head->size = at;
        send(&bulk_rings, WIRE_LOST_OTHER, head, at);
        return 0;
    }
    struct FileEvent* other = (void*)room->event;
    if (!file) {
        struct NamedEvent* bare = (void*)room->event;
        fill_call(head, call, WIRE_HAS_ARGUMENTS);
        fill_arguments(&bare->arguments, call);
        head->size = sizeof(*bare);
        send(&bulk_rings, WIRE_LOST_OTHER, head, sizeof(*bare));
        return 0;
    }
    struct Walk walk;
    begin_walk(&walk, room, GET(file, f_path.dentry), GET(file, f_path.mnt));
    walk_up(&walk, room);
    struct Text text = begin_string(room, sizeof(*other));
    if (!listed) {
        u16 wanted = filter->every | wanted_of_program(call);
        if (!(wanted & act)) wanted |= verdict(call, &walk, &text);
        if (!(wanted & act)) {
            dropped();
            return 0;
        }
    }
    fill_call(head, call, WIRE_HAS_FILE | WIRE_HAS_ARGUMENTS);
    fill_file(&other->file, file, head);
    fill_arguments(&other->arguments, call);
    if (text.at == text.begin) {
        write_parts(&text, walk.parts);
        text.lost = walk.lost;
    }
    if (text.lost) head->flags |= WIRE_PATH_LOST;
    if (text.cut) head->flags |= WIRE_CUT;
    u32 at = end_string(room, &text, WIRE_PATH);
    head->size = at;
    send(&bulk_rings, WIRE_LOST_FILE, head, at);
    return 0;
}

enum { NR_MEMFD_CREATE = 319, NR_CLONE3 = 435 };

SEC("tp_btf/sys_exit")
int plain_call(u64* ctx) {
    struct Scratch* room = begin_wanted_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    struct NamedEvent* event = (void*)room->event;
    fill_call(&event->head, call, WIRE_HAS_ARGUMENTS);
    if (call->number == NR_CLONE3) {
        u64 flags = 0;
        bpf_probe_read_user(&flags, sizeof(flags), (void*)call->arguments[0]);
        call->arguments[0] = flags;
    }
    fill_arguments(&event->arguments, call);
    u32 at = sizeof(*event);
    struct Text claim = {};
    if (call->number == NR_MEMFD_CREATE)
        at = add_user_text(room, &event->head, at, WIRE_NAME, call->arguments[0], &claim);
    event->head.size = at;
    send(&bulk_rings, WIRE_LOST_OTHER, event, at);
    return 0;
}

struct CredentialsEvent {
    struct WireEvent head;
    struct WireCredentials credentials;
};

/// Calls after which a process may act as another: its credentials are told whether or not a rule asks for the call.
SEC("tp_btf/sys_exit")
int identity_call(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    if (call->result >= 0) {
        struct CredentialsEvent* event = (void*)room->event;
        fill_call(&event->head, call, WIRE_HAS_CREDENTIALS);
        event->head.kind = WIRE_CREDENTIALS;
        event->head.size = sizeof(*event);
        fill_credentials(&event->credentials, task_of(call));
        send(&first_rings, WIRE_LOST_PROCESS, event, sizeof(*event));
    }
    if (!wanted_call(call)) return 0;
    struct NamedEvent* event = (void*)room->event;
    fill_call(&event->head, call, WIRE_HAS_ARGUMENTS);
    fill_arguments(&event->arguments, call);
    event->head.size = sizeof(*event);
    send(&bulk_rings, WIRE_LOST_OTHER, event, sizeof(*event));
    return 0;
}

/// Hands a system call that returned to the program that looks at its kind. Every call of every process comes here.
SEC("tp_btf/sys_exit")
int calls(u64* ctx) {
    struct pt_regs* regs = (void*)ctx[0];
    u32 number = regs->orig_ax;
    if (number >= CALLS) return 0;
    if (!(control.watched[number >> 6] >> (number & 63) & 1)) return 0;
    struct task_struct* task = (void*)bpf_get_current_task();
    bool compat = is_compat(task);
    number = call_number(regs, compat);
    if (number >= CALLS) return 0;
    u32 shape = control.shape[number];
    struct Scratch* room = scratch();
    if (!room) return 0;
    room->call.task = (u64)task;
    room->call.number = number;
    room->call.compat = compat;
    // A jump to a place that is known beforehand, for what is called most, spares an indirect one.
    if (shape == SHAPE_OPEN)
        bpf_tail_call_static(ctx, &shapes, SHAPE_OPEN);
    else if (shape)
        bpf_tail_call(ctx, &shapes, shape);
    return 0;
}

// Requests that io_uring takes up do not return from a system call of their own. By the kernel's number of the request:
// the system call it stands for. Numbers are fixed in the kernel's interface (linux/io_uring.h).
const volatile u16 uring_calls[64] = {
    [9] = 46,   [10] = 47,  [13] = 288, [16] = 42,  [18] = 257, [26] = 44, [27] = 45, [28] = 437, [35] = 264,
    [36] = 263, [37] = 258, [38] = 266, [39] = 265, [45] = 41,  [47] = 44, [48] = 46, [56] = 49,  [57] = 50,
};

/// The descriptor that a request is about; below 0 where it is none of the process's own table, or is not told.
static __always_inline int uring_descriptor(struct io_kiocb* request) {
    if (!bpf_core_field_exists(request->cqe)) return -1;
    return GET(request, flags) & 1 /* REQ_F_FIXED_FILE */ ? -1 : GET(request, cqe.fd);
}

SEC("tp_btf/io_uring_submit_req")
int uring_request(u64* ctx) {
    struct io_kiocb* request = (void*)ctx[0];
    u32 operation = GET(request, opcode);
    if (operation >= 64) return 0;
    u16 number = uring_calls[operation & 63];
    if (!number) return 0;
    struct task_struct* task = (void*)bpf_get_current_task();
    u64 cgroup = task_cgroup(task);
    u32 slot = control.generation & 1;
    struct FilterSlot* filter = &control.filter[slot];
    bool host = !in_container(cgroup);
    if (host && (!filter->host || GET(task, tgid) == settings.own_pid)) return 0;
    struct Scratch* room = scratch();
    if (!room) return 0;
    struct NamedEvent* event = (void*)room->event;
    __builtin_memset(&event->arguments, 0, sizeof(event->arguments));
    struct filename *name = NULL, *name2 = NULL;
    int folder = AT_FDCWD, folder2 = AT_FDCWD;
    u16 acts = 0;
    if (number == NR_OPENAT || number == NR_OPENAT2) {
        struct io_open* open = (void*)request;
        if (bpf_core_field_exists(open->filename)) {
            name = GET(open, filename);
            folder = GET(open, dfd);
            event->arguments.value[2] = GET(open, how.flags);
            event->arguments.value[3] = GET(open, how.mode);
            acts = acts_of(GET(open, how.flags), GET(open, how.mode)) | ACT_FAILED;
        } else {
            acts = ~0;
        }
    } else if (number == NR_UNLINKAT) {
        acts = ACT_UNLINK | ACT_RMDIR;
        struct io_unlink* unlink = (void*)request;
        if (bpf_core_field_exists(unlink->filename)) {
            name = GET(unlink, filename);
            folder = GET(unlink, dfd);
        }
    } else if (number == NR_RENAMEAT) {
        acts = ACT_RENAME;
        struct io_rename* rename = (void*)request;
        if (bpf_core_field_exists(rename->oldpath)) {
            name = GET(rename, oldpath);
            name2 = GET(rename, newpath);
            folder = GET(rename, old_dfd);
            folder2 = GET(rename, new_dfd);
        }
    } else if (number == NR_MKDIRAT) {
        acts = ACT_MKDIR;
        struct io_mkdir* make = (void*)request;
        if (bpf_core_field_exists(make->filename)) {
            name = GET(make, filename);
            folder = GET(make, dfd);
        }
    } else if (number == NR_LINKAT || number == NR_SYMLINKAT) {
        acts = number == NR_LINKAT ? ACT_LINK : ACT_SYMLINK;
        struct io_link* link = (void*)request;
        if (bpf_core_field_exists(link->oldpath)) {
            bool symbolic = number == NR_SYMLINKAT;  // the link comes first there, and then what it says
            name = symbolic ? GET(link, newpath) : GET(link, oldpath);
            name2 = symbolic ? GET(link, oldpath) : GET(link, newpath);
            folder = symbolic ? GET(link, new_dfd) : GET(link, old_dfd);
            folder2 = symbolic ? AT_FDCWD : GET(link, new_dfd);
        }
    }
    // What it will come to is not known yet: wanted if any of its ends is, wherever the name leads.
    u32 word = number >> 6 & 7;
    barrier_var(word);
    bool listed = (filter->succeeded[word & 7] | filter->failed[word & 7]) >> (number & 63) & 1;
    if (!listed && !(filter->some & acts)) {
        dropped();
        return 0;
    }
    struct WireEvent* head = &event->head;
    fill_head(head, task, cgroup, host);
    head->kind = WIRE_URING;
    head->call = number;
    struct io_connect* connect = (void*)request;
    bool connects = number == NR_CONNECT && bpf_core_field_exists(connect->addr);
    struct file* file = NULL;
    struct io_socket* made = (void*)request;
    if (number == NR_SOCKET && bpf_core_field_exists(made->domain)) {
        folder = GET(made, domain);
        event->arguments.value[1] = GET(made, type);
        event->arguments.value[2] = GET(made, protocol);
    } else if (!acts && number != NR_SOCKET) {
        folder = uring_descriptor(request);
        file = file_of(task, folder);
    }
    bool socket = file && is_socket(file);
    if (socket || connects) {
        struct SocketEvent* other = (void*)room->event;
        head->parts = WIRE_HAS_SOCKET | WIRE_HAS_ARGUMENTS;
        __builtin_memset(&other->socket, 0, sizeof(other->socket) + sizeof(other->arguments));
        if (socket) fill_socket(&other->socket, file);
        other->arguments.value[0] = (long)folder;
        if (connects) {
            u64 address = (u64)GET(connect, addr);
            if (!socket) bpf_probe_read_user(&other->socket.family, sizeof(other->socket.family), (void*)address);
            claim_address(&other->socket, address, false);
        }
        head->size = sizeof(*other);
        send(&bulk_rings, WIRE_LOST_OTHER, other, sizeof(*other));
        return 0;
    }
    head->parts = WIRE_HAS_ARGUMENTS;
    event->arguments.value[0] = (long)folder;
    u32 at = sizeof(*event);
    if (name) {
        struct Text first = {.begin = at + sizeof(struct WireString)};
        at = add_kernel_text(room, head, at, WIRE_NAME, GET(name, name));
        first.at = at;
        u32 begin2 = at + sizeof(struct WireString);
        if (name2) at = add_kernel_text(room, head, at, WIRE_NAME2, GET(name2, name));
        struct Text second = {.begin = begin2, .at = at};
        at = add_root(room, head, at, task);
        at = add_folder(room, head, at, &first, folder, WIRE_CWD);
        at = add_folder(room, head, at, &second, folder2, WIRE_CWD2);
    }
    head->size = at;
    send(&bulk_rings, WIRE_LOST_OTHER, event, at);
    return 0;
}

#ifndef PLIMSOLL_OLD_KERNEL

/// Room for one event of what was folded; only the loader's one thread uses it.
struct FoldedEvent {
    struct WireEvent head;
    struct WireArguments arguments;
    struct WireString path;
    u8 text[FOLDED_PATH];
};
struct FoldedFile {
    struct WireEvent head;
    struct WireFile file;
    struct WireArguments arguments;
    struct WireString path;
    u8 text[FOLDED_PATH];
};
struct FoldedSocket {
    struct WireEvent head;
    struct WireSocket socket;
    struct WireArguments arguments;
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct FoldedFile);
} folded_room SEC(".maps");

static long tell_fold(void* map, struct FoldKey* key, struct Fold* fold, void* context) {
    u32 zero = 0;
    struct FoldedFile* out = bpf_map_lookup_elem(&folded_room, &zero);
    if (!out) return 1;
    u64 count = __sync_lock_test_and_set(&fold->count, FOLD_CLOSED) & ~FOLD_CLOSED;
    if (count) {
        struct WireArguments* arguments = &out->arguments;
        u32 size;
        __builtin_memcpy(&out->head, &fold->head, sizeof(out->head));
        out->head.kind = WIRE_FOLDED;
        out->head.parts = fold->parts | WIRE_HAS_ARGUMENTS;
        out->head.time = fold->last;
        // A file's record and a socket's are of one size, so what follows them stands at one place.
        if (fold->parts & WIRE_HAS_SOCKET) {
            __builtin_memcpy(&out->file, &fold->socket, sizeof(fold->socket));
            size = sizeof(struct FoldedSocket);
        } else {
            __builtin_memcpy(&out->file, &fold->file, sizeof(fold->file));
            u32 length = fold->path_length & 511;
            out->path.tag = WIRE_PATH;
            out->path.length = length;
            __builtin_memcpy(out->text, fold->path, FOLDED_PATH);
            size = sizeof(struct FoldedSocket) + sizeof(struct WireString) + ((length + 7) & ~7U);
            if (fold->path_length == FOLDED_PATH) out->head.flags |= WIRE_CUT;
        }
        arguments->value[0] = count;
        arguments->value[1] = fold->first;
        arguments->value[2] = fold->last;
        arguments->value[3] = fold->head.call;
        arguments->value[4] = fold->head.time;
        arguments->value[5] = 0;
        out->head.size = size;
        struct Share* share = share_of(&bulk_rings, out->head.cgroup);
        if (!share) return 1;
        barrier_var(size);
        if (size > sizeof(*out)) return 1;
        if (!offer(&bulk_rings, share, out, size)) {
            fold->count = count;  // open again: to be told of the next time
            return 0;
        }
    }
    bpf_map_delete_elem(&folds, key);
    return 0;
}

/// Run by the loader: tells of everything that was folded.
SEC("raw_tp/plimsoll_flush")
int flush(void* ctx) {
    bpf_for_each_map_elem(&folds, tell_fold, NULL, 0);
    return 0;
}

#endif
