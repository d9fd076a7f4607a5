#include "audit/tables_values.h"

#include <algorithm>
#include <array>

namespace plimsoll::audit {

// Names and numbers are those of the kernel's and the C library's headers, named with each table. tables_test.cpp
// compares them with the headers that it is built with. Longer than other files: it is data, one table below the other.

namespace {

// Rows of several
// clang-format off

// fcntl.h (x86); the two lowest bits are the access mode
constexpr auto kOpenFlagsRows = std::to_array<Named>({
    {0x1, "O_WRONLY"}, {0x2, "O_RDWR"}, {0x40, "O_CREAT"}, {0x80, "O_EXCL"}, {0x100, "O_NOCTTY"}, {0x200, "O_TRUNC"},
    {0x400, "O_APPEND"}, {0x800, "O_NONBLOCK"}, {0x1000, "O_DSYNC"}, {0x2000, "O_ASYNC"}, {0x4000, "O_DIRECT"},
    {0x10000, "O_DIRECTORY"}, {0x20000, "O_NOFOLLOW"}, {0x40000, "O_NOATIME"}, {0x80000, "O_CLOEXEC"},
    {0x100000, "__O_SYNC"}, {0x200000, "O_PATH"}, {0x400000, "__O_TMPFILE"},
});

// unistd.h
constexpr auto kWhenceRows = std::to_array<Named>({
    {0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}, {3, "SEEK_DATA"}, {4, "SEEK_HOLE"},
});

// sys/mman.h
constexpr auto kProtRows = std::to_array<Named>({
    {0x1, "PROT_READ"}, {0x2, "PROT_WRITE"}, {0x4, "PROT_EXEC"}, {0x8, "PROT_SEM"},
});

// sys/mman.h
constexpr auto kMmapRows = std::to_array<Named>({
    {0x1, "MAP_SHARED"}, {0x2, "MAP_PRIVATE"}, {0x10, "MAP_FIXED"}, {0x20, "MAP_ANONYMOUS"}, {0x40, "MAP_32BIT"},
    {0x100, "MAP_GROWSDOWN"}, {0x800, "MAP_DENYWRITE"}, {0x1000, "MAP_EXECUTABLE"}, {0x2000, "MAP_LOCKED"},
    {0x4000, "MAP_NORESERVE"}, {0x8000, "MAP_POPULATE"}, {0x10000, "MAP_NONBLOCK"}, {0x20000, "MAP_STACK"},
    {0x40000, "MAP_HUGETLB"}, {0x80000, "MAP_SYNC"}, {0x100000, "MAP_FIXED_NOREPLACE"},
    {0x4000000, "MAP_UNINITIALIZED"},
});

// asm/signal.h
constexpr auto kSignalsRows = std::to_array<Named>({
    {0, "SIG0"}, {1, "SIGHUP"}, {2, "SIGINT"}, {3, "SIGQUIT"}, {4, "SIGILL"}, {5, "SIGTRAP"}, {6, "SIGABRT"},
    {7, "SIGBUS"}, {8, "SIGFPE"}, {9, "SIGKILL"}, {10, "SIGUSR1"}, {11, "SIGSEGV"}, {12, "SIGUSR2"}, {13, "SIGPIPE"},
    {14, "SIGALRM"}, {15, "SIGTERM"}, {16, "SIGSTKFLT"}, {17, "SIGCHLD"}, {18, "SIGCONT"}, {19, "SIGSTOP"},
    {20, "SIGTSTP"}, {21, "SIGTTIN"}, {22, "SIGTTOU"}, {23, "SIGURG"}, {24, "SIGXCPU"}, {25, "SIGXFSZ"},
    {26, "SIGVTALRM"}, {27, "SIGPROF"}, {28, "SIGWINCH"}, {29, "SIGIO"}, {30, "SIGPWR"}, {31, "SIGSYS"},
});

// unistd.h
constexpr auto kAccessRows = std::to_array<Named>({
    {0x1, "X_OK"}, {0x2, "W_OK"}, {0x4, "R_OK"},
});

// sys/ipc.h, sys/shm.h; beside the mode
constexpr auto kIpcRows = std::to_array<Named>({
    {0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "SHM_HUGETLB"}, {0x1000, "SHM_NORESERVE"},
});

// linux/socket.h, AF_*
constexpr auto kFamiliesRows = std::to_array<Named>({
    {1, "local"}, {2, "inet"}, {3, "ax25"}, {4, "ipx"}, {5, "appletalk"}, {6, "netrom"}, {7, "bridge"}, {8, "atmpvc"},
    {9, "x25"}, {10, "inet6"}, {11, "rose"}, {12, "decnet"}, {13, "netbeui"}, {14, "security"}, {15, "key"},
    {16, "netlink"}, {17, "packet"}, {18, "ash"}, {19, "econet"}, {20, "atmsvc"}, {21, "rds"}, {22, "sna"},
    {23, "irda"}, {24, "pppox"}, {25, "wanpipe"}, {26, "llc"}, {29, "can"}, {30, "tipc"}, {31, "bluetooth"},
    {32, "iucv"}, {33, "rxrpc"}, {34, "isdn"}, {35, "phonet"}, {36, "ieee802154"}, {37, "caif"}, {38, "alg"},
    {39, "nfc"}, {40, "vsock"}, {41, "kcm"}, {42, "qipcrtr"}, {43, "smc"}, {44, "xdp"},
});

// linux/net.h
constexpr auto kSocketTypesRows = std::to_array<Named>({
    {1, "SOCK_STREAM"}, {2, "SOCK_DGRAM"}, {3, "SOCK_RAW"}, {4, "SOCK_RDM"}, {5, "SOCK_SEQPACKET"}, {6, "SOCK_DCCP"},
    {10, "SOCK_PACKET"},
});

// numbers that IANA assigned, with the names of /etc/protocols
constexpr auto kProtocolsRows = std::to_array<Named>({
    {0, "ip"}, {1, "icmp"}, {2, "igmp"}, {3, "ggp"}, {4, "ipencap"}, {5, "st"}, {6, "tcp"}, {8, "egp"}, {9, "igp"},
    {12, "pup"}, {17, "udp"}, {20, "hmp"}, {22, "xns-idp"}, {27, "rdp"}, {29, "iso-tp4"}, {33, "dccp"}, {36, "xtp"},
    {37, "ddp"}, {38, "idpr-cmtp"}, {41, "ipv6"}, {43, "ipv6-route"}, {44, "ipv6-frag"}, {45, "idrp"}, {46, "rsvp"},
    {47, "gre"}, {50, "esp"}, {51, "ah"}, {57, "skip"}, {58, "ipv6-icmp"}, {59, "ipv6-nonxt"}, {60, "ipv6-opts"},
    {73, "rspf"}, {81, "vmtp"}, {88, "eigrp"}, {89, "ospf"}, {93, "ax.25"}, {94, "ipip"}, {97, "etherip"},
    {98, "encap"}, {103, "pim"}, {108, "ipcomp"}, {112, "vrrp"}, {115, "l2tp"}, {124, "isis"}, {132, "sctp"},
    {133, "fc"}, {135, "mobility-header"}, {136, "udplite"}, {137, "mpls-in-ip"}, {138, "manet"}, {139, "hip"},
    {140, "shim6"}, {141, "wesp"}, {142, "rohc"}, {143, "ethernet"}, {262, "mptcp"},
});

// linux/socket.h
constexpr auto kMessageFlagsRows = std::to_array<Named>({
    {0x1, "MSG_OOB"}, {0x2, "MSG_PEEK"}, {0x4, "MSG_DONTROUTE"}, {0x8, "MSG_CTRUNC"}, {0x10, "MSG_PROXY"},
    {0x20, "MSG_TRUNC"}, {0x40, "MSG_DONTWAIT"}, {0x80, "MSG_EOR"}, {0x100, "MSG_WAITALL"}, {0x200, "MSG_FIN"},
    {0x400, "MSG_SYN"}, {0x800, "MSG_CONFIRM"}, {0x1000, "MSG_RST"}, {0x2000, "MSG_ERRQUEUE"},
    {0x4000, "MSG_NOSIGNAL"}, {0x8000, "MSG_MORE"}, {0x10000, "MSG_WAITFORONE"}, {0x20000, "MSG_SENDPAGE_NOTLAST"},
    {0x40000, "MSG_BATCH"}, {0x20000000, "MSG_FASTOPEN"}, {0x40000000, "MSG_CMSG_CLOEXEC"},
    {0x80000000, "MSG_CMSG_COMPAT"},
});

// linux/sched.h
constexpr auto kCloneRows = std::to_array<Named>({
    {0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"}, {0x800, "CLONE_SIGHAND"},
    {0x1000, "CLONE_PIDFD"}, {0x2000, "CLONE_PTRACE"}, {0x4000, "CLONE_VFORK"}, {0x8000, "CLONE_PARENT"},
    {0x10000, "CLONE_THREAD"}, {0x20000, "CLONE_NEWNS"}, {0x40000, "CLONE_SYSVSEM"}, {0x80000, "CLONE_SETTLS"},
    {0x100000, "CLONE_PARENT_SETTID"}, {0x200000, "CLONE_CHILD_CLEARTID"}, {0x400000, "CLONE_DETACHED"},
    {0x800000, "CLONE_UNTRACED"}, {0x1000000, "CLONE_CHILD_SETTID"}, {0x2000000, "CLONE_NEWCGROUP"},
    {0x4000000, "CLONE_NEWUTS"}, {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}, {0x80000000, "CLONE_IO"},
});

// fcntl.h, linux/fcntl.h
constexpr auto kFcntlRows = std::to_array<Named>({
    {0, "F_DUPFD"}, {1, "F_GETFD"}, {2, "F_SETFD"}, {3, "F_GETFL"}, {4, "F_SETFL"}, {5, "F_GETLK"}, {6, "F_SETLK"},
    {7, "F_SETLKW"}, {8, "F_SETOWN"}, {9, "F_GETOWN"}, {10, "F_SETSIG"}, {11, "F_GETSIG"}, {12, "F_GETLK64"},
    {13, "F_SETLK64"}, {14, "F_SETLKW64"}, {15, "F_SETOWN_EX"}, {16, "F_GETOWN_EX"}, {17, "F_GETOWNER_UIDS"},
    {1024, "F_SETLEASE"}, {1025, "F_GETLEASE"}, {1026, "F_NOTIFY"}, {1029, "F_CANCELLK"}, {1030, "F_DUPFD_CLOEXEC"},
    {1031, "F_SETPIPE_SZ"}, {1032, "F_GETPIPE_SZ"}, {1033, "F_ADD_SEALS"}, {1034, "F_GET_SEALS"},
    {1035, "F_GET_RW_HINT"}, {1036, "F_SET_RW_HINT"}, {1037, "F_GET_FILE_RW_HINT"}, {1038, "F_SET_FILE_RW_HINT"},
});

// asm-generic/resource.h
constexpr auto kResourcesRows = std::to_array<Named>({
    {0, "RLIMIT_CPU"}, {1, "RLIMIT_FSIZE"}, {2, "RLIMIT_DATA"}, {3, "RLIMIT_STACK"}, {4, "RLIMIT_CORE"},
    {5, "RLIMIT_RSS"}, {6, "RLIMIT_NPROC"}, {7, "RLIMIT_NOFILE"}, {8, "RLIMIT_MEMLOCK"}, {9, "RLIMIT_AS"},
    {10, "RLIMIT_LOCKS"}, {11, "RLIMIT_SIGPENDING"}, {12, "RLIMIT_MSGQUEUE"}, {13, "RLIMIT_NICE"},
    {14, "RLIMIT_RTPRIO"}, {15, "RLIMIT_RTTIME"},
});

// sys/ptrace.h
constexpr auto kPtraceRows = std::to_array<Named>({
    {0, "PTRACE_TRACEME"}, {1, "PTRACE_PEEKTEXT"}, {2, "PTRACE_PEEKDATA"}, {3, "PTRACE_PEEKUSER"},
    {4, "PTRACE_POKETEXT"}, {5, "PTRACE_POKEDATA"}, {6, "PTRACE_POKEUSER"}, {7, "PTRACE_CONT"}, {8, "PTRACE_KILL"},
    {9, "PTRACE_SINGLESTEP"}, {12, "PTRACE_GETREGS"}, {13, "PTRACE_SETREGS"}, {14, "PTRACE_GETFPREGS"},
    {15, "PTRACE_SETFPREGS"}, {16, "PTRACE_ATTACH"}, {17, "PTRACE_DETACH"}, {18, "PTRACE_GETFPXREGS"},
    {19, "PTRACE_SETFPXREGS"}, {24, "PTRACE_SYSCALL"}, {25, "PTRACE_GET_THREAD_AREA"}, {26, "PTRACE_SET_THREAD_AREA"},
    {30, "PTRACE_ARCH_PRCTL"}, {31, "PTRACE_SYSEMU"}, {32, "PTRACE_SYSEMU_SINGLESTEP"}, {33, "PTRACE_SINGLEBLOCK"},
    {0x4200, "PTRACE_SETOPTIONS"}, {0x4201, "PTRACE_GETEVENTMSG"}, {0x4202, "PTRACE_GETSIGINFO"},
    {0x4203, "PTRACE_SETSIGINFO"}, {0x4204, "PTRACE_GETREGSET"}, {0x4205, "PTRACE_SETREGSET"},
    {0x4206, "PTRACE_SEIZE"}, {0x4207, "PTRACE_INTERRUPT"}, {0x4208, "PTRACE_LISTEN"}, {0x4209, "PTRACE_PEEKSIGINFO"},
    {0x420a, "PTRACE_GETSIGMASK"}, {0x420b, "PTRACE_SETSIGMASK"}, {0x420c, "PTRACE_SECCOMP_GET_FILTER"},
    {0x420d, "PTRACE_SECCOMP_GET_METADATA"}, {0x420e, "PTRACE_GET_SYSCALL_INFO"},
    {0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"}, {0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"},
    {0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"}, {0x4212, "PTRACE_SET_SYSCALL_INFO"},
});

// linux/sched.h
constexpr auto kSchedulersRows = std::to_array<Named>({
    {0, "SCHED_OTHER"}, {1, "SCHED_FIFO"}, {2, "SCHED_RR"}, {3, "SCHED_BATCH"}, {5, "SCHED_IDLE"},
    {6, "SCHED_DEADLINE"}, {7, "SCHED_EXT"},
});

// linux/prctl.h
constexpr auto kPrctlRows = std::to_array<Named>({
    {1, "PR_SET_PDEATHSIG"}, {2, "PR_GET_PDEATHSIG"}, {3, "PR_GET_DUMPABLE"}, {4, "PR_SET_DUMPABLE"},
    {5, "PR_GET_UNALIGN"}, {6, "PR_SET_UNALIGN"}, {7, "PR_GET_KEEPCAPS"}, {8, "PR_SET_KEEPCAPS"}, {9, "PR_GET_FPEMU"},
    {10, "PR_SET_FPEMU"}, {11, "PR_GET_FPEXC"}, {12, "PR_SET_FPEXC"}, {13, "PR_GET_TIMING"}, {14, "PR_SET_TIMING"},
    {15, "PR_SET_NAME"}, {16, "PR_GET_NAME"}, {19, "PR_GET_ENDIAN"}, {20, "PR_SET_ENDIAN"}, {21, "PR_GET_SECCOMP"},
    {22, "PR_SET_SECCOMP"}, {23, "PR_CAPBSET_READ"}, {24, "PR_CAPBSET_DROP"}, {25, "PR_GET_TSC"}, {26, "PR_SET_TSC"},
    {27, "PR_GET_SECUREBITS"}, {28, "PR_SET_SECUREBITS"}, {29, "PR_SET_TIMERSLACK"}, {30, "PR_GET_TIMERSLACK"},
    {31, "PR_TASK_PERF_EVENTS_DISABLE"}, {32, "PR_TASK_PERF_EVENTS_ENABLE"}, {33, "PR_MCE_KILL"},
    {34, "PR_MCE_KILL_GET"}, {35, "PR_SET_MM"}, {36, "PR_SET_CHILD_SUBREAPER"}, {37, "PR_GET_CHILD_SUBREAPER"},
    {38, "PR_SET_NO_NEW_PRIVS"}, {39, "PR_GET_NO_NEW_PRIVS"}, {40, "PR_GET_TID_ADDRESS"}, {41, "PR_SET_THP_DISABLE"},
    {42, "PR_GET_THP_DISABLE"}, {43, "PR_MPX_ENABLE_MANAGEMENT"}, {44, "PR_MPX_DISABLE_MANAGEMENT"},
    {45, "PR_SET_FP_MODE"}, {46, "PR_GET_FP_MODE"}, {47, "PR_CAP_AMBIENT"}, {50, "PR_SVE_SET_VL"},
    {51, "PR_SVE_GET_VL"}, {52, "PR_GET_SPECULATION_CTRL"}, {53, "PR_SET_SPECULATION_CTRL"},
    {54, "PR_PAC_RESET_KEYS"}, {55, "PR_SET_TAGGED_ADDR_CTRL"}, {56, "PR_GET_TAGGED_ADDR_CTRL"},
    {57, "PR_SET_IO_FLUSHER"}, {58, "PR_GET_IO_FLUSHER"}, {59, "PR_SET_SYSCALL_USER_DISPATCH"},
    {60, "PR_PAC_SET_ENABLED_KEYS"}, {61, "PR_PAC_GET_ENABLED_KEYS"}, {62, "PR_SCHED_CORE"}, {63, "PR_SME_SET_VL"},
    {64, "PR_SME_GET_VL"}, {65, "PR_SET_MDWE"}, {66, "PR_GET_MDWE"}, {67, "PR_SET_MEMORY_MERGE"},
    {68, "PR_GET_MEMORY_MERGE"}, {0x53564d41, "PR_SET_VMA"}, {0x59616d61, "PR_SET_PTRACER"},
});

// linux/mount.h; from MS_KERNMOUNT on the kernel only
constexpr auto kMountRows = std::to_array<Named>({
    {0x1, "MS_RDONLY"}, {0x2, "MS_NOSUID"}, {0x4, "MS_NODEV"}, {0x8, "MS_NOEXEC"}, {0x10, "MS_SYNCHRONOUS"},
    {0x20, "MS_REMOUNT"}, {0x40, "MS_MANDLOCK"}, {0x80, "MS_DIRSYNC"}, {0x400, "MS_NOATIME"},
    {0x800, "MS_NODIRATIME"}, {0x1000, "MS_BIND"}, {0x2000, "MS_MOVE"}, {0x4000, "MS_REC"}, {0x8000, "MS_SILENT"},
    {0x10000, "MS_POSIXACL"}, {0x20000, "MS_UNBINDABLE"}, {0x40000, "MS_PRIVATE"}, {0x80000, "MS_SLAVE"},
    {0x100000, "MS_SHARED"}, {0x200000, "MS_RELATIME"}, {0x400000, "MS_KERNMOUNT"}, {0x800000, "MS_I_VERSION"},
    {0x1000000, "MS_STRICTATIME"}, {0x2000000, "MS_LAZYTIME"}, {0x4000000, "MS_SUBMOUNT"},
    {0x8000000, "MS_SNAP_STABLE"}, {0x10000000, "MS_NOSEC"}, {0x20000000, "MS_BORN"}, {0x40000000, "MS_ACTIVE"},
    {0x80000000, "MS_NOUSER"},
});

// linux/fs.h
constexpr auto kUmountRows = std::to_array<Named>({
    {0x1, "MNT_FORCE"}, {0x2, "MNT_DETACH"}, {0x4, "MNT_EXPIRE"}, {0x8, "UMOUNT_NOFOLLOW"},
    {0x80000000, "UMOUNT_UNUSED"},
});

// linux/time.h
constexpr auto kClocksRows = std::to_array<Named>({
    {0, "CLOCK_REALTIME"}, {1, "CLOCK_MONOTONIC"}, {2, "CLOCK_PROCESS_CPUTIME_ID"}, {3, "CLOCK_THREAD_CPUTIME_ID"},
    {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"}, {6, "CLOCK_MONOTONIC_COARSE"}, {7, "CLOCK_BOOTTIME"},
    {8, "CLOCK_REALTIME_ALARM"}, {9, "CLOCK_BOOTTIME_ALARM"}, {11, "CLOCK_TAI"},
});

// sys/epoll.h
constexpr auto kEpollRows = std::to_array<Named>({
    {1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"},
});

// linux/socket.h; below 255 the protocol
constexpr auto kSocketLevelsRows = std::to_array<Named>({
    {1, "SOL_SOCKET"}, {255, "SOL_RAW"}, {256, "SOL_IPX"}, {257, "SOL_AX25"}, {258, "SOL_ATALK"}, {259, "SOL_NETROM"},
    {260, "SOL_ROSE"}, {261, "SOL_DECNET"}, {263, "SOL_PACKET"}, {264, "SOL_ATM"}, {265, "SOL_AAL"},
    {266, "SOL_IRDA"}, {267, "SOL_NETBEUI"}, {268, "SOL_LLC"}, {269, "SOL_DCCP"}, {270, "SOL_NETLINK"},
    {271, "SOL_TIPC"}, {272, "SOL_RXRPC"}, {273, "SOL_PPPOL2TP"}, {274, "SOL_BLUETOOTH"}, {275, "SOL_PNPIPE"},
    {276, "SOL_RDS"}, {277, "SOL_IUCV"}, {278, "SOL_CAIF"}, {279, "SOL_ALG"}, {280, "SOL_NFC"}, {281, "SOL_KCM"},
    {282, "SOL_TLS"}, {283, "SOL_XDP"},
});

// linux/in.h
constexpr auto kIpOptionsRows = std::to_array<Named>({
    {1, "IP_TOS"}, {2, "IP_TTL"}, {3, "IP_HDRINCL"}, {4, "IP_OPTIONS"}, {5, "IP_ROUTER_ALERT"}, {6, "IP_RECVOPTS"},
    {7, "IP_RETOPTS"}, {8, "IP_PKTINFO"}, {9, "IP_PKTOPTIONS"}, {10, "IP_MTU_DISCOVER"}, {11, "IP_RECVERR"},
    {12, "IP_RECVTTL"}, {13, "IP_RECVTOS"}, {14, "IP_MTU"}, {15, "IP_FREEBIND"}, {16, "IP_IPSEC_POLICY"},
    {17, "IP_XFRM_POLICY"}, {18, "IP_PASSSEC"}, {19, "IP_TRANSPARENT"}, {20, "IP_ORIGDSTADDR"}, {21, "IP_MINTTL"},
    {22, "IP_NODEFRAG"}, {23, "IP_CHECKSUM"}, {24, "IP_BIND_ADDRESS_NO_PORT"}, {25, "IP_RECVFRAGSIZE"},
    {32, "IP_MULTICAST_IF"}, {33, "IP_MULTICAST_TTL"}, {34, "IP_MULTICAST_LOOP"}, {35, "IP_ADD_MEMBERSHIP"},
    {36, "IP_DROP_MEMBERSHIP"}, {37, "IP_UNBLOCK_SOURCE"}, {38, "IP_BLOCK_SOURCE"}, {39, "IP_ADD_SOURCE_MEMBERSHIP"},
    {40, "IP_DROP_SOURCE_MEMBERSHIP"}, {41, "IP_MSFILTER"}, {42, "MCAST_JOIN_GROUP"}, {43, "MCAST_BLOCK_SOURCE"},
    {44, "MCAST_UNBLOCK_SOURCE"}, {45, "MCAST_LEAVE_GROUP"}, {46, "MCAST_JOIN_SOURCE_GROUP"},
    {47, "MCAST_LEAVE_SOURCE_GROUP"}, {48, "MCAST_MSFILTER"}, {49, "IP_MULTICAST_ALL"}, {50, "IP_UNICAST_IF"},
    {64, "IPT_SO_SET_REPLACE"}, {65, "IPT_SO_SET_ADD_COUNTERS"}, {66, "IPT_SO_GET_REVISION_TARGET"},
});

// asm-generic/socket.h
constexpr auto kSocketOptionsRows = std::to_array<Named>({
    {1, "SO_DEBUG"}, {2, "SO_REUSEADDR"}, {3, "SO_TYPE"}, {4, "SO_ERROR"}, {5, "SO_DONTROUTE"}, {6, "SO_BROADCAST"},
    {7, "SO_SNDBUF"}, {8, "SO_RCVBUF"}, {9, "SO_KEEPALIVE"}, {10, "SO_OOBINLINE"}, {11, "SO_NO_CHECK"},
    {12, "SO_PRIORITY"}, {13, "SO_LINGER"}, {14, "SO_BSDCOMPAT"}, {15, "SO_REUSEPORT"}, {16, "SO_PASSCRED"},
    {17, "SO_PEERCRED"}, {18, "SO_RCVLOWAT"}, {19, "SO_SNDLOWAT"}, {20, "SO_RCVTIMEO"}, {21, "SO_SNDTIMEO"},
    {22, "SO_SECURITY_AUTHENTICATION"}, {23, "SO_SECURITY_ENCRYPTION_TRANSPORT"},
    {24, "SO_SECURITY_ENCRYPTION_NETWORK"}, {25, "SO_BINDTODEVICE"}, {26, "SO_ATTACH_FILTER"},
    {27, "SO_DETACH_FILTER"}, {28, "SO_PEERNAME"}, {29, "SO_TIMESTAMP"}, {30, "SO_ACCEPTCONN"}, {31, "SO_PEERSEC"},
    {32, "SO_SNDBUFFORCE"}, {33, "SO_RCVBUFFORCE"}, {34, "SO_PASSSEC"}, {35, "SO_TIMESTAMPNS"}, {36, "SO_MARK"},
    {37, "SO_TIMESTAMPING"}, {38, "SO_PROTOCOL"}, {39, "SO_DOMAIN"}, {40, "SO_RXQ_OVFL"}, {41, "SO_WIFI_STATUS"},
    {42, "SO_PEEK_OFF"}, {43, "SO_NOFCS"}, {44, "SO_LOCK_FILTER"}, {45, "SO_SELECT_ERR_QUEUE"}, {46, "SO_BUSY_POLL"},
    {47, "SO_MAX_PACING_RATE"}, {48, "SO_BPF_EXTENSIONS"}, {49, "SO_INCOMING_CPU"}, {50, "SO_ATTACH_BPF"},
    {51, "SO_ATTACH_REUSEPORT_CBPF"}, {52, "SO_ATTACH_REUSEPORT_EBPF"}, {53, "SO_CNX_ADVICE"},
    {54, "SCM_TIMESTAMPING_OPT_STATS"}, {55, "SO_MEMINFO"}, {56, "SO_INCOMING_NAPI_ID"}, {57, "SO_COOKIE"},
    {58, "SCM_TIMESTAMPING_PKTINFO"}, {59, "SO_PEERGROUPS"}, {60, "SO_ZEROCOPY"}, {61, "SO_TXTIME"},
    {62, "SO_BINDTOIFINDEX"}, {63, "SO_TIMESTAMP_NEW"}, {64, "SO_TIMESTAMPNS_NEW"}, {65, "SO_TIMESTAMPING_NEW"},
    {66, "SO_RCVTIMEO_NEW"}, {67, "SO_SNDTIMEO_NEW"}, {68, "SO_DETACH_REUSEPORT_BPF"}, {69, "SO_PREFER_BUSY_POLL"},
    {70, "SO_BUSY_POLL_BUDGET"}, {71, "SO_NETNS_COOKIE"}, {72, "SO_BUF_LOCK"}, {73, "SO_RESERVE_MEM"},
    {74, "SO_TXREHASH"}, {75, "SO_RCVMARK"}, {76, "SO_PASSPIDFD"}, {77, "SO_PEERPIDFD"},
});

// linux/tcp.h
constexpr auto kTcpOptionsRows = std::to_array<Named>({
    {1, "TCP_NODELAY"}, {2, "TCP_MAXSEG"}, {3, "TCP_CORK"}, {4, "TCP_KEEPIDLE"}, {5, "TCP_KEEPINTVL"},
    {6, "TCP_KEEPCNT"}, {7, "TCP_SYNCNT"}, {8, "TCP_LINGER2"}, {9, "TCP_DEFER_ACCEPT"}, {10, "TCP_WINDOW_CLAMP"},
    {11, "TCP_INFO"}, {12, "TCP_QUICKACK"}, {13, "TCP_CONGESTION"}, {14, "TCP_MD5SIG"},
    {15, "TCP_COOKIE_TRANSACTIONS"}, {16, "TCP_THIN_LINEAR_TIMEOUTS"}, {17, "TCP_THIN_DUPACK"},
    {18, "TCP_USER_TIMEOUT"}, {19, "TCP_REPAIR"}, {20, "TCP_REPAIR_QUEUE"}, {21, "TCP_QUEUE_SEQ"},
    {22, "TCP_REPAIR_OPTIONS"}, {23, "TCP_FASTOPEN"}, {24, "TCP_TIMESTAMP"}, {25, "TCP_NOTSENT_LOWAT"},
    {26, "TCP_CC_INFO"}, {27, "TCP_SAVE_SYN"}, {28, "TCP_SAVED_SYN"}, {29, "TCP_REPAIR_WINDOW"},
    {30, "TCP_FASTOPEN_CONNECT"}, {31, "TCP_ULP"}, {32, "TCP_MD5SIG_EXT"}, {33, "TCP_FASTOPEN_KEY"},
    {34, "TCP_FASTOPEN_NO_COOKIE"}, {35, "TCP_ZEROCOPY_RECEIVE"}, {36, "TCP_INQ"}, {37, "TCP_TX_DELAY"},
});

// linux/udp.h
constexpr auto kUdpOptionsRows = std::to_array<Named>({
    {1, "UDP_CORK"}, {100, "UDP_ENCAP"}, {101, "UDP_NO_CHECK6_TX"}, {102, "UDP_NO_CHECK6_RX"}, {103, "UDP_SEGMENT"},
    {104, "UDP_GRO"},
});

// linux/in6.h
constexpr auto kIpv6OptionsRows = std::to_array<Named>({
    {1, "IPV6_ADDRFORM"}, {2, "IPV6_2292PKTINFO"}, {3, "IPV6_2292HOPOPTS"}, {4, "IPV6_2292DSTOPTS"},
    {5, "IPV6_2292RTHDR"}, {6, "IPV6_2292PKTOPTIONS"}, {7, "IPV6_CHECKSUM"}, {8, "IPV6_2292HOPLIMIT"},
    {9, "IPV6_NEXTHOP"}, {10, "IPV6_AUTHHDR"}, {11, "IPV6_FLOWINFO"}, {16, "IPV6_UNICAST_HOPS"},
    {17, "IPV6_MULTICAST_IF"}, {18, "IPV6_MULTICAST_HOPS"}, {19, "IPV6_MULTICAST_LOOP"}, {20, "IPV6_ADD_MEMBERSHIP"},
    {21, "IPV6_DROP_MEMBERSHIP"}, {22, "IPV6_ROUTER_ALERT"}, {23, "IPV6_MTU_DISCOVER"}, {24, "IPV6_MTU"},
    {25, "IPV6_RECVERR"}, {26, "IPV6_V6ONLY"}, {27, "IPV6_JOIN_ANYCAST"}, {28, "IPV6_LEAVE_ANYCAST"},
    {29, "IPV6_MULTICAST_ALL"}, {30, "IPV6_ROUTER_ALERT_ISOLATE"}, {32, "IPV6_FLOWLABEL_MGR"},
    {33, "IPV6_FLOWINFO_SEND"}, {34, "IPV6_IPSEC_POLICY"}, {35, "IPV6_XFRM_POLICY"}, {36, "IPV6_HDRINCL"},
    {42, "MCAST_JOIN_GROUP"}, {43, "MCAST_BLOCK_SOURCE"}, {44, "MCAST_UNBLOCK_SOURCE"}, {45, "MCAST_LEAVE_GROUP"},
    {46, "MCAST_JOIN_SOURCE_GROUP"}, {47, "MCAST_LEAVE_SOURCE_GROUP"}, {48, "MCAST_MSFILTER"},
    {49, "IPV6_RECVPKTINFO"}, {50, "IPV6_PKTINFO"}, {51, "IPV6_RECVHOPLIMIT"}, {52, "IPV6_HOPLIMIT"},
    {53, "IPV6_RECVHOPOPTS"}, {54, "IPV6_HOPOPTS"}, {55, "IPV6_RTHDRDSTOPTS"}, {56, "IPV6_RECVRTHDR"},
    {57, "IPV6_RTHDR"}, {58, "IPV6_RECVDSTOPTS"}, {59, "IPV6_DSTOPTS"}, {60, "IPV6_RECVPATHMTU"},
    {61, "IPV6_PATHMTU"}, {62, "IPV6_DONTFRAG"}, {63, "IPV6_USE_MIN_MTU"}, {64, "IP6T_SO_SET_REPLACE"},
    {65, "IP6T_SO_SET_ADD_COUNTERS"}, {66, "IPV6_RECVTCLASS"}, {67, "IPV6_TCLASS"},
    {68, "IP6T_SO_GET_REVISION_MATCH"}, {69, "IP6T_SO_GET_REVISION_TARGET"}, {70, "IPV6_AUTOFLOWLABEL"},
    {72, "IPV6_ADDR_PREFERENCES"}, {73, "IPV6_MINHOPCOUNT"}, {74, "IPV6_ORIGDSTADDR"}, {75, "IPV6_TRANSPARENT"},
    {76, "IPV6_UNICAST_IF"}, {77, "IPV6_RECVFRAGSIZE"}, {78, "IPV6_FREEBIND"}, {80, "IP6T_SO_ORIGINAL_DST"},
});

// linux/if_packet.h
constexpr auto kPacketOptionsRows = std::to_array<Named>({
    {1, "PACKET_ADD_MEMBERSHIP"}, {2, "PACKET_DROP_MEMBERSHIP"}, {3, "PACKET_RECV_OUTPUT"}, {5, "PACKET_RX_RING"},
    {6, "PACKET_STATISTICS"}, {7, "PACKET_COPY_THRESH"}, {8, "PACKET_AUXDATA"}, {9, "PACKET_ORIGDEV"},
    {10, "PACKET_VERSION"}, {11, "PACKET_HDRLEN"}, {12, "PACKET_RESERVE"}, {13, "PACKET_TX_RING"},
    {14, "PACKET_LOSS"}, {15, "PACKET_VNET_HDR"}, {16, "PACKET_TX_TIMESTAMP"}, {17, "PACKET_TIMESTAMP"},
    {18, "PACKET_FANOUT"}, {19, "PACKET_TX_HAS_OFF"}, {20, "PACKET_QDISC_BYPASS"}, {21, "PACKET_ROLLOVER_STATS"},
    {22, "PACKET_FANOUT_DATA"}, {23, "PACKET_IGNORE_OUTGOING"},
});

// linux/personality.h
constexpr auto kPersonalitiesRows = std::to_array<Named>({
    {0, "PER_LINUX"}, {1, "PER_SVR4"}, {2, "PER_SVR3"}, {3, "PER_SCOSVR3"}, {4, "PER_WYSEV386"}, {5, "PER_ISCR4"},
    {6, "PER_BSD"}, {7, "PER_XENIX"}, {8, "PER_LINUX32"}, {9, "PER_IRIX32"}, {10, "PER_IRIXN32"}, {11, "PER_IRIX64"},
    {12, "PER_RISCOS"}, {13, "PER_SOLARIS"}, {14, "PER_UW7"}, {15, "PER_OSF4"}, {16, "PER_HPUX"},
});

// asm-generic/ioctls.h, linux/kd.h, linux/sockios.h
constexpr auto kIoctlsRows = std::to_array<Named>({
    {0x4b3a, "KDSETMODE"}, {0x4b3b, "KDGETMODE"}, {0x530f, "CDROMEJECT_SW"}, {0x5311, "CDROM_GET_UPC"},
    {0x5316, "CDROMSEEK"}, {0x5401, "TCGETS"}, {0x5402, "TCSETS"}, {0x5403, "TCSETSW"}, {0x5404, "TCSETSF"},
    {0x5409, "TCSBRK"}, {0x540b, "TCFLSH"}, {0x540e, "TIOCSCTTY"}, {0x540f, "TIOCGPGRP"}, {0x5410, "TIOCSPGRP"},
    {0x5412, "TIOCSTI"}, {0x5413, "TIOCGWINSZ"}, {0x5414, "TIOCSWINSZ"}, {0x541b, "TIOCINQ"}, {0x541d, "TIOCCONS"},
    {0x5421, "FIONBIO"}, {0x5422, "TIOCNOTTY"}, {0x8901, "FIOSETOWN"}, {0x8903, "FIOGETOWN"}, {0x8910, "SIOCGIFNAME"},
    {0x8927, "SIOCGIFHWADDR"}, {0x8933, "SIOCGIFINDEX"}, {0x89a2, "SIOCBRADDIF"}, {0x40045431, "TIOCSPTLCK"},
    {0x80045430, "TIOCGPTN"},
});

// linux/capability.h
constexpr auto kCapabilitiesRows = std::to_array<Named>({
    {0, "chown"}, {1, "dac_override"}, {2, "dac_read_search"}, {3, "fowner"}, {4, "fsetid"}, {5, "kill"},
    {6, "setgid"}, {7, "setuid"}, {8, "setpcap"}, {9, "linux_immutable"}, {10, "net_bind_service"},
    {11, "net_broadcast"}, {12, "net_admin"}, {13, "net_raw"}, {14, "ipc_lock"}, {15, "ipc_owner"},
    {16, "sys_module"}, {17, "sys_rawio"}, {18, "sys_chroot"}, {19, "sys_ptrace"}, {20, "sys_pacct"},
    {21, "sys_admin"}, {22, "sys_boot"}, {23, "sys_nice"}, {24, "sys_resource"}, {25, "sys_time"},
    {26, "sys_tty_config"}, {27, "mknod"}, {28, "lease"}, {29, "audit_write"}, {30, "audit_control"}, {31, "setfcap"},
    {32, "mac_override"}, {33, "mac_admin"}, {34, "syslog"}, {35, "wake_alarm"}, {36, "block_suspend"},
    {37, "audit_read"}, {38, "perfmon"}, {39, "bpf"}, {40, "checkpoint_restore"},
});

// linux/netfilter.h, NFPROTO_*
constexpr auto kNetfilterFamiliesRows = std::to_array<Named>({
    {0, "unspecified"}, {1, "inet"}, {2, "ipv4"}, {3, "arp"}, {5, "netdev"}, {7, "bridge"}, {10, "ipv6"},
    {12, "decnet"},
});

// linux/netfilter_bridge.h, linux/netfilter.h
constexpr auto kNetfilterHooksRows = std::to_array<Named>({
    {0, "PREROUTING"}, {1, "INPUT"}, {2, "FORWARD"}, {3, "OUTPUT"}, {4, "POSTROUTING"}, {5, "BROUTING"},
});

// linux/icmp.h
constexpr auto kIcmpTypesRows = std::to_array<Named>({
    {0, "echo-reply"}, {3, "destination-unreachable"}, {4, "source-quench"}, {5, "redirect"}, {8, "echo"},
    {11, "time-exceeded"}, {12, "parameter-problem"}, {13, "timestamp-request"}, {14, "timestamp-reply"},
    {15, "info-request"}, {16, "info-reply"}, {17, "address-mask-request"}, {18, "address-mask-reply"},
});

// linux/audit.h, AUDIT_FILTER_*
constexpr auto kFiltersRows = std::to_array<Named>({
    {0, "user"}, {1, "task"}, {2, "entry"}, {4, "exit"}, {5, "exclude"}, {6, "filesystem"}, {7, "io_uring"},
});

// linux/seccomp.h
constexpr auto kSeccompRows = std::to_array<Named>({
    {0x0, "kill"}, {0x30000, "trap"}, {0x50000, "errno"}, {0x7fc00000, "user-notify"}, {0x7ff00000, "trace"},
    {0x7ffc0000, "log"}, {0x7fff0000, "allow"}, {0x80000000, "kill-process"},
});

// linux/net.h, SYS_*
constexpr auto kSocketCallsRows = std::to_array<Named>({
    {1, "socket"}, {2, "bind"}, {3, "connect"}, {4, "listen"}, {5, "accept"}, {6, "getsockname"}, {7, "getpeername"},
    {8, "socketpair"}, {9, "send"}, {10, "recv"}, {11, "sendto"}, {12, "recvfrom"}, {13, "shutdown"},
    {14, "setsockopt"}, {15, "getsockopt"}, {16, "sendmsg"}, {17, "recvmsg"}, {18, "accept4"}, {19, "recvmmsg"},
    {20, "sendmmsg"},
});

// linux/ipc.h
constexpr auto kIpcCallsRows = std::to_array<Named>({
    {1, "semop"}, {2, "semget"}, {3, "semctl"}, {4, "semtimedop"}, {11, "msgsnd"}, {12, "msgrcv"}, {13, "msgget"},
    {14, "msgctl"}, {21, "shmat"}, {22, "shmdt"}, {23, "shmget"}, {24, "shmctl"},
});

// linux/openat2.h
constexpr auto kResolveRows = std::to_array<Named>({
    {0x1, "RESOLVE_NO_XDEV"}, {0x2, "RESOLVE_NO_MAGICLINKS"}, {0x4, "RESOLVE_NO_SYMLINKS"}, {0x8, "RESOLVE_BENEATH"},
    {0x10, "RESOLVE_IN_ROOT"}, {0x20, "RESOLVE_CACHED"},
});

}  // namespace

// clang-format on

NameTable open_flags_names() { return kOpenFlagsRows; }
NameTable whence_names() { return kWhenceRows; }
NameTable prot_names() { return kProtRows; }
NameTable mmap_names() { return kMmapRows; }
NameTable signals_names() { return kSignalsRows; }
NameTable access_names() { return kAccessRows; }
NameTable ipc_names() { return kIpcRows; }
NameTable families_names() { return kFamiliesRows; }
NameTable socket_types_names() { return kSocketTypesRows; }
NameTable protocols_names() { return kProtocolsRows; }
NameTable message_flags_names() { return kMessageFlagsRows; }
NameTable clone_names() { return kCloneRows; }
NameTable fcntl_names() { return kFcntlRows; }
NameTable resources_names() { return kResourcesRows; }
NameTable ptrace_names() { return kPtraceRows; }
NameTable schedulers_names() { return kSchedulersRows; }
NameTable prctl_names() { return kPrctlRows; }
NameTable mount_names() { return kMountRows; }
NameTable umount_names() { return kUmountRows; }
NameTable clocks_names() { return kClocksRows; }
NameTable epoll_names() { return kEpollRows; }
NameTable socket_levels_names() { return kSocketLevelsRows; }
NameTable ip_options_names() { return kIpOptionsRows; }
NameTable socket_options_names() { return kSocketOptionsRows; }
NameTable tcp_options_names() { return kTcpOptionsRows; }
NameTable udp_options_names() { return kUdpOptionsRows; }
NameTable ipv6_options_names() { return kIpv6OptionsRows; }
NameTable packet_options_names() { return kPacketOptionsRows; }
NameTable personalities_names() { return kPersonalitiesRows; }
NameTable ioctls_names() { return kIoctlsRows; }
NameTable capabilities_names() { return kCapabilitiesRows; }
NameTable netfilter_families_names() { return kNetfilterFamiliesRows; }
NameTable netfilter_hooks_names() { return kNetfilterHooksRows; }
NameTable icmp_types_names() { return kIcmpTypesRows; }
NameTable filters_names() { return kFiltersRows; }
NameTable seccomp_names() { return kSeccompRows; }
NameTable socket_calls_names() { return kSocketCallsRows; }
NameTable ipc_calls_names() { return kIpcCallsRows; }
NameTable resolve_names() { return kResolveRows; }

std::string_view name_of(NameTable table, std::uint64_t value) {
    // Most tables begin at 0 or 1 without a gap: then the number is the place
    if (!table.empty() && value >= table.front().value) {
        const std::uint64_t place = value - table.front().value;
        if (place < table.size() && table[place].value == value) return table[place].name;
    }
    const auto found =
        std::ranges::lower_bound(table, value, {}, [](const Named& row) -> std::uint64_t { return row.value; });
    return found != table.end() && found->value == value ? found->name : std::string_view();
}

bool append_flags(std::string& out, NameTable table, std::uint64_t value, char separator) {
    bool any = false;
    for (const auto& [bit, name] : table) {
        if ((value & bit) == 0) continue;
        if (any) out += separator;
        out += name;
        any = true;
    }
    return any;
}

}  // namespace plimsoll::audit
