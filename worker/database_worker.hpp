// The process that does the work of one entry, the duties of a database or the jobs of a role in it, and
// stays for a while in case there is more.
#pragma once

#include "worker/state.hpp"

namespace steward {

/// True in a process that does duties: what it writes wakes nobody.
bool is_duty_worker() noexcept;

/// The entry that this process works for; in a session, the duties of its database.
EntryKey own_entry() noexcept;

/// True in a worker of a role whose run has lasted for a while although others wait for its slot: it is to
/// end the run, and another worker will do what is left.
bool must_yield();

} // namespace steward
