#pragma once

// Calls on sockets: both ends as the kernel knows them after the call, and the caller's claim where it does not.

#include "file_calls.h"

struct SocketEvent {
    struct WireEvent head;
    struct WireSocket socket;
    struct WireArguments arguments;
};

enum { SOCK_DGRAM = 2, DNS = 53, MULTICAST_DNS = 5353 };

static __always_inline u16 host_order(u16 number) { return number >> 8 | number << 8; }

static __always_inline bool is_socket(struct file* file) {
    struct inode* inode = GET(file, f_inode);
    return (GET(inode, i_mode) & S_IFMT) == S_IFSOCK;
}

static __always_inline void fill_socket(struct WireSocket* out, struct file* file) {
    __builtin_memset(out, 0, sizeof(*out));
    struct socket* socket = GET(file, private_data);
    struct inode* inode = GET(file, f_inode);
    struct sock* sock = GET(socket, sk);
    out->type = GET(socket, type);
    out->socket = GET(inode, i_ino);
    if (!sock) return;
    u16 family = GET(sock, __sk_common.skc_family);
    out->family = family;
    out->state = GET(sock, __sk_common.skc_state);
    out->protocol = GET(sock, sk_protocol);
    struct net* net = GET(sock, __sk_common.skc_net.net);
    out->net_namespace = GET(net, ns.inum);
    if (family == AF_INET) {
        u32 local = GET(sock, __sk_common.skc_rcv_saddr), remote = GET(sock, __sk_common.skc_daddr);
        __builtin_memcpy(out->local, &local, 4);
        __builtin_memcpy(out->remote, &remote, 4);
    } else if (family == AF_INET6) {
        bpf_core_read(out->local, 16, &sock->__sk_common.skc_v6_rcv_saddr);
        bpf_core_read(out->remote, 16, &sock->__sk_common.skc_v6_daddr);
    } else if (family == AF_UNIX) {
        struct pid* peer = GET(sock, sk_peer_pid);
        struct cred* cred = GET(sock, sk_peer_cred);
        out->peer_pid = number_at(peer, 0);
        out->peer_uid = GET(cred, euid.val);
        return;
    } else {
        return;
    }
    out->local_port = GET(sock, __sk_common.skc_num);
    out->remote_port = host_order(GET(sock, __sk_common.skc_dport));
}

/// Takes an end of the connection from what lies in the caller's memory.
static __always_inline void claim_address(struct WireSocket* out, u64 address, bool local) {
    struct {
        u16 family, port;
        u32 ip, ip6[4];
    } claim = {};
    if (!address || bpf_probe_read_user(&claim, 8, (void*)address)) return;
    if (claim.family == AF_INET6) bpf_probe_read_user(&claim, sizeof(claim), (void*)address);
    if (claim.family != AF_INET && claim.family != AF_INET6) return;
    u8* to = local ? out->local : out->remote;
    if (claim.family == AF_INET)
        __builtin_memcpy(to, &claim.ip, 4);
    else
        __builtin_memcpy(to, claim.ip6, 16);
    if (local)
        out->local_port = host_order(claim.port);
    else
        out->remote_port = host_order(claim.port);
}

/// Path of a unix socket; an abstract one, which begins with NUL, gets @ there.
static __always_inline u32 add_unix_name(struct Scratch* room, u32 at, struct file* file, u64 claim) {
    at &= 0x7fff;
    struct WireString* string = (void*)(room->event + at);
    u8* to = room->event + at + sizeof(*string);
    struct socket* socket = GET(file, private_data);
    struct unix_sock* own = (void*)GET(socket, sk);
    struct unix_sock* peer = (void*)GET(own, peer);
    struct unix_address* address = peer ? GET(peer, addr) : NULL;
    if (!address) address = GET(own, addr);
    long length = 0;
    u64 from = 0;
    if (claim) {
        u16 family = 0;
        bpf_probe_read_user(&family, 2, (void*)claim);
        if (family != AF_UNIX) return at;
        bpf_probe_read_user(to, 1, (void*)claim + 2);
        if (to[0])
            length = bpf_probe_read_user_str(to, 108, (void*)claim + 2) - 1;
        else
            length = bpf_probe_read_user_str(to + 1, 107, (void*)claim + 3);
    } else if (address) {
        from = (u64)address + bpf_core_field_offset(struct unix_address, name) + 2;
        u32 bytes = (u32)GET(address, len) - 2;
        if ((s32)bytes <= 0) return at;
        if (bytes > 108) bytes = 108;
        barrier_var(bytes);  // the bound is to be known where it is used
        length = bytes & 127;
        bpf_probe_read_kernel(to, length, (void*)from);
        if (to[0]) length = bpf_probe_read_kernel_str(to, 108, (void*)from) - 1;
    }
    if (length <= 0) return at;
    if (!to[0]) to[0] = '@';
    length &= 127;
    string->tag = WIRE_ADDRESS;
    string->length = length;
    return at + sizeof(*string) + ((length + 7) & ~7ULL);
}

enum { NR_ACCEPT = 43, NR_CONNECT = 42, NR_SOCKET = 41, NR_BIND = 49, NR_ACCEPT4 = 288 };

static __always_inline void address_key(struct FoldKey* key, struct Call* call, struct SocketEvent* event) {
    begin_fold_key(key, call);
    __builtin_memcpy(&key->a, event->socket.remote, 8);
    __builtin_memcpy(&key->b, event->socket.remote + 8, 8);
    // Who connects does so from another port each time, so that the port that was connected to is the one that counts.
    bool accepts = call->number == NR_ACCEPT || call->number == NR_ACCEPT4;
    u16 port = accepts ? event->socket.local_port : event->socket.remote_port;
    key->port = port | (u32)event->socket.protocol << 16;
    key->failed = call->result < 0;
}

static __always_inline bool folds_socket(struct SocketEvent* event) {
    u16 family = event->socket.family;
    return settings.fold && (family == AF_INET || family == AF_INET6);
}

SEC("tp_btf/sys_exit")
int socket_call(u64* ctx) {
    struct Scratch* room = begin_wanted_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    struct SocketEvent* event = (void*)room->event;
    struct WireEvent* head = &event->head;
    bool makes = call->number == NR_SOCKET || call->number == NR_ACCEPT || call->number == NR_ACCEPT4;
    bool failed = call->result < 0 && call->result != -EINPROGRESS;
    long descriptor = makes && call->result >= 0 ? call->result : (long)(int)call->arguments[0];
    struct file* file = NULL;
    if (call->number != NR_SOCKET || call->result >= 0) file = file_of(task_of(call), descriptor);
    __builtin_memset(&event->socket, 0, sizeof(event->socket));
    bool socket = file && is_socket(file);
    if (socket) fill_socket(&event->socket, file);
    if (call->number == NR_CONNECT && (failed || event->socket.remote_port == 0))
        claim_address(&event->socket, call->arguments[1], false);
    if (call->number == NR_BIND && failed) claim_address(&event->socket, call->arguments[1], true);
    if (call->number == NR_SOCKET && !socket) event->socket.family = call->arguments[0];

    struct FoldKey* key = &room->fold_key;
    bool folds =
        (call->number == NR_CONNECT || call->number == NR_ACCEPT || call->number == NR_ACCEPT4) && folds_socket(event);
    if (folds) {
        address_key(key, call, event);
        if (folded(key)) return 0;
    }
    fill_call(head, call, WIRE_HAS_SOCKET | WIRE_HAS_ARGUMENTS);
    fill_arguments(&event->arguments, call);
    u32 at = sizeof(*event);
    if (socket && event->socket.family == AF_UNIX) {
        bool claims = failed && (call->number == NR_CONNECT || call->number == NR_BIND);
        at = add_unix_name(room, at, file, claims ? call->arguments[1] : 0);
    }
    head->size = at;
    if (send(&bulk_rings, WIRE_LOST_NETWORK, event, at) || !folds) return 0;
    start_fold(room, key, head, WIRE_HAS_SOCKET, NULL, &event->socket, 0, 0);
    return 0;
}

enum { NR_SENDTO = 44, NR_RECVFROM = 45, NR_SENDMSG = 46, NR_RECVMSG = 47, NR_RECVMMSG = 299, NR_SENDMMSG = 307 };

/// Whether the call may have brought the answer of a name server that somebody wants to know of.
static __always_inline bool may_answer(struct Call* call, struct file* file) {
    if (!filter_of(call)->names || call->result <= 0) return false;
    if (call->number != NR_RECVFROM && call->number != NR_RECVMSG && call->number != NR_RECVMMSG) return false;
    struct socket* socket = GET(file, private_data);
    return GET(socket, type) == SOCK_DGRAM;
}

SEC("tp_btf/sys_exit")
int message_call(u64* ctx) {
    struct Scratch* room = begin_call(ctx);
    if (!room) return 0;
    struct Call* call = &room->call;
    struct SocketEvent* event = (void*)room->event;
    struct WireEvent* head = &event->head;
    struct file* file = file_of(task_of(call), (long)(int)call->arguments[0]);
    bool socket = file && is_socket(file);
    bool listed = wanted_call(call);
    if (!listed && !(socket && may_answer(call, file))) {
        dropped();
        return 0;
    }
    __builtin_memset(&event->socket, 0, sizeof(event->socket));
    if (socket) fill_socket(&event->socket, file);

    u64 data = call->arguments[1], name = call->arguments[4];
    bool one = call->number == NR_SENDTO || call->number == NR_RECVFROM;
    if (!one) {
        // struct msghdr, or the first of several: name at 0, its length, then the pieces and how many there are.
        if (call->compat) {
            u32 message[4] = {}, piece = 0;
            bpf_probe_read_user(message, sizeof(message), (void*)data);
            bpf_probe_read_user(&piece, sizeof(piece), (void*)(u64)message[2]);
            name = message[0];
            data = piece;
        } else {
            u64 message[3] = {};
            bpf_probe_read_user(message, sizeof(message), (void*)data);
            name = message[0];
            data = 0;
            bpf_probe_read_user(&data, sizeof(data), (void*)message[2]);
        }
    }
    if (event->socket.remote_port == 0) claim_address(&event->socket, name, false);
    u16 remote = event->socket.remote_port, local = event->socket.local_port;
    bool names = remote == DNS || remote == MULTICAST_DNS || local == DNS || local == MULTICAST_DNS;
    bool with_data = call->result > 0 && (names || filter_of(call)->data);
    if (!listed && !names) {
        dropped();
        return 0;
    }

    struct FoldKey* key = &room->fold_key;
    bool folds = !with_data && folds_socket(event);
    if (folds) {
        address_key(key, call, event);
        if (folded(key)) return 0;
    }
    fill_call(head, call, WIRE_HAS_SOCKET | WIRE_HAS_ARGUMENTS);
    fill_arguments(&event->arguments, call);
    u32 at = sizeof(*event);
    if (socket && event->socket.family == AF_UNIX) at = add_unix_name(room, at, file, 0);
    if (with_data && data) {
        // For several messages at once the result counts messages; the first one's length is not looked for.
        u64 length = call->result;
        if (call->number == NR_SENDMMSG || call->number == NR_RECVMMSG) length = 512;
        u64 most = settings.data_bytes < MOST_DATA ? settings.data_bytes : MOST_DATA;
        if (length > most) {
            length = most;
            head->flags |= WIRE_CUT;
        }
        at &= 0x7fff;
        struct WireString* string = (void*)(room->event + at);
        if (!bpf_probe_read_user(room->event + at + sizeof(*string), length, (void*)data)) {
            string->tag = WIRE_DATA;
            string->length = length;
            at += sizeof(*string) + ((length + 7) & ~7ULL);
        }
    }
    head->size = at;
    if (send(&bulk_rings, WIRE_LOST_NETWORK, event, at) || !folds) return 0;
    start_fold(room, key, head, WIRE_HAS_SOCKET, NULL, &event->socket, 0, 0);
    return 0;
}

/// The beginning of a request in HTTP, as a number of its first four bytes.
static __always_inline bool begins_request(u32 bytes) {
    return bytes == 0x20544547 /* GET  */ || bytes == 0x54534f50 /* POST */ || bytes == 0x20545550 /* PUT  */ ||
           bytes == 0x44414548 /* HEAD */ || bytes == 0x454c4544 /* DELE */ || bytes == 0x43544150 /* PATC */ ||
           bytes == 0x4954504f /* OPTI */ || bytes == 0x20495250 /* PRI  */;
}

struct RequestEvent {
    struct WireEvent head;
    struct WireSocket socket;
    struct WireString data;
    u8 line[1024];
};

struct LineEnd {
    u32 at, most;
};
static long look_for_end(u32 step, void* context) {
    struct LineEnd* end = context;
    struct Scratch* room = scratch();
    if (!room || end->at >= end->most) return 1;
    if (room->event[(sizeof(struct RequestEvent) - 1024 + end->at) & 0x7fff] == '\r') return 1;
    end->at++;
    return 0;
}

/// An engine read from one of its sockets: the line of a request, and who is at the other end.
SEC("tp_btf/sys_exit")
int engine_read(u64* ctx) {
    struct pt_regs* regs = (void*)ctx[0];
    long result = ctx[1];
    if (result < 16) return 0;
    struct task_struct* task = (void*)bpf_get_current_task();
    u32 pid = GET(task, tgid);
    bool engine = false;
#pragma clang loop unroll(full)
    for (u32 i = 0; i < ENGINES; i++) engine |= control.engines[i] == pid;
    if (!engine || is_compat(task)) return 0;
    u64 from = regs->si;
    u32 begin = 0;
    bpf_probe_read_user(&begin, sizeof(begin), (void*)from);
    if (!begins_request(begin)) return 0;
    struct file* file = file_of(task, (long)(int)regs->di);
    struct Scratch* room = scratch();
    if (!room || !file || !is_socket(file)) return 0;
    struct RequestEvent* event = (void*)room->event;
    fill_socket(&event->socket, file);
    if (event->socket.family != AF_UNIX || !event->socket.peer_pid) return 0;  // nobody to be named
    u64 cgroup = task_cgroup(task);
    fill_head(&event->head, task, cgroup, !in_container(cgroup));
    event->head.kind = WIRE_REQUEST;
    event->head.parts = WIRE_HAS_SOCKET;
    event->head.result = result;
    u32 length = result < (long)sizeof(event->line) ? result : sizeof(event->line);
    barrier_var(length);  // the bound is to be tested where the verifier sees it
    if (length > sizeof(event->line) || bpf_probe_read_user(event->line, length, (void*)from)) return 0;
    struct LineEnd end = {.most = length};
    end.at = *(volatile u32*)&room->zero;
    if (LOOPS) {
        bpf_loop(1024, look_for_end, &end, 0);
        length = end.at;
    }
    if (length >= 1024) {
        length = 1024;
        event->head.flags |= WIRE_CUT;
    }
    event->data.tag = WIRE_DATA;
    event->data.length = length;
    u32 size = sizeof(*event) - sizeof(event->line) + ((length + 7) & ~7U);
    event->head.size = size;
    send(&first_rings, WIRE_LOST_REQUEST, event, size);
    return 0;
}
