#pragma once

namespace plimsoll::audit {

inline constexpr unsigned kUringConnect = 16;

/// Whether `submit_refused` knows arguments for the operation that surely change nothing.
[[nodiscard]] bool is_harmless_uring(unsigned operation);

/// Submits one operation that gets as far as to be audited and is refused then: it names a path that is not there, or a
/// descriptor that is no socket. False when this process gets no io_uring. Allocates nothing; for a child of fork().
[[nodiscard]] bool submit_refused(unsigned operation);

}  // namespace plimsoll::audit
