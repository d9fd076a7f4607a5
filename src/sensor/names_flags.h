#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::sensor {

// Numbers of calls in Falco's spelling, put behind `out`.

/// O_TRUNC|O_CREAT|O_WRONLY|O_CLOEXEC|O_F_CREATED|FD_UPPER_LAYER
void write_open_flags(std::uint64_t flags, bool created, std::uint8_t layer, std::string& out);
/// 0644; 0 for none.
void write_open_mode(std::uint64_t mode, std::string& out);
/// S_IXOTH|S_IROTH|…
void write_mode(std::uint64_t mode, std::string& out);
void write_clone_flags(std::uint64_t flags, std::string& out);
void write_unlink_flags(std::uint64_t flags, std::string& out);
void write_link_flags(std::uint64_t flags, std::string& out);
void write_rename_flags(std::uint64_t flags, std::string& out);
void write_mount_flags(std::uint64_t flags, std::string& out);
void write_umount_flags(std::uint64_t flags, std::string& out);
/// O_CLOEXEC, or O_NONE.
void write_dup_flags(std::uint64_t flags, std::string& out);
void write_memfd_flags(std::uint64_t flags, std::string& out);
/// O_NONBLOCK|O_CLOEXEC of a socket's type, or O_NONE.
void write_socket_flags(std::uint64_t type, std::string& out);
/// AF_INET, AF_LOCAL|AF_UNIX, …
void write_domain(std::uint64_t domain, std::string& out);
/// PTRACE_ATTACH
void write_ptrace_request(std::uint64_t request, std::string& out);
/// BPF_PROG_LOAD
void write_bpf_command(std::uint64_t command, std::string& out);
/// SIGKILL
void write_signal(std::uint64_t signal, std::string& out);
/// CAP_CHOWN CAP_DAC_OVERRIDE …
void write_capabilities(std::uint64_t mask, std::string& out);

/// ENOENT; empty for a number that means none.
[[nodiscard]] std::string_view error_name(std::int64_t number);

}  // namespace plimsoll::sensor
