#pragma once

#include <array>

#include "model/field.h"

namespace plimsoll::model {

/// Fields of Linux audit events beyond those that they share with other sources (`evt.`, `proc.`, `user.`, `fd.`,
/// `fs.path.`, `container.`), and of the chain that leads from an act inside a container to a person.
inline constexpr std::array kAuditFields = {
    // The event
    Field{"audit.serial", Type::uint64, false, Arg::none, from_audit_record,
          "Serial number of the event; starts again when the host boots."},
    Field{"audit.node", Type::string, false, Arg::none, from_audit_record, "Host that the log names in node=."},
    Field{"audit.type", Type::string, false, Arg::none, from_audit_record,
          "Type of the event's main record: SYSCALL where there is one, the first record's otherwise."},
    Field{"audit.types", Type::string, true, Arg::none, from_audit_record, "Types of all its records, in order."},
    Field{"audit.keys", Type::string, true, Arg::none, from_audit_record, "Keys of the rule that recorded it."},
    Field{"audit.result", Type::string, false, Arg::none, from_audit_record, "success or failed, as the records say."},
    Field{"audit.session", Type::int64, false, Arg::none, from_audit_record | from_kernel,
          "Login session that the process descends from; -1 for none."},
    Field{"audit.tty", Type::string, false, Arg::none, from_audit_record, "Terminal; absent without one."},
    Field{"audit.arch", Type::string, false, Arg::none, from_audit_record, "Architecture of the call: x86_64, i386, …"},
    Field{"audit.euid", Type::uint64, false, Arg::none, from_audit_record, "Effective user id."},
    Field{"audit.egid", Type::uint64, false, Arg::none, from_audit_record, "Effective group id."},
    Field{"audit.paths", Type::path, true, Arg::none, from_audit_record,
          "Paths of the event, made absolute by its working directory where that is possible."},
    Field{"audit.inodes", Type::string, true, Arg::none, from_audit_record,
          "Device and inode of each path, MAJOR:MINOR:INODE in hexadecimal, hexadecimal, decimal."},
    Field{"audit.nametypes", Type::string, true, Arg::none, from_audit_record,
          "What the call did with each path: NORMAL, PARENT, CREATE, DELETE or UNKNOWN."},
    Field{"audit.saddr", Type::string, false, Arg::none, from_audit_record,
          "Socket address of the event: a path, @abstract, ADDRESS:PORT or the family's name and numbers."},
    Field{"audit.uring", Type::string, false, Arg::none, from_audit_record,
          "Operation that io_uring did; absent for others."},
    Field{"audit.title", Type::string, false, Arg::none, from_audit_record,
          "Title of the process after the call, blank between arguments; the process itself may rewrite it, and the "
          "kernel cuts it at 128 bytes."},
    Field{"audit.op", Type::string, false, Arg::none, from_audit_record,
          "Operation that the kernel names in a record of its own (CONFIG_CHANGE, BPF, …)."},
    Field{"audit.field", Type::string, false, Arg::key_or_suffix, from_audit_record,
          "Value of the named field as written, from the first record that has it; decoded where it was hexadecimal."},
    Field{"audit.claim", Type::string, false, Arg::key_or_suffix, from_audit_record,
          "What a program wrote of itself within msg='…': op, acct, exe, addr, hostname, terminal, res, … A claim, not "
          "a fact of the kernel."},
    // What is to be thought of it
    Field{"audit.incomplete", Type::string, false, Arg::none, from_audit_record,
          "Why records of the event are thought to be missing; absent for a whole one."},
    Field{"audit.forged", Type::string, false, Arg::none, from_audit_record,
          "Why the event's claims cannot be true; absent when nothing speaks against them."},
    Field{"audit.masked", Type::string, true, Arg::none, from_audit_record,
          "Rules that masked secrets in the event before it was stored."},
    Field{"audit.attributed", Type::string, false, Arg::none, from_audit_record,
          "How its container was found: mount, shim, runtime, ancestor, cgroup; absent outside containers."},
    Field{"audit.imported", Type::string, false, Arg::none, from_audit_record, "Log file that it was imported from."},
    // Who did it
    Field{"who.name", Type::string, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Person at the end of the chain: name of the login, or of the user where there was no login."},
    Field{"who.uid", Type::uint64, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "User id of the process that asked the engine."},
    Field{"who.loginuid", Type::int64, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "User id of the login that this process descends from; -1 for none."},
    Field{"who.session", Type::int64, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Login session of that process; -1 for none."},
    Field{"who.tty", Type::string, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Terminal of that process."},
    Field{"who.address", Type::string, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Address that the login came from."},
    Field{"who.pid", Type::int64, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Process that asked the engine."},
    Field{"who.exe", Type::path, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Program of that process."},
    Field{"who.command", Type::string, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "Command line of that process, secrets masked."},
    Field{"who.strength", Type::string, false, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "proved, when every link of the chain is; inferred, when one follows from time alone; unknown."},
    Field{"who.links", Type::string, true, Arg::none, from_engine_event | from_kernel | from_audit_record,
          "The links of the chain in order, each with what it rests on."},
};

}  // namespace plimsoll::model
