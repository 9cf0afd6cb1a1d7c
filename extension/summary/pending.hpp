// What a refresh would find to do. All but has_changes() run inside SPI, as the owner.
#pragma once

#include "extension/summary/definition.hpp"

namespace steward::summary {

/// Whether anything is in the table of changes: its first row is looked for, without a lock.
bool has_changes(const Summary &summary);

/// When the first row changes by the clock alone; DT_NOEND if none does.
TimestampTz first_expiry(const Summary &summary);

/// Whether there is something to do, at the time of this transaction.
bool is_pending(const Summary &summary);

/// Whether there is, or partitions have come or gone.
bool is_pending_or_moved(const Summary &summary);

/// Whether there is, or will be when the summaries are refreshed that its query reads.
bool is_pending_below(const Summary &summary);

/// How many keys have changed, counted up to `most`.
std::int64_t count_backlog(const Summary &summary, std::int64_t most);

/// Whether so much has changed that it is cheaper to compute all.
bool prefers_full(const Summary &summary);

} // namespace steward::summary
