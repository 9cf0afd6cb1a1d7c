// The tables below the memory: steward.cache_table, and steward.cache_archive for what is asked for rarely.
#pragma once

#include "extension/cache/access.hpp"

namespace steward::cache {

/// A value as it lies in a table.
struct Row {
    Value value;
    TimestampTz expires; ///< DT_NOEND for never
    TimestampTz saved;   ///< before the value was read to be written
    std::uint32_t cost;  ///< microseconds that it took to compute
};

/// A value to be written, or, without one, a key of which nothing is to be kept. Plain data.
struct Draft {
    std::string_view space;
    Oid role; ///< InvalidOid where roles share
    std::string_view key;
    Value value;
    TimestampTz expires;
    std::uint32_t cost;
    bool is_archived; ///< the namespace has an archive
    bool *is_held;    ///< where find_held() says so; or null
};

/// What is there under a key by now, whoever's transaction asks; copied into the caller's memory context.
std::optional<Row> find_row(const Namespace &space, const EntryKey &key);
std::optional<Row> find_archived(const Namespace &space, const EntryKey &key);

/// Whether this transaction may write to tables at all.
bool may_write() noexcept;
/// Writes rows, and removes those without a value, as the owner of the tables. `saved` as in Row. Each key
/// once.
void write_rows(std::span<const Draft> drafts, TimestampTz saved);
/// Says of each draft whether somebody who has not yet committed holds a row under its key; the other rows
/// are this transaction's from here on.
void find_held(std::span<const Draft> drafts);
/// Removes what is there under a key; false if that was nothing.
bool delete_row(const Namespace &space, const EntryKey &key);
/// Has what is there under a key end at another time; false if that was nothing.
bool expire_row(const Namespace &space, const EntryKey &key, TimestampTz end);
/// Removes all rows of a namespace.
void delete_rows_of(const char *space);

/// A key under which a row is there.
struct RowKey {
    std::string_view key;
    TimestampTz saved;
};
/// Those of the role that are good and whose keys a LIKE pattern fits, all of them as they are at one moment;
/// copied into the caller's memory context.
std::span<const RowKey> find_rows_like(const Namespace &space, Datum pattern);
/// Removes what is under these keys, but for what others hold.
void delete_rows(const Namespace &space, std::span<const RowKey> keys);
/// Removes the rows that find_rows_like() finds, where there is no memory; how many.
std::int64_t delete_rows_like(const Namespace &space, Datum pattern);

} // namespace steward::cache
