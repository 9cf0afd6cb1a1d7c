// What is known of the refreshes of a summary: table steward.summary_state.
#pragma once

#include "extension/summary/definition.hpp"

namespace steward::summary {

/// How a refresh went. Plain data.
struct Outcome {
    const char *mode = "none"; ///< none, busy, keyed or full
    std::int64_t keys = 0;     ///< that were computed; in full mode the rows of the query
    std::int64_t written = 0;
    std::int64_t unchanged = 0;
    std::int64_t removed = 0;
    std::int64_t expired = 0; ///< keys whose time had come
    std::int64_t backlog = 0; ///< keys that are still to be computed, counted up to a million
    std::int64_t us = 0;
    std::int64_t computed_keys = 0; ///< by their keys, in so many microseconds
    std::int64_t computed_us = 0;
    std::int64_t full_us = 0; ///< what it took to compute all; 0 if that was not done
    std::uint64_t wal_bytes = 0;
};

/// Writes down how a refresh went, and what keys cost.
///
/// \return the time that was written
TimestampTz note_refresh(const Summary &summary, const Outcome &outcome);

/// Whether partitions of a source have come or gone since the last refresh; they are watched from now on.
/// Those that came with rows, or went with them, mean that all is to be computed.
void look_at_partitions(const Summary &summary);

/// Whether that would find something: partitions that came or went, or triggers that are gone.
bool has_moved(const Summary &summary);

/// Where what is known of the expressions over its sources cannot be used any more, looks again at what it
/// reads, and has all computed at the next refresh.
void renew_expressions(const Summary &summary);

/// The summaries that its query reads and that are refreshed before it: those that keep to no schedule, are
/// not paused, and belong to a role that its owner is a member of. A list of Summary.
List *summaries_below(const Summary &summary);

} // namespace steward::summary
