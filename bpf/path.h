#pragma once

// Paths: the kernel's own name of a file, walked from its entry up to the top of what is mounted, whatever root the
// process has given itself (chroot), and what the filter wants of such a path. Every part of a path is looked at; one
// with more parts than fit is sent, never dropped.

#include "task.h"

enum { STEPS = 10, OLD_STEPS = 32 };  // steps without a call for each; most steps where there are no loops by call

/// On the way up from an entry.
struct Walk {
    struct dentry* entry;
    struct mount* mount;
    struct dentry* mount_root;
    u64 print, check;
    u32 parts;  ///< entries found, in Scratch.parts
    bool done, lost;
};

/// Text that is put together in Scratch.event.
struct Text {
    u32 begin;  ///< of the string's bytes
    u32 at;     ///< end so far
    u32 parts;  ///< of a path, beginning at Scratch.starts
    bool cut, lost;
};

#define GOLDEN 0x9e3779b97f4a7c15ULL

// Pointers cannot be mixed into a number where the kernel knows them as pointers; their difference can, from what lies
// at one place for all processors.
#define SCALAR(pointer) (DIRECT ? (u64)(pointer) - (u64)&control : (u64)(pointer))

static __always_inline struct mount* mount_of(struct vfsmount* mnt) {
    return (void*)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void mix_print(struct Walk* walk, u64 number) {
    walk->print = (walk->print ^ number) * PATH_STEP;
    walk->print ^= walk->print >> 29;
    walk->check = (walk->check + number) * PART_STEP;
    walk->check ^= walk->check >> 32;
}

/// One entry or mount further up; 1 at the end.
static __always_inline long climb(struct Walk* walk, struct Scratch* scratch) {
    struct dentry* entry = walk->entry;
    if (entry == walk->mount_root) {
        struct mount* above = GET(walk->mount, mnt_parent);
        if (above != walk->mount && above) {
            mix_print(walk, SCALAR(walk->mount));
            walk->entry = GET(walk->mount, mnt_mountpoint);
            walk->mount = above;
            walk->mount_root = GET(above, mnt.mnt_root);
            return 0;
        }
        // Mounted nowhere. A file that was mounted alone and then detached, as runtimes run their own program, has the
        // name that its file system knows.
        if (walk->parts) goto end;
        walk->mount_root = NULL;
    }
    struct dentry* parent = GET(entry, d_parent);
    u32 n = walk->parts;
    // At the top of what is mounted nowhere; a file in memory has its name there.
    bool top = parent == entry || !parent;
    if (top && (n || GET(entry, d_name.len) <= 1)) goto end;
    if (n >= MOST_PARTS) {
        walk->lost = walk->done = true;
        return 1;
    }
    walk->parts = n + 1;
    barrier_var(n);  // the bound is to be known where it is used
    scratch->parts[n & (MOST_PARTS - 1)] = (u64)entry;
    mix_print(walk, SCALAR(entry) * GOLDEN + GET(entry, d_name.hash_len));
    walk->entry = parent;
    if (!top) return 0;
end:
    walk->done = true;
    return 1;
}

static long climb_on(u32 step, void* context) {
    struct Scratch* room = scratch();
    if (!room) return 1;
    return climb(context, room);
}

static __always_inline void begin_walk(struct Walk* walk, struct Scratch* room, struct dentry* entry,
                                       struct vfsmount* mnt) {
    walk->entry = entry;
    walk->mount = mount_of(mnt);
    walk->mount_root = GET(mnt, mnt_root);
    walk->print = PATH_SEED;
    walk->check = PART_SEED;
    walk->parts = *(volatile u32*)&room->zero;
    walk->done = walk->lost = false;
}

/// The first steps where every nanosecond counts; the verifier pays for them.
static __always_inline void walk_fast(struct Walk* walk, struct Scratch* scratch) {
    if (!(LOOPS)) return;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < STEPS; i++)
        if (climb(walk, scratch)) break;
}

static __always_inline void walk_up(struct Walk* walk, struct Scratch* scratch) {
    if (LOOPS) {
        if (!walk->done) bpf_loop(2 * MOST_PARTS, climb_on, walk, 0);
    } else {
#pragma clang loop unroll(disable)
        for (u32 i = 0; i < OLD_STEPS; i++)
            if (climb(walk, scratch)) break;
    }
    if (!walk->done) walk->lost = true;
}

/// On the way down: parts are written one after the other.
struct Descent {
    struct Text text;
    u32 left;
};

static __always_inline long write_part(struct Descent* down, struct Scratch* scratch) {
    if (down->left == 0) return 1;
    down->left--;
    struct dentry* entry = (void*)scratch->parts[down->left & (MOST_PARTS - 1)];
    const unsigned char* name = GET(entry, d_name.name);
    u32 length = GET(entry, d_name.len) & 0xff, at = down->text.at & 0x7fff;
    if (at + 1 + length > down->text.begin + MOST_PATH || down->text.parts >= MOST_PARTS) {
        down->text.cut = true;
        return 1;
    }
    u32 n = down->text.parts & (MOST_PARTS - 1);
    barrier_var(n);  // the bound is to be known where it is used
    scratch->starts[n] = at;
    down->text.parts = n + 1;
    scratch->event[at] = '/';
    bpf_probe_read_kernel(scratch->event + at + 1, length, name);
    down->text.at = at + 1 + length;
    return 0;
}

static long write_part_on(u32 step, void* context) {
    struct Scratch* room = scratch();
    return room ? write_part(context, room) : 1;
}

/// Writes the path of a finished walk.
VERIFIED_ONCE int write_parts(struct Text* text, u32 parts) {
    struct Scratch* room = scratch();
    if (!room || !text) return 0;
    struct Descent down = {.text = *text, .left = parts};
    if (LOOPS) {
        bpf_loop(MOST_PARTS, write_part_on, &down, 0);
    } else {
#pragma clang loop unroll(disable)
        for (u32 i = 0; i < OLD_STEPS; i++)
            if (write_part(&down, room)) break;
    }
    *text = down.text;
    return 0;
}

/// What the filter wants of a path.
struct Judgement {
    u64 hash;
    u32 end;
    u32 parts, next;
    u32 slot;
    u16 acts;
};

static __always_inline u16 wanted_of(u64 hash, u32 slot, bool last) {
    if (!(control.filter[slot & 1].bloom[BLOOM_WORD(hash)] & BLOOM_BIT(hash))) return 0;
    struct PathWish* wish = bpf_map_lookup_elem(&wishes, &hash);
    if (!wish) return 0;
    return wish->any[slot & 1] | (last ? wish->last[slot & 1] : 0);
}

/// The number of a part of a path that stands in Scratch.event.
VERIFIED_ONCE u64 part_number(u32 begin, u32 length) {
    struct Scratch* room = scratch();
    if (!room) return 0;
    u64 part = PART_SEED ^ length;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 256; i += 8) {
        if (i >= length) break;
        u64 word = *(u64*)(room->event + ((begin + i) & 0x7fff));
        u32 left = length - i;
        if (left < 8) word &= (1ULL << ((left * 8) & 63)) - 1;
        PART_MIX(part, word);
    }
    return part;
}

static __always_inline long judge_part(struct Judgement* j, struct Scratch* scratch) {
    u32 n = j->next;
    if (n >= j->parts) return 1;
    bool last = n + 1 == j->parts;
    u32 begin = scratch->starts[n & (MOST_PARTS - 1)] + 1;
    u32 end = last ? j->end : scratch->starts[(n + 1) & (MOST_PARTS - 1)];
    u32 length = end - begin;
    u64 part = part_number(begin, length);
    PATH_MIX(j->hash, part);
    j->acts |= wanted_of(part, j->slot, last) | wanted_of(j->hash, j->slot, last);
    j->next = n + 1;
    return 0;
}

static long judge_part_on(u32 step, void* context) {
    struct Scratch* room = scratch();
    return room ? judge_part(context, room) : 1;
}

/// The acts that are wanted of the path that `text` is.
VERIFIED_ONCE int judge(struct Text* text, u32 slot) {
    struct Scratch* room = scratch();
    if (!room || !text) return 0;
    struct FilterSlot* filter = &control.filter[slot & 1];
    u16 every = filter->every, pathed = filter->pathed;
    if (text->lost || text->cut || text->parts == 0 || every == pathed) return pathed;
    if (!(LOOPS)) return pathed;  // too much for a verifier that follows every round of a loop
    struct Judgement j = {.hash = PATH_SEED, .end = text->at, .parts = text->parts, .slot = slot, .acts = every};
    j.next = *(volatile u32*)&room->zero;
    bpf_loop(MOST_PARTS, judge_part_on, &j, 0);
    return j.next < j.parts ? pathed : j.acts;
}

/// A file's path as a string of the event: where the next string may begin.
static __always_inline u32 end_string(struct Scratch* scratch, struct Text* text, u32 tag) {
    if (text->at == text->begin) {
        scratch->event[text->at & 0x7fff] = '/';
        text->at++;
    }
    struct WireString* string = (void*)(scratch->event + ((text->begin - sizeof(struct WireString)) & 0x7fff));
    string->tag = tag;
    string->length = text->at - text->begin;
    return (text->at + 7) & ~7U;
}

static __always_inline struct Text begin_string(struct Scratch* room, u32 at) {
    struct Text text = {.begin = at + sizeof(struct WireString),
                        .at = at + sizeof(struct WireString),
                        .parts = *(volatile u32*)&room->zero};
    return text;
}

/// Walks up from an entry and writes its path; flags of the event that come of it are added.
static __always_inline u32 add_path(struct Scratch* room, struct WireEvent* head, u32 at, u32 tag, struct Walk* walk) {
    walk_up(walk, room);
    struct Text text = begin_string(room, at);
    write_parts(&text, walk->parts);
    if (walk->lost) head->flags |= WIRE_PATH_LOST;
    if (text.cut) head->flags |= WIRE_CUT;
    return end_string(room, &text, tag);
}
