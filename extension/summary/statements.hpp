// The statements of a refresh, made from the columns of a summary.
#pragma once

#include "extension/summary/definition.hpp"

namespace steward::summary {

/// Takes changes out of their table: ($1 how many rows at most) -> an array for each column of the key,
/// without null and in order; whether all may have changed; how many changes there were; how many rows
/// have expired; and how many timers have rung.
char *take_statement(const Summary &summary);

/// Computes keys again and stores what differs: (an array for each column of the key) -> how many rows the
/// keys have, how many were written, how many removed.
char *keyed_statement(const Summary &summary);

/// Takes all changes and adds them to the sums of their keys: all in one snapshot, so that each is added
/// once -> how many keys there are, how many rows were written, how many removed, whether all may have
/// changed.
char *delta_statement(const Summary &summary);

/// Takes all changes and computes all keys, in one snapshot -> as keyed_statement().
char *full_statement(const Summary &summary);

/// Removes all changes, for a mutant.
char *drain_statement(const Summary &summary);

/// ($1) -> how many keys have changed, counted up to so many.
char *backlog_statement(const Summary &summary);

/// -> when the first row changes by the clock alone; null if none does.
char *expiry_statement(const Summary &summary);

/// ($1 an array of objects) -> an array for each column of the key.
char *keys_statement(const Summary &summary);

/// The SQL that compares the keys of two relations, whose aliases are given.
const char *key_condition(const Summary &summary, const char *left, const char *right);

/// The types of the arrays of keyed_statement().
List *key_array_types(const Summary &summary);

} // namespace steward::summary
