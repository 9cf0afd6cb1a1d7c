// What the end of a transaction means for the queues that it touched.
#pragma once

#include "extension/jobs/state.hpp"

namespace steward::jobs {

/// Jobs of a line from `position` on become ready when the transaction commits.
void ready_at_commit(const Line &line, int priority, int64 position);
/// This session has taken jobs of a line from `position` on: if the transaction aborts they are free again,
/// and, where they are to be run, also if the session ends before settle_taken().
void note_taken(const Line &line, int priority, int64 position, bool to_be_run);
/// The jobs that were taken to be run are done when the transaction commits, or, with false, some of them are
/// left.
void settle_taken(bool all_done);

/// The transaction or the session has come to nothing: what it has taken is free again.
void give_up_taken();
/// While true the end of a transaction is not the end of what was taken: a statement of its own has several.
void hold_taken(bool held) noexcept;

} // namespace steward::jobs
