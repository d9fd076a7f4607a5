#pragma once

// Files: what the kernel knows of one, which layer of an overlay it comes from, and the file behind a descriptor.

#include "path.h"

static __always_inline u64 nanoseconds(struct timespec64* time) {
    return (u64)GET(time, tv_sec) * 1000000000ULL + GET(time, tv_nsec);
}

static __always_inline void fill_times(struct WireFile* out, struct inode* inode) {
    struct inode___before_6_11* newer = (void*)inode;
    struct inode___before_6_6* older = (void*)inode;
    if (bpf_core_field_exists(inode->i_mtime_sec)) {
        out->mtime = (u64)GET(inode, i_mtime_sec) * 1000000000ULL + GET(inode, i_mtime_nsec);
        out->ctime = (u64)GET(inode, i_ctime_sec) * 1000000000ULL + GET(inode, i_ctime_nsec);
        return;
    }
    if (bpf_core_field_exists(newer->__i_mtime))
        out->mtime = (u64)GET(newer, __i_mtime.tv_sec) * 1000000000ULL + GET(newer, __i_mtime.tv_nsec);
    else
        out->mtime = (u64)GET(older, i_mtime.tv_sec) * 1000000000ULL + GET(older, i_mtime.tv_nsec);
    if (bpf_core_field_exists(newer->__i_ctime))
        out->ctime = (u64)GET(newer, __i_ctime.tv_sec) * 1000000000ULL + GET(newer, __i_ctime.tv_nsec);
    else
        out->ctime = (u64)GET(older, i_ctime.tv_sec) * 1000000000ULL + GET(older, i_ctime.tv_nsec);
}

/// Which layer of an overlay a file's content is in. An inode of the overlay lies within a larger record of its own,
/// followed by the entry in the writable layer; where the kernel does not describe that record (the overlay is a module
/// that was not loaded), the order is taken from it being the same in every kernel since 4.13.
static __always_inline u8 layer_of(struct inode* inode) {
    struct super_block* block = GET(inode, i_sb);
    if (GET(block, s_magic) != OVERLAYFS_SUPER_MAGIC) return WIRE_NO_OVERLAY;
    if (!bpf_core_type_exists(struct ovl_inode)) {
        struct list_head* upper = (void*)inode + bpf_core_type_size(struct inode);
        struct dentry* entry = (void*)GET(upper, next);
        if (!entry) return WIRE_LOWER;
        struct inode* real = GET(entry, d_inode);
        return GET(real, i_ino) == GET(inode, i_ino) ? WIRE_UPPER : WIRE_COPIED_UP;
    }
    struct ovl_inode* layered = (void*)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
    if (!GET_OF_MODULE(layered, __upperdentry)) return WIRE_LOWER;
    struct ovl_inode___before_6_5* older = (void*)layered;
    if (bpf_core_field_exists(layered->oe)) {
        struct ovl_entry* stack = GET_OF_MODULE(layered, oe);
        return stack && GET_OF_MODULE(stack, __numlower) ? WIRE_COPIED_UP : WIRE_UPPER;
    }
    if (bpf_core_field_exists(older->lower)) return GET_OF_MODULE(older, lower) ? WIRE_COPIED_UP : WIRE_UPPER;
    return WIRE_LAYER_UNKNOWN;
}

static __always_inline void fill_inode(struct WireFile* out, struct inode* inode, struct WireEvent* head) {
    struct super_block* block = GET(inode, i_sb);
    out->inode = GET(inode, i_ino);
    out->size = GET(inode, i_size);
    out->device = GET(block, s_dev);
    out->mode = GET(inode, i_mode);
    out->uid = GET(inode, i_uid.val);
    out->gid = GET(inode, i_gid.val);
    out->open_flags = 0;
    out->links = GET(inode, i_nlink);
    out->filesystem = GET(block, s_magic);
    out->layer = layer_of(inode);
    out->created = 0;
    out->reserved[0] = out->reserved[1] = 0;
    fill_times(out, inode);
}

/// The open file's, with what its flags and its entry tell.
static __always_inline void fill_file(struct WireFile* out, struct file* file, struct WireEvent* head) {
    struct inode* inode = GET(file, f_inode);
    struct dentry* entry = GET(file, f_path.dentry);
    fill_inode(out, inode, head);
    out->open_flags = GET(file, f_flags);
    if (GET(file, f_mode) & FMODE_CREATED) out->created = 1;
    if (!GET(entry, d_hash.pprev) && GET(entry, d_parent) != entry) head->flags |= WIRE_DELETED;
    if (out->links == 0) {
        head->flags |= WIRE_DELETED;
        if (out->filesystem == TMPFS_MAGIC) {
            u64 name = 0;
            bpf_probe_read_kernel(&name, 6, GET(entry, d_name.name));
            if (name == 0x3a64666d656dULL) {  // "memfd:"
                head->flags &= ~WIRE_DELETED;
                head->flags |= WIRE_MEMFD;
            }
        }
    }
}

/// The open file behind a descriptor of the task; null when there is none.
static __always_inline struct file* file_of(struct task_struct* task, long descriptor) {
    struct files_struct* files = GET(task, files);
    struct fdtable* table = GET(files, fdt);
    if (descriptor < 0 || descriptor >= GET(table, max_fds)) return NULL;
    struct list_head* slot = (void*)((u64)GET(table, fd) + descriptor * 8);
    return (void*)GET(slot, next);
}
