#pragma once

// Calls that open, make, name or change files.

#include "call.h"

/// Where a call has the name it acts on and the folder that starts from, by number of the argument; which act it is.
struct Naming {
    u16 act;
    u8 name, folder;
    u8 second, second_folder;
    u8 flags, mode;
};

enum {
    NR_CHDIR = 80,
    NR_CREAT = 85,
    NR_OPENAT = 257,
    NR_MKDIRAT = 258,
    NR_UNLINKAT = 263,
    NR_RENAMEAT = 264,
    NR_LINKAT = 265,
    NR_SYMLINKAT = 266,
    NR_OPENAT2 = 437
};
#define OPENS(name, folder, flags, mode) \
    { 0, name, folder, NOTHING, HERE, flags, mode }
#define NAMES(act, name, folder) \
    { act, name, folder, NOTHING, HERE, NOTHING, NOTHING }
#define NAMES_TWO(act, name, folder, second, second_folder) \
    { act, name, folder, second, second_folder, NOTHING, NOTHING }

/// By x86-64 number.
const volatile struct Naming namings[CALLS] = {
    [2] = OPENS(0, HERE, 1, 2),                       // open
    [85] = OPENS(0, HERE, NOTHING, 1),                // creat
    [257] = OPENS(1, 0, 2, 3),                        // openat
    [437] = OPENS(1, 0, 2, 3),                        // openat2
    [304] = OPENS(NOTHING, HERE, 2, NOTHING),         // open_by_handle_at
    [87] = NAMES(ACT_UNLINK, 0, HERE),                // unlink
    [263] = NAMES(ACT_UNLINK, 1, 0),                  // unlinkat
    [84] = NAMES(ACT_RMDIR, 0, HERE),                 // rmdir
    [83] = NAMES(ACT_MKDIR, 0, HERE),                 // mkdir
    [258] = NAMES(ACT_MKDIR, 1, 0),                   // mkdirat
    [90] = NAMES(ACT_CHMOD, 0, HERE),                 // chmod
    [268] = NAMES(ACT_CHMOD, 1, 0),                   // fchmodat
    [452] = NAMES(ACT_CHMOD, 1, 0),                   // fchmodat2
    [92] = NAMES(ACT_CHOWN, 0, HERE),                 // chown
    [94] = NAMES(ACT_CHOWN, 0, HERE),                 // lchown
    [260] = NAMES(ACT_CHOWN, 1, 0),                   // fchownat
    [133] = NAMES(ACT_MKNOD, 0, HERE),                // mknod
    [259] = NAMES(ACT_MKNOD, 1, 0),                   // mknodat
    [82] = NAMES_TWO(ACT_RENAME, 0, HERE, 1, HERE),   // rename
    [264] = NAMES_TWO(ACT_RENAME, 1, 0, 3, 2),        // renameat
    [316] = NAMES_TWO(ACT_RENAME, 1, 0, 3, 2),        // renameat2
    [86] = NAMES_TWO(ACT_LINK, 0, HERE, 1, HERE),     // link
    [265] = NAMES_TWO(ACT_LINK, 1, 0, 3, 2),          // linkat
    [88] = NAMES_TWO(ACT_SYMLINK, 1, HERE, 0, HERE),  // symlink
    [266] = NAMES_TWO(ACT_SYMLINK, 2, 1, 0, HERE),    // symlinkat
    [80] = NAMES(0, 0, HERE),                         // chdir
    [161] = NAMES(0, 0, HERE),                        // chroot
    [155] = NAMES_TWO(0, 0, HERE, 1, HERE),           // pivot_root
    [165] = NAMES_TWO(0, 1, HERE, 0, HERE),           // mount
    [166] = NAMES(0, 0, HERE),                        // umount2
    [429] = NAMES_TWO(0, 3, 2, 1, 0),                 // move_mount
    [59] = NAMES(0, 0, HERE),                         // execve that failed
    [322] = NAMES(0, 1, 0),                           // execveat that failed
    [76] = NAMES(0, 0, HERE),                         // truncate
    [188] = NAMES(0, 0, HERE),                        // setxattr
    [189] = NAMES(0, 0, HERE),                        // lsetxattr
};

struct FileEvent {
    struct WireEvent head;
    struct WireFile file;
    struct WireArguments arguments;
};
struct NamedEvent {
    struct WireEvent head;
    struct WireArguments arguments;
};

/// The wishes for the file at the end of a walk: remembered, or judged by its path, which then stands in `text`.
static __always_inline u16 verdict(struct Call* call, struct Walk* walk, struct Text* text) {
    u32 place = walk->print & (VERDICTS - 1), now = bpf_jiffies64();
    struct Verdict* known = bpf_map_lookup_elem(&verdicts, &place);
    if (known && known->print == walk->print && known->check == walk->check && known->generation == call->generation &&
        now - known->born < 1024) {
        struct Counts* count = counted();
        if (count) count->cached++;
        return known->acts;
    }
    write_parts(text, walk->parts);
    text->lost = walk->lost;
    u16 acts = judge(text, call->generation);
    if (known) {
        known->print = walk->print;
        known->check = walk->check;
        known->generation = call->generation;
        known->born = now;
        known->acts = acts;
    }
    return acts;
}

/// A number of how the caller spelled a name, where rules may ask for that: another spelling is another event.
static __always_inline u64 spelling(struct Scratch* room, struct Call* call, u16 acts, u64 name, bool* folds) {
    struct FilterSlot* filter = filter_of(call);
    if (!name || !((filter->climbing | filter->pathed) & acts)) return 0;
    struct Beginning* beginning = &room->beginning;
    read_beginning(beginning, name);
    u64 number = 0;
    if (begins_with_proc(beginning) || beginning_climbs(beginning)) {
#pragma clang loop unroll(full)
        for (u32 i = 0; i < 8; i++) PART_MIX(number, beginning->words[i]);
        *folds = !beginning->cut;  // what is behind the beginning may differ
    } else if (beginning->cut) {
        struct Text claim = {};
        struct WireEvent ignored = {};
        add_user_text(room, &ignored, 16384, WIRE_NAME, name, &claim);
        *folds = !climbs(&claim);
    }
    return number;
}

/// Sends an event of an open file, its path following; folds what repeats.
static __always_inline int finish_open(struct Scratch* room, struct Call* call, struct file* file, u16 acts,
                                       struct Walk* walk, struct Text* text, u64 name, int folder, u32 flags) {
    struct FileEvent* event = (void*)room->event;
    struct inode* inode = GET(file, f_inode);
    struct super_block* block = GET(inode, i_sb);
    struct FoldKey* key = &room->fold_key;
    begin_fold_key(key, call);
    key->a = GET(inode, i_ino);
    key->b = GET(block, s_dev);
    key->acts = acts;
    key->port = flags;  // to cut a file short is another act than to add to it
    bool folds = settings.fold;
    key->name = walk->print ^ spelling(room, call, acts, name, &folds);
    if (folds && folded(key)) return 0;

    struct WireEvent* head = &event->head;
    fill_call(head, call, WIRE_HAS_FILE | WIRE_HAS_ARGUMENTS);
    fill_file(&event->file, file, head);
    fill_arguments(&event->arguments, call);
    if (text->at == text->begin) {
        write_parts(text, walk->parts);
        text->lost = walk->lost;
    }
    if (text->lost) head->flags |= WIRE_PATH_LOST;
    if (text->cut) head->flags |= WIRE_CUT;
    u32 path_begin = text->begin, path_length = text->at - text->begin;
    u32 at = end_string(room, text, WIRE_PATH);
    if (name) {
        struct Text claim = {};
        at = add_user_text(room, head, at, WIRE_NAME, name, &claim);
        at = add_root(room, head, at, task_of(call));
        at = add_folder(room, head, at, &claim, folder, WIRE_CWD);
    }
    head->size = at;
    if (send(&bulk_rings, WIRE_LOST_FILE, event, at) || !folds) return 0;

    start_fold(room, key, head, WIRE_HAS_FILE, &event->file, NULL, path_begin, path_length);
    return 0;
}

/// Without branches, each of which would double what the verifier looks at.
static __always_inline u16 acts_of(u32 flags, u32 mode) {
    u32 creates = flags >> 6 & 1;                               // O_CREAT
    u32 access = 0x3321 >> ((flags & 3) * 4) & 3;               // ACT_READ, ACT_WRITE; 3 is both, as for the kernel
    u32 executable = (mode | mode >> 3 | mode >> 6) & creates;  // any of the three bits x
    return access | (flags >> 9 & 1) << 1 | creates << 2 | (executable & 1) << 3 | (flags >> 16 & 1) << 4;
}

static __always_inline int failed_open(struct Scratch* room, struct Call* call, const volatile struct Naming* naming,
                                       u16 acts, bool listed) {
    struct FilterSlot* filter = filter_of(call);
    struct NamedEvent* event = (void*)room->event;
    struct WireEvent* head = &event->head;
    u16 wanted = listed ? acts : filter->every | wanted_of_program(call);
    fill_call(head, call, WIRE_HAS_ARGUMENTS);
    fill_arguments(&event->arguments, call);
    struct Text claim = {};
    u32 named = add_user_text(room, head, sizeof(*event), WIRE_NAME, argument(call, naming->name), &claim);
    u32 at = add_root(room, head, named, task_of(call));
    if (!(wanted & acts)) wanted |= at > named ? filter->pathed : judge_claim(&claim, call->generation);
    if (!(wanted & acts) && filter->climbing & acts && climbs(&claim)) wanted |= filter->climbing;
    if (!(wanted & acts)) {
        dropped();
        return 0;
    }
    at = add_folder(room, head, at, &claim, argument(call, naming->folder), WIRE_CWD);
    head->size = at;
    send(&bulk_rings, WIRE_LOST_FILE, event, at);
    return 0;
}

SEC("tp_btf/sys_exit")
int opened(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    struct FilterSlot* filter = filter_of(call);
    const volatile struct Naming* naming = &namings[call->number & (CALLS - 1)];
    if (call->number == NR_OPENAT2) {
        u64 how[3] = {};
        bpf_probe_read_user(how, sizeof(how), (void*)call->arguments[2]);
        call->arguments[2] = how[0];
        call->arguments[3] = how[1];
        call->arguments[4] = how[2];
    }
    u32 flags = argument(call, naming->flags);
    if (call->number == NR_CREAT) flags = O_CREAT | O_WRONLY | O_TRUNC;
    u16 acts = acts_of(flags, argument(call, naming->mode));
    // An open by a handle may be wanted for what it is, whichever file that leads to.
    bool listed = naming->name == NOTHING && wanted_call(call);
    if (call->result < 0) {
        acts = ACT_FAILED;
        return listed || filter->some & acts ? failed_open(room, call, naming, acts, listed) : 0;
    }
    struct task_struct* task = task_of(call);
    struct file* file = file_of(task, call->result);
    if (!file) return 0;
    // The kernel's own word on it: flags in the caller's memory may have changed since.
    struct inode* inode = GET(file, f_inode);
    acts |= acts_of(GET(file, f_flags), 0);
    acts |= acts_of(GET(file, f_mode) & FMODE_CREATED ? O_CREAT : 0, GET(inode, i_mode)) & (ACT_CREATE | ACT_EXECUTE);
    if (!(filter->some & acts) && !listed) {
        dropped();
        return 0;
    }
    struct Walk walk;
    begin_walk(&walk, room, GET(file, f_path.dentry), GET(file, f_path.mnt));
    walk_fast(&walk, room);
    walk_up(&walk, room);
    struct Text text = begin_string(room, sizeof(struct FileEvent));
    u16 wanted = listed ? 0xffff : filter->every;
    if (!(wanted & acts)) wanted |= verdict(call, &walk, &text);
    if (!(wanted & acts)) wanted |= wanted_of_program(call);
    u64 name = argument(call, naming->name);
    if (!(wanted & acts) && name && (filter->climbing | filter->pathed) & acts) {
        // Names that lead through /proc may lead anywhere, and may be wanted as they were written.
        struct Beginning* beginning = &room->beginning;
        bool climbing = filter->climbing & acts;
        if (climbing) {
            read_beginning(beginning, name);
            if (beginning_climbs(beginning)) wanted |= filter->climbing;
        } else {
            beginning->cut = false;
            beginning->words[0] = 0;
            bpf_probe_read_user(beginning->words, 8, (void*)name);  // fails where a shorter name ends a page
        }
        bool proc = begins_with_proc(beginning) && filter->pathed & acts;
        if (!(wanted & acts) && (proc || beginning->cut)) {
            struct Text claim = {};
            struct WireEvent ignored = {};
            add_user_text(room, &ignored, 16384, WIRE_NAME, name, &claim);
            if (proc) wanted |= is_rooted(task) ? judge_claim(&claim, call->generation) : filter->pathed;
            if (climbing && climbs(&claim)) wanted |= filter->climbing;
        }
    }
    if (!(wanted & acts)) {
        dropped();
        return 0;
    }
    return finish_open(room, call, file, acts, &walk, &text, name, argument(call, naming->folder), flags);
}

/// Calls that name one or two files. What they named may be gone or be another by now, so the event tells what the
/// caller wrote and the kernel's path of the folder that a relative name started from.
SEC("tp_btf/sys_exit")
int named(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    struct FilterSlot* filter = filter_of(call);
    const volatile struct Naming* naming = &namings[call->number & (CALLS - 1)];
    u16 act = naming->act;
    if (call->number == NR_UNLINKAT && call->arguments[2] & 0x200) act = ACT_RMDIR;
    bool listed = wanted_call(call);
    if (!(filter->some & act) && !listed) return 0;
    struct NamedEvent* event = (void*)room->event;
    struct WireEvent* head = &event->head;
    fill_call(head, call, WIRE_HAS_ARGUMENTS);
    fill_arguments(&event->arguments, call);
    u16 wanted = filter->every | wanted_of_program(call);
    struct Text first = {}, second = {};
    u32 at = add_user_text(room, head, sizeof(*event), WIRE_NAME, argument(call, naming->name), &first);
    if (naming->second != NOTHING)
        at = add_user_text(room, head, at, WIRE_NAME2, argument(call, naming->second), &second);
    u32 named = at;
    at = add_root(room, head, at, task_of(call));
    if (!listed && at > named) wanted |= filter->pathed;
    if (!listed && !(wanted & act)) wanted |= judge_claim(&first, call->generation);
    if (!listed && !(wanted & act) && naming->second != NOTHING) wanted |= judge_claim(&second, call->generation);
    if (!listed && !(wanted & act) && filter->climbing & act && (climbs(&first) || climbs(&second)))
        wanted |= filter->climbing;
    if (!listed && !(wanted & act)) {
        dropped();
        return 0;
    }
    // Without a name (AT_EMPTY_PATH) it is the descriptor's own file, which the kernel can name.
    if (first.at == first.begin && naming->folder != HERE && call->result >= 0)
        at = add_descriptor(room, head, at, argument(call, naming->folder), WIRE_PATH);
    at = add_folder(room, head, at, &first, argument(call, naming->folder), WIRE_CWD);
    if (call->number == NR_CHDIR && call->result >= 0) {  // where it led
        struct fs_struct* fs = GET(task_of(call), fs);
        struct Walk walk;
        begin_walk(&walk, room, GET(fs, pwd.dentry), GET(fs, pwd.mnt));
        at = add_path(room, head, at, WIRE_PATH, &walk);
    }
    if (naming->second != NOTHING)
        at = add_folder(room, head, at, &second, argument(call, naming->second_folder), WIRE_CWD2);
    head->size = at;
    send(&bulk_rings, WIRE_LOST_FILE, event, at);
    return 0;
}
