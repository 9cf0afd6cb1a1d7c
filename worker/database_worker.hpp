// What the rest of the worker knows of the process that does the work.
#pragma once

namespace steward {

/// True in a worker: what it writes is the work itself and wakes nobody.
bool is_database_worker() noexcept;

} // namespace steward
