// The run of this session: which jobs it does, and how far the present one is.
#pragma once

#include "extension/jobs/state.hpp"

namespace steward::jobs {

/// The place of this session's run in shared memory; null if it runs none.
Run *my_run() noexcept;
/// Gives the place back, if there is one. Raises no error.
void leave_run() noexcept;
/// True once if somebody has asked for the end of the job that this session runs.
bool take_cancel() noexcept;
/// `job` begins, or, with 0, none is being run. What was meant for the job before it is forgotten.
void begin_job(int64 job) noexcept;

} // namespace steward::jobs
