#pragma once

// A system call that returned: which, with what, of whom; and the filter's tables for it.

#include "process.h"

/// Acts on files, the bits of model::FileAct.
enum Act {
    ACT_READ = 1 << 0,
    ACT_WRITE = 1 << 1,
    ACT_CREATE = 1 << 2,
    ACT_EXECUTE = 1 << 3,
    ACT_DIRECTORY = 1 << 4,
    ACT_FAILED = 1 << 5,
    ACT_UNLINK = 1 << 6,
    ACT_RENAME = 1 << 7,
    ACT_LINK = 1 << 8,
    ACT_SYMLINK = 1 << 9,
    ACT_MKDIR = 1 << 10,
    ACT_RMDIR = 1 << 11,
    ACT_CHMOD = 1 << 12,
    ACT_CHOWN = 1 << 13,
    ACT_MKNOD = 1 << 14,
};

enum { NOTHING = 6, HERE = 7 };  // arguments that are 0 and AT_FDCWD

enum { SOCKETCALL = 102 };

/// The x86-64 number of what socketcall(2), the one call of 32-bit programs for all that sockets do, was asked for.
static __always_inline u32 socketcall_number(u32 which) {
    switch (which) {
        case 1: return 41;
        case 2: return 49;
        case 3: return 42;
        case 4: return 50;
        case 5: return 43;
        case 9:
        case 11: return 44;
        case 10:
        case 12: return 45;
        case 16: return 46;
        case 17: return 47;
        case 18: return 288;
        case 19: return 299;
        case 20: return 307;
        default: return 0xffff;
    }
}

static __always_inline bool is_compat(struct task_struct* task) { return GET(task, thread_info.status) & TS_COMPAT; }

static __always_inline u32 call_number(struct pt_regs* regs, bool compat) {
    u32 number = regs->orig_ax;
    if (number >= CALLS) return 0xffff;
    if (!compat) return number;
    if (number == SOCKETCALL) return socketcall_number(regs->bx);
    return control.native[number];
}

static __always_inline void fetch_arguments(struct Call* call, struct pt_regs* regs) {
    call->arguments[NOTHING] = 0;
    call->arguments[HERE] = AT_FDCWD;
    if (!call->compat) {
        call->arguments[0] = regs->di;
        call->arguments[1] = regs->si;
        call->arguments[2] = regs->dx;
        call->arguments[3] = regs->r10;
        call->arguments[4] = regs->r8;
        call->arguments[5] = regs->r9;
        return;
    }
    if ((u32)regs->orig_ax == SOCKETCALL) {
        u32 from[6] = {};
        bpf_probe_read_user(from, sizeof(from), (void*)(u64)(u32)regs->cx);
        for (u32 i = 0; i < 6; i++) call->arguments[i] = from[i];
        return;
    }
    call->arguments[0] = (u32)regs->bx;
    call->arguments[1] = (u32)regs->cx;
    call->arguments[2] = (u32)regs->dx;
    call->arguments[3] = (u32)regs->si;
    call->arguments[4] = (u32)regs->di;
    call->arguments[5] = (u32)regs->bp;
}

static __always_inline struct task_struct* task_of(struct Call* call) { return (void*)call->task; }

static __always_inline struct FilterSlot* filter_of(struct Call* call) { return &control.filter[call->generation & 1]; }

/// The cgroup of the task whose call it is, and whether that is the host's, as for the call before where that is the
/// same.
static __always_inline void find_cgroup(struct Scratch* room, struct task_struct* task) {
    struct Call* call = &room->call;
    u64 cgroup = task_cgroup(task);
    u32 known = control.known;
    call->cgroup = cgroup;
    if (room->last_cgroup != cgroup || room->last_known != known) {
        room->last_cgroup = cgroup;
        room->last_known = known;
        room->last_host = !in_container(cgroup);
    }
    call->host = room->last_host;
}

/// The call, in Scratch, where `calls` has begun it; null when nobody wants anything of this task's calls.
static __always_inline struct Scratch* begin_call(u64* ctx) {
    struct pt_regs* regs = (void*)ctx[0];
    struct Scratch* room = scratch();
    if (!room) return NULL;
    struct Call* call = &room->call;
    struct task_struct* task = (void*)call->task;
    u32 generation = control.generation, slot = generation & 1;
    find_cgroup(room, task);
    if (call->host && (!control.filter[slot].host || GET(task, tgid) == settings.own_pid)) return NULL;
    call->generation = generation;
    call->result = call->compat ? (long)(int)ctx[1] : (long)ctx[1];
    fetch_arguments(call, regs);
    return room;
}

/// Whether a call that names no file is wanted.
static __always_inline bool wanted_call(struct Call* call) {
    u32 number = call->number & (CALLS - 1);
    struct FilterSlot* filter = filter_of(call);
    u64* bits = call->result < 0 ? filter->failed : filter->succeeded;
    return bits[number >> 6] >> (number & 63) & 1;
}

/// The call that returned, where its number and outcome alone are wanted; null when nothing is to be told of it.
static __always_inline struct Scratch* begin_wanted_call(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return NULL;
    if (wanted_call(&room->call)) return room;
    dropped();
    return NULL;
}

static __always_inline void fill_call(struct WireEvent* head, struct Call* call, u8 parts) {
    fill_head(head, task_of(call), call->cgroup, call->host);
    head->kind = WIRE_CALL;
    head->parts = parts;
    head->call = call->number;
    head->result = call->result;
    if (call->compat) head->flags |= WIRE_COMPAT;
}

static __always_inline void fill_arguments(struct WireArguments* out, struct Call* call) {
    for (u32 i = 0; i < 6; i++) out->value[i] = call->arguments[i];
}

/// What the caller wrote, as a string of the event; read after the call, so a claim. Nothing when it cannot be read.
static __always_inline u32 add_user_text(struct Scratch* room, struct WireEvent* head, u32 at, u32 tag, u64 address,
                                         struct Text* text) {
    at &= 0x7fff;
    struct WireString* string = (void*)(room->event + at);
    long length = bpf_probe_read_user_str(room->event + at + sizeof(*string), MOST_PATH + 1, (void*)address);
    text->begin = text->at = at + sizeof(*string);
    if (length <= 0) return at;
    if (length > MOST_PATH) {  // more than a call takes
        head->flags |= WIRE_CUT;
        length = MOST_PATH;
    }
    length--;
    text->at += length;
    string->tag = tag;
    string->length = length;
    return at + sizeof(*string) + ((length + 7) & ~7ULL);
}

enum { PROCESS_ROOT = -1000 };  // in place of a descriptor

/// Whether the process's root is the top of what is mounted. After chroot it is not, and its names mean other files.
static __always_inline bool is_rooted(struct task_struct* task) {
    struct fs_struct* fs = GET(task, fs);
    struct vfsmount* mnt = GET(fs, root.mnt);
    struct mount* mount = mount_of(mnt);
    if (GET(fs, root.dentry) != GET(mnt, mnt_root)) return false;
    struct mount* above = GET(mount, mnt_parent);
    if (!above || above == mount) return true;
    // The kernel's own first root lies below every tree; nothing is seen of it.
    return GET(mount, mnt_mountpoint) == GET(above, mnt.mnt_root) && GET(above, mnt_parent) == above;
}

/// Adds the path of the descriptor's file, of the current folder or of the process's root as a string of that tag, and
/// says where the event goes on; what `text` was is overwritten by how the path came out. A root that is the top is not
/// added.
VERIFIED_ONCE u32 write_folder(struct Text* text, u32 at, int descriptor, u32 tag) {
    struct Scratch* room = scratch();
    struct task_struct* task = (void*)bpf_get_current_task();
    if (!room || !text) return at;
    struct Walk walk;
    if (descriptor == AT_FDCWD || descriptor == PROCESS_ROOT) {
        struct fs_struct* fs = GET(task, fs);
        struct vfsmount* mnt = GET(fs, pwd.mnt);
        struct dentry* entry = GET(fs, pwd.dentry);
        if (descriptor == PROCESS_ROOT) {
            mnt = GET(fs, root.mnt);
            entry = GET(fs, root.dentry);
        }
        begin_walk(&walk, room, entry, mnt);
    } else {
        struct file* file = file_of(task, descriptor);
        if (!file) return at;
        begin_walk(&walk, room, GET(file, f_path.dentry), GET(file, f_path.mnt));
    }
    walk_up(&walk, room);
    if (descriptor == PROCESS_ROOT && walk.parts == 0) return at;
    struct Text path = begin_string(room, at);
    write_parts(&path, walk.parts);
    text->cut = path.cut;
    text->lost = walk.lost;
    return end_string(room, &path, tag);
}

static __always_inline u32 add_descriptor(struct Scratch* room, struct WireEvent* head, u32 at, int descriptor,
                                          u32 tag) {
    struct Text path = {};
    at = write_folder(&path, at, descriptor, tag);
    if (path.lost) head->flags |= WIRE_PATH_LOST;
    if (path.cut) head->flags |= WIRE_CUT;
    return at;
}

static __always_inline bool is_relative(struct Scratch* room, struct Text* claim) {
    return claim->at > claim->begin && room->event[claim->begin & 0x7fff] != '/';
}

/// The folder, where the caller's text is a relative name.
static __always_inline u32 add_folder(struct Scratch* room, struct WireEvent* head, u32 at, struct Text* claim,
                                      int descriptor, u32 tag) {
    return is_relative(room, claim) ? add_descriptor(room, head, at, descriptor, tag) : at;
}

/// The process's root, where that is not the top.
static __always_inline u32 add_root(struct Scratch* room, struct WireEvent* head, u32 at, struct task_struct* task) {
    return is_rooted(task) ? at : add_descriptor(room, head, at, PROCESS_ROOT, WIRE_ROOT);
}

/// On the way through a caller's path: where its parts begin.
struct Claim {
    u32 at, end, part, parts;
    bool odd;
};

static __always_inline long take_byte(struct Claim* claim, struct Scratch* room) {
    u32 at = claim->at;
    if (at > claim->end) return 1;
    u8 byte = at == claim->end ? '/' : room->event[at & 0x7fff];
    if (byte == '/') {
        u32 length = at - claim->part;
        if (at > claim->part || claim->parts) {
            bool points = length == 2 && room->event[(at - 1) & 0x7fff] == '.' && room->event[(at - 2) & 0x7fff] == '.';
            if (length == 0 || points || (length == 1 && room->event[(at - 1) & 0x7fff] == '.')) claim->odd = true;
        }
        if (at != claim->end) {
            if (claim->parts >= MOST_PARTS) {
                claim->odd = true;
                return 1;
            }
            room->starts[claim->parts & (MOST_PARTS - 1)] = at;
            claim->parts++;
        }
        claim->part = at + 1;
    }
    claim->at = at + 1;
    return claim->odd;
}

static long take_byte_on(u32 step, void* context) {
    struct Scratch* room = scratch();
    return room ? take_byte(context, room) : 1;
}

/// The acts that are wanted of what a caller wrote: all that are wanted of anything, when it is no normal absolute
/// path.
VERIFIED_ONCE int judge_claim(struct Text* text, u32 slot) {
    struct Scratch* room = scratch();
    if (!room || !text) return 0;
    u16 pathed = control.filter[slot & 1].pathed;
    if (text->at <= text->begin || room->event[text->begin & 0x7fff] != '/') return pathed;
    if (control.filter[slot & 1].every == pathed) return pathed;
    if (!(LOOPS)) return pathed;
    struct Claim claim = {.at = text->begin, .end = text->at, .part = text->begin + 1};
    claim.parts = *(volatile u32*)&room->zero;
    bpf_loop(MOST_PATH + 1, take_byte_on, &claim, 0);
    if (claim.odd || claim.at <= claim.end) return pathed;
    text->parts = claim.parts;
    text->lost = text->cut = false;
    return judge(text, slot);
}

/// Whether two points stand in a row in the caller's text; a text too long to look through is taken to have them.
VERIFIED_ONCE int climbs(struct Text* text) {
    struct Scratch* room = scratch();
    if (!room || !text) return 1;
    u32 length = text->at - text->begin;
    if (length > 256) return 1;
    const u64 ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL, points = 0x2e2e2e2e2e2e2e2eULL;
    u64 found = *(volatile u32*)&room->zero;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 256; i += 8) {
        if (i >= length) break;
        u64 here = *(u64*)(room->event + ((text->begin + i) & 0x7fff)) ^ points;
        u64 next = *(u64*)(room->event + ((text->begin + i + 1) & 0x7fff)) ^ points;
        u64 both = here | next;
        found |= (both - ones) & ~both & highs;  // what lies behind the end may add to it
    }
    return found != 0;
}

/// Argument of that number.
static __always_inline u64 argument(struct Call* call, u32 which) { return call->arguments[which & 7]; }

/// Reads the beginning of a name that lies in the caller's memory.
static __always_inline void read_beginning(struct Beginning* out, u64 name) {
    __builtin_memset(out, 0, sizeof(*out));
    out->cut = bpf_probe_read_user_str(out->words, 64, (void*)name) >= 64;
}

static __always_inline bool begins_with_proc(struct Beginning* beginning) {
    return (beginning->words[0] & 0xffffffffffffULL) == 0x2f636f72702fULL;
}

/// Whether two points stand in a row there.
static __always_inline bool beginning_climbs(struct Beginning* beginning) {
    const u64 ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL, points = 0x2e2e2e2e2e2e2e2eULL;
    u64 found = 0;
#pragma clang loop unroll(full)
    for (u32 i = 0; i < 8; i++) {
        u64 here = beginning->words[i] ^ points;
        u64 next = (beginning->words[i] >> 8 | beginning->words[i + 1] << 56) ^ points;
        u64 both = here | next;
        found |= (both - ones) & ~both & highs;
    }
    return found != 0;
}

/// Acts that are wanted of this process for what it is.
static __always_inline u16 wanted_of_program(struct Call* call) {
    struct FilterSlot* filter = filter_of(call);
    if (!filter->programs) return 0;
    u32 pid = GET(task_of(call), tgid);
    u64* number = bpf_map_lookup_elem(&programs, &pid);
    if (!number) return filter->programs;
    return wanted_of(*number, call->generation, true);
}

/// Who repeats, and which call.
static __always_inline void begin_fold_key(struct FoldKey* key, struct Call* call) {
    struct task_struct* task = task_of(call);
    struct task_struct* leader = GET(task, group_leader);
    struct cred* cred = GET(task, cred);
    __builtin_memset(key, 0, sizeof(*key));
    key->start = GET(leader, start_boottime);
    key->pid = GET(task, tgid);
    key->program = GET(task, self_exec_id);
    key->euid = GET(cred, euid.val);
    key->call = call->number;
}

#ifdef PLIMSOLL_OLD_KERNEL

// To count what repeats and to tell of it once takes atomic operations that say what was there before: from 5.12.
static __always_inline bool folded(struct FoldKey* key) { return false; }
static __always_inline void start_fold(struct Scratch* room, struct FoldKey* key, struct WireEvent* head, u8 parts,
                                       struct WireFile* file, struct WireSocket* socket, u32 path, u32 length) {}

#else

#define FOLD_CLOSED (1ULL << 63)

/// Whether this is a repetition of what was sent already; then it was counted.
static __always_inline bool folded(struct FoldKey* key) {
    struct Fold* fold = bpf_map_lookup_elem(&folds, key);
    if (!fold) return false;
    u64 now = bpf_ktime_get_boot_ns(), before = __sync_fetch_and_add(&fold->count, 1);
    if (before & FOLD_CLOSED) return false;  // it is being told of and removed
    if (before == 0) fold->first = now;
    fold->last = now;
    struct Counts* count = counted();
    if (count) count->folded++;
    return true;
}

/// From now on repetitions of the event that was sent are counted, if there is room. The entry is put together behind
/// the event, where arguments of programs stand otherwise.
static __always_inline void start_fold(struct Scratch* room, struct FoldKey* key, struct WireEvent* head, u8 parts,
                                       struct WireFile* file, struct WireSocket* socket, u32 path, u32 length) {
    struct Fold* fold = (void*)(room->event + 0x8000);
    fold->count = fold->first = fold->last = 0;
    __builtin_memcpy(&fold->head, head, sizeof(fold->head));
    if (file) __builtin_memcpy(&fold->file, file, sizeof(fold->file));
    if (socket) __builtin_memcpy(&fold->socket, socket, sizeof(fold->socket));
    fold->parts = parts;
    fold->path_length = length < FOLDED_PATH ? length : FOLDED_PATH;
    bpf_probe_read_kernel(fold->path, FOLDED_PATH, room->event + (path & 0x7fff));
    bpf_map_update_elem(&folds, key, fold, BPF_NOEXIST);
}

#endif
