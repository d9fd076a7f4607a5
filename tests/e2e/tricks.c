/* tricks ROAD [PATH]: acts that go round rules, or that rules are about; ends with 1 where the kernel refused one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static int by_compat(const char *path) {  /* int $0x80 takes the addresses of the lowest 4 GiB */
    char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    strcpy(low, path);
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(5), "b"((int)(long)low), "c"(O_RDONLY), "d"(0) : "memory");
    return (int)result;
}
static int by_uring(const char *path) {
    struct io_uring_params p = {0};
    int ring = syscall(SYS_io_uring_setup, 4, &p);
    if (ring < 0) return -errno;
    char *sq = mmap(0, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *e = mmap(0, p.sq_entries * sizeof *e, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    memset(e, 0, sizeof *e);
    e->opcode = IORING_OP_OPENAT; e->fd = AT_FDCWD; e->addr = (unsigned long)path; e->open_flags = O_RDONLY;
    *(unsigned *)(sq + p.sq_off.array) = 0;
    __atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
    return syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
}
static void *by_thread(void *path) { return (void *)(long)open(path, O_RDONLY); }
static void *by_user(void *path) {
    syscall(SYS_setresuid, 1000, 1000, 1000);  /* this thread alone */
    return (void *)(long)open(path, O_RDONLY);
}
/* Both ends of a connection to oneself; the other end's descriptor. */
static int by_socket(struct sockaddr *address, socklen_t size) {
    int server = socket(address->sa_family, SOCK_STREAM, 0), client = socket(address->sa_family, SOCK_STREAM, 0);
    if (bind(server, address, size) || listen(server, 1) || getsockname(server, address, &size) || connect(client, address, size)) return -1;
    return client;
}
static int by_handle(const char *path) {
    union { struct file_handle handle; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } h = {.handle.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    if (name_to_handle_at(AT_FDCWD, path, &h.handle, &mount, 0)) { h.handle.handle_bytes = 8; h.handle.handle_type = 1; }
    open_by_handle_at(open(path, O_RDONLY), &h.handle, O_RDONLY);  /* refused or not: the attempt counts */
    return 0;
}
static int take_over(void) {
    int child = fork();
    if (child == 0) pause();
    long taken = ptrace(PTRACE_SEIZE, child, 0, 0);
    kill(child, 9);
    wait(0);
    return taken;
}
/* Asks a name server that need not be there. */
static int ask(const char *address) {
    static const char question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\6secret\5Thing\7example\0\0\x10\0\1";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
    inet_pton(AF_INET, address, &to.sin_addr);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    return sendto(s, question, sizeof question - 1, 0, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : 0;
}
static int run_program(const char *path) {
    if (fork() == 0) { execl(path, path, "-c", "true", NULL); _exit(1); }
    wait(0);
    return 0;
}
static int load_program(void) {
    struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr attributes = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (unsigned long)code, .insn_cnt = 2, .license = (unsigned long)"GPL"};
    return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}
int main(int n, char **a) {
    const char *path = a[2];
    int f = -1;
    if (!strcmp(a[1], "openat2")) { struct open_how how = {.flags = O_RDONLY}; f = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how); }
    if (!strcmp(a[1], "compat")) f = by_compat(path);
    if (!strcmp(a[1], "uring")) f = by_uring(path);
    if (!strcmp(a[1], "handle")) f = by_handle("/etc/hostname");
    if (!strcmp(a[1], "module")) f = syscall(SYS_init_module, 0, 0, "") < 0 ? 0 : 1;
    if (!strcmp(a[1], "faults")) f = syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */);
    if (!strcmp(a[1], "take")) f = take_over();
    if (!strcmp(a[1], "raw")) f = socket(AF_PACKET, SOCK_RAW, htons(3));
    if (!strcmp(a[1], "program")) f = load_program();
    if (!strcmp(a[1], "again")) for (int i = 0; i < 50 && (f = open(path, O_RDONLY)) >= 0; i++) close(f);
    if (!strcmp(a[1], "ask")) f = ask(path);
    if (!strcmp(a[1], "run")) f = run_program(path);
    if (!strcmp(a[1], "reverse")) {
        struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        f = dup2(by_socket((struct sockaddr *)&loopback, sizeof loopback), 0);
    }
    if (!strcmp(a[1], "unix")) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        f = by_socket((struct sockaddr *)&address, sizeof address);
    }
    if (!strcmp(a[1], "thread")) { pthread_t t; void *r; pthread_create(&t, 0, by_thread, (void *)path); pthread_join(t, &r); f = (int)(long)r; }
    if (!strcmp(a[1], "setuid")) { pthread_t t; void *r; pthread_create(&t, 0, by_user, (void *)path); pthread_join(t, &r); f = (int)(long)r; }
    if (!strcmp(a[1], "deleted")) {
        char *argv[] = {"cat", (char *)path, 0};
        int m = open("/tmp/gone", O_RDONLY);
        unlink("/tmp/gone");
        execveat(m, "", argv, environ, AT_EMPTY_PATH);
    }
    if (!strcmp(a[1], "many")) {  /* so many files, and one that says so, once there is one that asks for them */
        char name[64];
        if (chdir(path)) return 1;
        while (access("go", F_OK)) usleep(10000);
        for (int i = 0; i < atoi(a[3]); i++) { snprintf(name, sizeof name, "%d", i); close(open(name, O_CREAT | O_WRONLY, 0600)); }
        close(open("end", O_CREAT | O_WRONLY, 0600));
        pause();
    }
    if (!strcmp(a[1], "orphan")) {
        if (fork() == 0) { if (fork() == 0) { setsid(); while (getppid() != 1) usleep(1000); prctl(PR_SET_NAME, "kworker/0:1"); _exit(open(path, O_RDONLY) < 0); } _exit(0); }
        wait(0);
        f = 0;
    }
    if (!strcmp(a[1], "memfd")) {
        int m = memfd_create("trick", 0), in = open("/bin/busybox", O_RDONLY); char b[65536]; long k;
        while ((k = read(in, b, sizeof b)) > 0) if (write(m, b, k) != k) return 1;
        char *argv[] = {"cat", (char *)path, 0};
        execveat(m, "", argv, environ, AT_EMPTY_PATH);
    }
    printf("%d\n", f);
    return f < 0;
}
