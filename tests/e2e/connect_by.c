/* Connects to argv[2] by the road that argv[1] names; prints the result. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static long uring(int fd, struct sockaddr_un *to, unsigned flags) {
    struct io_uring_params p = {.flags = flags, .sq_thread_idle = 1000};
    int ring = syscall(SYS_io_uring_setup, 1, &p);
    if (ring < 0) return -errno;
    char *sq = mmap(0, p.sq_off.array + 64, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    char *cq = mmap(0, p.cq_off.cqes + 256, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    struct io_uring_sqe *sqe = mmap(0, sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = IORING_OP_CONNECT;
    sqe->fd = fd;
    sqe->addr = (unsigned long)to;
    sqe->off = sizeof *to;
    *(unsigned *)(sq + p.sq_off.array) = 0;
    __atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
    unsigned enter = IORING_ENTER_GETEVENTS | (flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, enter, 0, 0) < 0) return -errno;
    while (__atomic_load_n((unsigned *)(cq + p.cq_off.tail), __ATOMIC_ACQUIRE) == 0) usleep(1000);
    return ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
}

static long int80(long number, long a, long b, long c) {
    long result = number;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    /* 32-bit calls reach 32-bit addresses only */
    struct sockaddr_un *to = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    to->sun_family = AF_UNIX;
    strncpy(to->sun_path, argv[2], sizeof to->sun_path - 1);
    long result = -1;
    if (!strcmp(argv[1], "plain")) result = connect(fd, (struct sockaddr *)to, sizeof *to) ? -errno : 0;
    if (!strcmp(argv[1], "i386")) result = int80(362, fd, (long)to, sizeof *to);
    if (!strcmp(argv[1], "socketcall")) {
        unsigned *arguments = (unsigned *)((char *)to + 2048);
        arguments[0] = fd;
        arguments[1] = (unsigned)(unsigned long)to;
        arguments[2] = sizeof *to;
        result = int80(102, 3, (long)arguments, 0);
    }
    if (!strcmp(argv[1], "uring")) result = uring(fd, to, 0);
    if (!strcmp(argv[1], "sqpoll")) result = uring(fd, to, IORING_SETUP_SQPOLL);
    printf("%ld\n", result);
    return result != 0;
}
