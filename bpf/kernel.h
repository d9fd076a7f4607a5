#pragma once

// The kernel's types, as much of them as the programs read. Offsets are found when the programs are loaded (CO-RE), so
// only names and kinds matter here; a type whose name ends in ___something is another kernel's shape of the type.

#include <linux/bpf.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void*)0)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
    unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};

struct list_head {
    struct list_head* next;
};

struct qstr {
    u64 hash_len;
    u32 hash, len;
    const unsigned char* name;
};

struct hlist_bl_node {
    struct hlist_bl_node** pprev;
};

struct super_block {
    u32 s_dev;
    unsigned long s_magic;
};

struct inode {
    u16 i_mode;
    struct {
        u32 val;
    } i_uid, i_gid;
    struct super_block* i_sb;
    unsigned long i_ino;
    u32 i_nlink;
    s64 i_size;
    s64 i_mtime_sec, i_ctime_sec;
    u32 i_mtime_nsec, i_ctime_nsec;
};

struct timespec64 {
    s64 tv_sec;
    long tv_nsec;
};
struct inode___before_6_11 {  // 6.7 to 6.10; the change time since 6.6
    struct timespec64 __i_mtime, __i_ctime;
};
struct inode___before_6_6 {
    struct timespec64 i_mtime, i_ctime;
};

struct dentry {
    struct hlist_bl_node d_hash;
    struct dentry* d_parent;
    struct qstr d_name;
    struct inode* d_inode;
    struct super_block* d_sb;
};

struct vfsmount {
    struct dentry* mnt_root;
    struct super_block* mnt_sb;
};

struct mount {
    struct mount* mnt_parent;
    struct dentry* mnt_mountpoint;
    struct vfsmount mnt;
};

struct path {
    struct vfsmount* mnt;
    struct dentry* dentry;
};

struct file {
    u32 f_mode;
    u32 f_flags;
    struct path f_path;
    struct inode* f_inode;
    void* private_data;
};

struct fdtable {
    u32 max_fds;
    struct file** fd;
};

struct files_struct {
    struct fdtable* fdt;
};

struct fs_struct {
    struct path root, pwd;
};

struct ovl_entry {
    u32 __numlower;
};
struct ovl_inode {
    struct inode vfs_inode;
    struct dentry* __upperdentry;
    struct ovl_entry* oe;
};
struct ovl_inode___before_6_5 {
    struct inode* lower;
};

struct ns_common {
    u32 inum;
};
struct user_namespace {
    struct ns_common ns;
};
struct pid_namespace {
    struct ns_common ns;
};
struct mnt_namespace {
    struct ns_common ns;
};
struct net {
    struct ns_common ns;
};

struct upid {
    int nr;
    struct pid_namespace* ns;
};
struct pid {
    u32 level;
    struct upid numbers[1];
};

struct tty_driver {
    int major, minor_start;
};
struct tty_struct {
    int index;
    struct tty_driver* driver;
};

struct signal_struct {
    int nr_threads;
    struct {
        int counter;
    } live;
    int group_exit_code;
    u32 flags;
    struct pid* pids[4];  // by PIDTYPE_: thread, process, group, session
    struct tty_struct* tty;
};

struct nsproxy {
    void *uts_ns, *ipc_ns, *pid_ns_for_children, *cgroup_ns;
    struct mnt_namespace* mnt_ns;
    struct net* net_ns;
};

struct cred {
    struct {
        u32 val;
    } uid, suid, euid, fsuid, gid, sgid, egid, fsgid;
    struct {
        u64 val;
    } cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
    struct user_namespace* user_ns;
};

struct uid_gid_extent {
    u32 first, lower_first, count;
};
struct uid_gid_map {
    u32 nr_extents;
    struct uid_gid_extent extent[5];
};
struct user_namespace___map {
    struct uid_gid_map uid_map;
};

struct mm_struct {
    unsigned long arg_start, arg_end, env_start, env_end;
    struct file* exe_file;
};

struct kernfs_node {
    struct kernfs_node* __parent;
    const char* name;
    u64 id;
};
struct kernfs_node___before_6_15 {
    struct kernfs_node* parent;
};

struct cgroup;
struct cgroup_root {
    u32 subsys_mask;
    int hierarchy_id;
};
struct cgroup_subsys_state {
    struct cgroup* cgroup;
};
struct cgroup {
    int level;
    struct kernfs_node* kn;
    struct cgroup_root* root;
};
struct css_set {
    struct cgroup_subsys_state* subsys[4];
    struct cgroup* dfl_cgrp;
};

struct thread_info {
    u32 status;
};

struct task_struct {
    struct thread_info thread_info;
    u32 flags;
    int pid, tgid;
    int exit_code;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    u64 start_boottime;
    u64 self_exec_id;
    struct cred* cred;
    char comm[16];
    struct fs_struct* fs;
    struct files_struct* files;
    struct nsproxy* nsproxy;
    struct signal_struct* signal;
    struct css_set* cgroups;
    struct mm_struct* mm;
    struct pid* thread_pid;
};
struct task_struct___audited {
    struct {
        u32 val;
    } loginuid;
    u32 sessionid;
};

struct kernel_siginfo {
    int si_code;
};

struct linux_binprm {
    struct file* file;
    const char *filename, *interp;
};

struct in6_addr {
    u8 bytes[16];
};
typedef struct {
    struct net* net;
} possible_net_t;
struct sock_common {
    u32 skc_daddr, skc_rcv_saddr;
    u16 skc_dport, skc_num, skc_family;
    u8 skc_state;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
    struct sock_common __sk_common;
    u16 sk_protocol;
    u16 sk_type;
    struct pid* sk_peer_pid;
    struct cred* sk_peer_cred;
};
struct inet_sock {
    struct sock sk;
    u32 inet_saddr;
    u16 inet_sport;
};
struct sockaddr_un {
    u16 sun_family;
};
struct unix_address {
    int len;
    struct sockaddr_un name[0];
};
struct unix_sock {
    struct unix_address* addr;
    struct sock* peer;
};
struct socket {
    short type;
    struct sock* sk;
};

struct filename {
    const char* name;
};
struct io_cqe {
    int fd;
};
struct io_kiocb {
    u8 opcode;
    u64 flags;
    struct io_cqe cqe;
};
struct io_open {
    int dfd;
    struct filename* filename;
    struct {
        u64 flags, mode;
    } how;
};
struct io_socket {
    int domain, type, protocol;
};
struct io_rename {
    int old_dfd, new_dfd;
    struct filename *oldpath, *newpath;
};
struct io_unlink {
    int dfd;
    struct filename* filename;
};
struct io_mkdir {
    int dfd;
    struct filename* filename;
};
struct io_link {
    int old_dfd, new_dfd;
    struct filename *oldpath, *newpath;
};
struct io_connect {
    void* addr;
};

#pragma clang attribute pop

enum cgroup_subsys_id { pids_cgrp_id___any = 1, memory_cgrp_id___any = 2 };
enum bpf_func_id___since_6_2 { BPF_FUNC_cgrp_storage_get___since_6_2 = 210 };

#define AT_FDCWD (-100)
#define TS_COMPAT 2
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 4
#define FMODE_CREATED 0x100000
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_DIRECTORY 0200000
#define EINPROGRESS 115

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

extern void* bpf_rdonly_cast(const void* object, u32 type) __ksym __weak;

// Kernel memory is read directly where the kernel lets a number be taken for a pointer (6.2), by a helper elsewhere.
// The object for old kernels (PLIMSOLL_OLD_KERNEL) has neither this nor loops by call.
#ifdef PLIMSOLL_OLD_KERNEL
#define DIRECT 0
#define LOOPS 0
#else
#define DIRECT bpf_core_enum_value_exists(enum bpf_func_id___since_6_2, BPF_FUNC_cgrp_storage_get___since_6_2)
#define LOOPS bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)
#endif

/// The field of what `pointer` points to; 0 where it points nowhere.
#define GET(pointer, field)                                                                                 \
    ({                                                                                                      \
        typeof(pointer) from_ = (pointer);                                                                  \
        typeof(from_->field) got_;                                                                          \
        if (DIRECT)                                                                                         \
            got_ = ((typeof(from_))bpf_rdonly_cast(from_, bpf_core_type_id_kernel(typeof(*from_))))->field; \
        else                                                                                                \
            bpf_core_read(&got_, sizeof(got_), &from_->field);                                              \
        got_;                                                                                               \
    })

/// The same by the helper: of types that a module may describe, which cannot be cast to.
#define GET_OF_MODULE(pointer, field)                      \
    ({                                                     \
        typeof(pointer) from_ = (pointer);                 \
        typeof(from_->field) got_;                         \
        bpf_core_read(&got_, sizeof(got_), &from_->field); \
        got_;                                              \
    })

// Functions that are verified once, for all their callers; old kernels take no pointers there.
#ifdef PLIMSOLL_OLD_KERNEL
#define VERIFIED_ONCE static __noinline
#else
#define VERIFIED_ONCE __noinline
#endif
