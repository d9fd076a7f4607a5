#pragma once

#include "kernel.h"
#include "sensor/wire.h"
#include "shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct Settings settings = {};
struct Control control = {};

/// A system call that returned. It stands in a map rather than on the stack: the verifier then follows what is done
/// with it once, and not once for each way in which it can have come about.
struct Call {
    u64 task;          ///< struct task_struct *
    u64 arguments[8];  ///< six; [6] is 0, [7] AT_FDCWD
    long result;
    u64 cgroup;
    u32 generation;  ///< of the filter; its lowest bit is the slot
    u16 number;
    u8 compat, host;
};

/// The beginning of a name that lies in the caller's memory, looked at in one go.
struct Beginning {
    u64 words[9];
    u32 cut;
};

/// Repetitions: the first is sent, the others are counted until the loader asks for them.
struct FoldKey {
    u64 start;
    u64 a, b;     ///< the file's device and number, or the remote address
    u64 name;     ///< of the file: a number of the entries on its path and of how the caller spelled it
    u64 program;  ///< grows with each program that the process runs
    u32 pid;
    u32 euid;
    u32 port;  ///< that was connected to, with the protocol; of a file the flags it was opened with
    u16 call;
    u16 acts;
    u8 failed;
    u8 reserved[7];
};

/// Room to put an event together; one for each processor, since a system call's exit is not interrupted by another's.
struct Scratch {
    u8 event[32768 + MOST_ARGUMENTS + 64];
    struct Call call;
    struct Beginning beginning;  ///< here and not on the stack, which holds 512 bytes for all calls together
    struct FoldKey fold_key;
    u64 last_cgroup;  ///< the cgroup of the call before, whether it was the host's, and as of which table
    u32 last_host, last_known;
    u8 name[MOST_PATH + 8];  ///< what a caller wrote
    u64 parts[MOST_PARTS];   ///< entries of a path, from the last to the first; or hashes of its beginnings
    u32 starts[MOST_PARTS];  ///< where the parts of a caller's path begin
    u32 zero;  ///< 0, which the verifier does not know: a count that begins with it is not followed step by step
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);  // the loader: one for each processor
    __type(key, u32);
    __type(value, struct Scratch);
} scratches SEC(".maps");

struct Ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 262144);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(u32));
    __array(values, struct Ring);
} bulk_rings SEC(".maps"), first_rings SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct Counts);
} counts SEC(".maps");

/// By SHARE_PLACE, those of the first rings behind those of the others.
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2 * SHARES);
    __type(key, u32);
    __type(value, struct Share);
} shares SEC(".maps");

/// Cgroups of containers, by number; which container it is, as CONTAINER_NUMBER.
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 65536);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, u64);
    __type(value, u64);
} containers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, u64);
    __type(value, struct PathWish);
} wishes SEC(".maps");

/// What a path was judged to be: acts that are wanted of it. Valid while every entry from the file up to the root is
/// the same and has the same name.
struct Verdict {
    u64 print, check;  ///< two numbers of the chain of entries
    u32 generation;
    u32 born;  ///< low bits of the kernel's ticks
    u16 acts;
    u16 reserved[3];
};
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, VERDICTS);
    __type(key, u32);
    __type(value, struct Verdict);
} verdicts SEC(".maps");

/// What was repeated.
struct Fold {
    u64 count;  ///< beyond the one that was sent
    u64 first, last;
    struct WireEvent head;
    struct WireFile file;
    struct WireSocket socket;
    u32 path_length;
    u8 parts;
    u8 reserved[3];
    u8 path[FOLDED_PATH];
};
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct FoldKey);
    __type(value, struct Fold);
} folds SEC(".maps");

/// What a process was called when it was made or last ran a program, as a number: what it calls itself later does not
/// count.
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 65536);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, u32);
    __type(value, u64);
} programs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, SHAPES);
    __type(key, u32);
    __type(value, u32);
} shapes SEC(".maps");

static __always_inline struct Counts* counted(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&counts, &zero);
}

static __always_inline struct Scratch* scratch(void) {
    u32 cpu = bpf_get_smp_processor_id();
    return bpf_map_lookup_elem(&scratches, &cpu);
}

/// The share of a cgroup in this processor's ring: that of the container it belongs to, however many cgroups it makes.
static __always_inline struct Share* share_of(void* rings, u64 cgroup) {
    u64* container = bpf_map_lookup_elem(&containers, &cgroup);
    u32 place = SHARE_PLACE(container ? *container : cgroup) | (rings == (void*)&first_rings ? SHARES : 0);
    return bpf_map_lookup_elem(&shares, &place);
}

/// Puts an event that lies in the programs' own memory into this processor's ring, if there is room and the share has
/// at most four times as much there as is free. However many flood a ring, that leaves room for those who do not.
/// (Dynamic thresholds, as switches share their memory: Choudhury and Hahne 1998.)
static __always_inline bool offer(void* rings, struct Share* share, void* event, u32 size) {
    u32 cpu = bpf_get_smp_processor_id();
    void* ring = bpf_map_lookup_elem(rings, &cpu);
    struct Counts* count = counted();
    if (!ring || !count) return false;
    u64 read = bpf_ringbuf_query(ring, BPF_RB_CONS_POS), written = bpf_ringbuf_query(ring, BPF_RB_PROD_POS);
    u64 room = bpf_ringbuf_query(ring, BPF_RB_RING_SIZE), used = written - read;
    if (read >= share->turn) {
        share->before = read >= share->end ? 0 : share->bytes;
        share->bytes = 0;
        share->turn = written;
    }
    if (used < room && share->before + share->bytes > 4 * (room - used)) return false;
    if (bpf_ringbuf_output(ring, event, size, 0)) return false;
    share->bytes += size;
    share->end = written + size;
    count->sent++;
    return true;
}

/// Puts an event that lies in the scratch into this processor's ring; counts it as lost where that cannot be.
static __always_inline long send(void* rings, enum WireLoss loss, void* event, u32 size) {
    u64 cgroup = ((struct WireEvent*)event)->cgroup;
    struct Share* share = share_of(rings, cgroup);
    struct Counts* count = counted();
    if (!share || !count) return -1;
    barrier_var(size);
    if (size <= sizeof(((struct Scratch*)0)->event) && offer(rings, share, event, size)) return 0;
    count->lost[loss]++;
    share->cgroup = cgroup;
    share->lost++;
    return -1;
}

static __always_inline void dropped(void) {
    struct Counts* count = counted();
    if (count) count->dropped++;
}
