#pragma once

// What the kernel programs write into the rings and src/sensor reads: one struct for both sides. All numbers are in the
// byte order of the machine; everything begins at a multiple of 8 bytes.
//
//     WireEvent | WireTask? | WireCredentials? | WireFile? | WireSocket? | WireArguments? | strings …
//
// The bits of `parts` say which blocks are there, in that order. Strings fill the rest up to `size`: a WireString, its
// bytes (any bytes; not ended by NUL), padding to 8.

#ifndef __bpf__
#include <cstdint>
using wire_u8 = std::uint8_t;
using wire_u16 = std::uint16_t;
using wire_u32 = std::uint32_t;
using wire_u64 = std::uint64_t;
using wire_s32 = std::int32_t;
using wire_s64 = std::int64_t;
#else
typedef __u8 wire_u8;
typedef __u16 wire_u16;
typedef __u32 wire_u32;
typedef __u64 wire_u64;
typedef __s32 wire_s32;
typedef __s64 wire_s64;
#endif

/// What happened.
enum WireKind {
    WIRE_FORK = 1,  ///< a process was made: WireTask and WireCredentials are the child's; pid and start too. Arguments:
                    ///< [0] pid, [1] start of the process that forked, which is not the parent after CLONE_PARENT,
                    ///< [2] CLONE_NEW… for each namespace that it did not take over
    WIRE_EXEC,   ///< a program began: task, credentials, file (the program's), strings EXE NAME ARGV CWD [ENV] [SCRIPT]
    WIRE_EXIT,   ///< the last thread of a process ended: result is the exit code as wait() tells it
    WIRE_CALL,   ///< a system call returned: `call` says which, arguments are the call's own
    WIRE_URING,  ///< io_uring takes a request up: `call` is the system call it stands for, result 0
    WIRE_CGROUP_MADE,  ///< a container's cgroup: strings CONTAINER (the id, or NULs), PATH (within its hierarchy),
                       ///< arguments[0] the cgroup above, euid who made it
    WIRE_CGROUP_GONE,  ///< the same cgroup is removed
    // 8 was never sent.
    WIRE_FOLDED = 9,  ///< more of what another event told of: arguments count, first and last time; see WireArguments
    WIRE_REQUEST,  ///< an engine read a request from its socket: DATA is the request line; socket.peer_pid is who asked
    WIRE_CREDENTIALS,  ///< credentials of a process changed by a call that succeeded: credentials are the new ones
    WIRE_SIGNAL,  ///< a container's process sends a signal to one that is not of it. Arguments: [0] pid, [1] start of
                  ///< the receiver, [2] the signal, [3] the receiver's cgroup
};

enum { WIRE_HIERARCHY = 48 };  ///< bits of a cgroup's number within its hierarchy; that of version 2 is 0

enum WirePart {
    WIRE_HAS_TASK = 1,
    WIRE_HAS_CREDENTIALS = 2,
    WIRE_HAS_FILE = 4,
    WIRE_HAS_SOCKET = 8,
    WIRE_HAS_ARGUMENTS = 16,
};

enum WireFlag {
    WIRE_COMPAT = 1,     ///< a 32-bit call; `call` is the number of its 64-bit namesake
    WIRE_CUT = 2,        ///< a string was longer than what was kept
    WIRE_PATH_LOST = 4,  ///< a path has more parts than were followed: its beginning is missing
    WIRE_MEMFD = 8,      ///< the file is an anonymous memory file
    WIRE_DELETED = 16,   ///< the file has no name any more
    WIRE_THREAD = 32,    ///< done by a thread that is not the first of its process
    WIRE_HOST = 64,      ///< outside containers
    WIRE_ROUGH = 128,    ///< `start` is known to a tick of the clock only: told from /proc, not by the kernel programs
};

/// 72 bytes.
struct WireEvent {
    wire_u32 size;    ///< of the whole event, a multiple of 8
    wire_u8 kind;     ///< WireKind
    wire_u8 parts;    ///< bits of WirePart
    wire_u16 call;    ///< number of the system call on x86-64; 0xffff when there is none
    wire_u64 time;    ///< nanoseconds since boot, suspension counted (CLOCK_BOOTTIME)
    wire_u64 cgroup;  ///< hierarchy << WIRE_HIERARCHY | kernfs id of the task's cgroup
    wire_u64 start;   ///< when the process began, CLOCK_BOOTTIME; with pid it names one process for ever
    wire_u32 pid;     ///< thread group id as the host numbers it
    wire_u32 tid;     ///< thread id as the host numbers it
    wire_s64 result;  ///< what the call returned: below 0 a negative errno
    wire_u16 flags;   ///< bits of WireFlag
    wire_u16 cpu;
    wire_u32 euid;  ///< host numbers
    char comm[16];  ///< of the thread, NUL-padded
};

/// Where a process stands among others. 64 bytes.
struct WireTask {
    wire_u64 parent_start;  ///< of the parent's process
    wire_u32 parent;        ///< pid of the parent (real_parent), host numbers
    wire_u32 session;       ///< sid, host numbers; 0 outside what the host sees
    wire_u32 group;         ///< pgid, host numbers
    wire_u32 ns_pid;        ///< pid, parent's pid, sid and pgid as the task's own pid namespace numbers them
    wire_u32 ns_parent;
    wire_u32 ns_session;
    wire_u32 ns_group;
    wire_u32 pid_namespace;  ///< inode numbers
    wire_u32 mount_namespace;
    wire_u32 net_namespace;
    wire_u32 user_namespace;
    wire_u32 tty;            ///< device number as stat.h encodes it, major << 8 | minor; 0 without a terminal
    wire_u32 login_session;  ///< audit's ses; 0xffffffff for none
    wire_u32 threads;        ///< living ones of the process
};

/// Who a process acts as. 80 bytes.
struct WireCredentials {
    wire_u32 uid, gid, euid, egid, suid, sgid, fsuid, fsgid;        ///< host numbers
    wire_u32 loginuid;                                              ///< 0xffffffff for none
    wire_u32 ns_euid;                                               ///< euid within its own user namespace
    wire_u64 effective, permitted, inheritable, bounding, ambient;  ///< capability sets, bit 0 is CAP_CHOWN
};

enum WireLayer { WIRE_NO_OVERLAY, WIRE_LOWER, WIRE_UPPER, WIRE_COPIED_UP, WIRE_LAYER_UNKNOWN };

/// A file as the kernel knows it after the call. 64 bytes.
struct WireFile {
    wire_u64 inode;
    wire_u64 mtime, ctime;  ///< nanoseconds since 1970
    wire_u64 size;
    wire_u32 device;      ///< dev_t of the file system, major << 20 | minor
    wire_u32 mode;        ///< i_mode: type and permissions
    wire_u32 uid, gid;    ///< owner, host numbers
    wire_u32 open_flags;  ///< f_flags of the open file; 0 for a path
    wire_u32 links;
    wire_u32 filesystem;  ///< magic number of the superblock
    wire_u8 layer;        ///< WireLayer
    wire_u8 created;      ///< 1: this very call made the file (FMODE_CREATED)
    wire_u8 reserved[2];
};

/// A socket and its two ends. 64 bytes.
struct WireSocket {
    wire_u16 family;    ///< AF_…
    wire_u8 type;       ///< SOCK_…
    wire_u8 state;      ///< TCP_…
    wire_u16 protocol;  ///< IPPROTO_…
    wire_u16 reserved;
    wire_u16 local_port, remote_port;  ///< host byte order
    wire_u32 net_namespace;
    wire_u8 local[16], remote[16];  ///< network byte order; IPv4 fills the first four
    wire_u32 peer_pid;              ///< of a unix socket's other end, host numbers; 0 when not known
    wire_u32 peer_uid;
    wire_u64 socket;  ///< inode of the socket
};

/// Numbers of the event; for WIRE_CALL the call's arguments, for WIRE_FOLDED count, first time, last time, the call,
/// and the time of the event that it repeats. Where a call takes a pointer to numbers, those stand there instead:
/// openat2 has flags, mode and resolve in [2], [3], [4]; clone3 its flags in [0].
struct WireArguments {
    wire_u64 value[6];
};

/// Which string follows. The kernel's paths begin at the top of what the process has mounted, also after chroot. Calls
/// with two paths: rename and link have the old one in PATH and NAME, the new one in PATH2 and NAME2; symlink the link
/// in PATH and NAME, what it says in NAME2; mount the mount point in PATH and NAME, the source in NAME2.
enum WireTag {
    WIRE_PATH = 1,  ///< the object as the kernel names it
    WIRE_PATH2,     ///< the second one: where a file was renamed or linked to
    WIRE_NAME,      ///< what the caller wrote: a claim, read after the call
    WIRE_NAME2,
    WIRE_CWD,        ///< of the process; for a call: the folder that a relative NAME starts from, when that is sent
    WIRE_EXE,        ///< the program, as WIRE_PATH
    WIRE_ARGV,       ///< arguments, each ended by NUL
    WIRE_ENV,        ///< NAME=value, each ended by NUL
    WIRE_SCRIPT,     ///< what the interpreter was started for
    WIRE_CONTAINER,  ///< 64 hexadecimal digits
    WIRE_ADDRESS,    ///< path of a unix socket; an abstract one begins with @
    WIRE_DATA,       ///< bytes sent or received, the beginning
    WIRE_ROOT,       ///< the process's root, where that is not the top: names that begin with / start from there
    WIRE_CWD2,       ///< the folder that a relative NAME2 starts from
};

struct WireString {
    wire_u32 tag;
    wire_u32 length;  ///< bytes, without padding
};

/// One line per processor of the map of losses: how many events found no room, by WireKind, and for WIRE_CALL by group.
enum WireLoss {
    WIRE_LOST_PROCESS = 0,  ///< fork, exec, exit, credentials, cgroups
    WIRE_LOST_FILE,
    WIRE_LOST_NETWORK,
    WIRE_LOST_OTHER,
    WIRE_LOST_REQUEST,
    WIRE_LOSSES,
};
