#pragma once

// What the loader (src/sensor/kernel_programs.cpp, filter_maps.cpp) and the programs share besides the wire: how a path
// is reduced to numbers, the filter's tables, the settings.

#ifdef __cplusplus
#include <cstdint>
namespace plimsoll::sensor {
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
#endif

enum {
    CALLS = 512,
    ENGINES = 8,
    BLOOM_WORDS = 256,
    VERDICTS = 1024,          ///< remembered by each processor
    SHARES = 256,             ///< of a ring, told apart by container
    MOST_PATH = 4096,         ///< bytes of a path
    MOST_PARTS = 2048,        ///< of a path
    MOST_ARGUMENTS = 131072,  ///< bytes of argv
    MOST_ENVIRONMENT = 16384,
    MOST_DATA = 4096,
    FOLDED_PATH = 256,  ///< bytes of a path that are kept with what is folded
};

/// Which program looks at a call. The order is that of the table of tail calls.
enum Shape {
    SHAPE_NONE,
    SHAPE_OPEN,
    SHAPE_NAMES,       ///< unlink, mkdir, chmod, rename, mount, …: one path of the caller's, or two
    SHAPE_DESCRIPTOR,  ///< fchmod, dup, setns, …: a descriptor's file or socket
    SHAPE_SOCKET,      ///< connect, accept, bind, listen, socket
    SHAPE_MESSAGE,     ///< sendto, recvmsg, …
    SHAPE_PLAIN,       ///< numbers only, or one name that is no path
    SHAPE_IDENTITY,    ///< setuid, capset, …: credentials change
    SHAPE_READ,        ///< read: for engines only
    SHAPES,
};

/// Which acts a number of the hash of a path, or of one of its parts, is wanted for. [] by filter slot.
struct PathWish {
    u16 last[2];  ///< when it is the whole path, or its last part
    u16 any[2];   ///< when it is any beginning of the path, or any part
};

/// One filter; two stand ready, one is in force.
struct FilterSlot {
    u64 succeeded[CALLS / 64];
    u64 failed[CALLS / 64];
    u64 bloom[BLOOM_WORDS];  ///< over the hashes: most are in no table
    u16 every;               ///< acts wanted for all paths
    u16 some;                ///< acts wanted for any path, program or spelling at all
    u16 pathed;              ///< acts wanted for all paths, or for those that pass a test
    u16 programs;            ///< acts wanted of some programs, whatever the path
    u16 climbing;            ///< acts wanted where the caller wrote two points in a row
    u8 host;
    u8 environment;
    u8 data;
    u8 names;  ///< answers of name servers are wanted
    u8 reserved[2];
};

/// What the loader changes while the programs run.
struct Control {
    u64 watched[CALLS / 64];  ///< calls, by both numberings, that any program looks at
    u8 shape[CALLS];          ///< by x86-64 number; 0 when nobody wants the call
    u16 native[CALLS];        ///< i386 number to x86-64 number; 0xffff for none
    u32 generation;           ///< grows with each filter; its lowest bit says which of the two is in force
    u32 known;                ///< grows whenever the table of containers changes
    u32 engines[ENGINES];     ///< pids whose sockets' requests are read
    struct FilterSlot filter[2];
};

/// What the loader says once, before the programs are loaded.
struct Settings {
    u32 own_pid;
    u32 environment_bytes;
    u32 data_bytes;
    u32 fold;
};

/// One for each processor.
struct Counts {
    u64 lost[8];  ///< by WireLoss
    u64 sent;
    u64 dropped;
    u64 folded;
    u64 cached;  ///< opens that were judged by a remembered verdict
};

/// What the containers of one share put into a ring of late. It is counted in turns: a turn ends when all that lay in
/// the ring at its beginning has been read.
struct Share {
    u64 turn;    ///< where the writer stood when the turn began
    u64 bytes;   ///< of this turn
    u64 before;  ///< of the turn before
    u64 end;     ///< where the writer stood behind the last event, or nearly
    u64 cgroup;  ///< whose events found no room last
    u64 lost;    ///< how many did not
};

// A part's number is made of its bytes by eights, the last ones padded with zeros; a beginning of a path is the chain
// of its parts' numbers.
#define PATH_SEED 0x9e3779b97f4a7c15ULL
#define PART_SEED 0xc2b2ae3d27d4eb4fULL
#define PROGRAM_SEED 0x165667b19e3779f9ULL
#define PATH_STEP 0xff51afd7ed558ccdULL
#define PART_STEP 0x87c37b91114253d5ULL

#define PART_MIX(hash, word)    \
    do {                        \
        (hash) ^= (word);       \
        (hash) *= PART_STEP;    \
        (hash) ^= (hash) >> 31; \
    } while (0)
#define PATH_MIX(hash, part)    \
    do {                        \
        (hash) ^= (part);       \
        (hash) *= PATH_STEP;    \
        (hash) ^= (hash) >> 33; \
    } while (0)
/// A container by the first 16 of the 64 digits of its id, as two words of eight bytes.
#define CONTAINER_NUMBER(first, second) ((first)*PATH_SEED ^ (second))
/// One of SHARES.
#define SHARE_PLACE(number) ((number)*PATH_STEP >> 56)
#define BLOOM_WORD(hash) (((hash) >> 6) % BLOOM_WORDS)
#define BLOOM_BIT(hash) (1ULL << ((hash)&63))

#ifdef __cplusplus
}  // namespace plimsoll::sensor
#endif
