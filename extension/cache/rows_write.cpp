// Writing goes through SPI, as the owner of the tables. No operator is looked up by the search_path of
// whoever is served.
#include "extension/cache/mutants.hpp"
#include "extension/cache/rows.hpp"
#include "extension/cache/rows_statement.hpp"
#include "extension/migration.hpp"
#include "extension/text.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *insert_statement = //
    "INSERT INTO steward.cache_table AS t"
    " (namespace, role, key, json, text, bytes, expires_at, saved_at, cost_us)"
    " SELECT r.namespace, r.role, r.key, r.json, r.text, r.bytes, r.expires_at, $8, r.cost_us"
    " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
    "pg_catalog.unnest($4),"
    " pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($9))"
    " AS r (namespace, role, key, json, text, bytes, expires_at, cost_us)"
    " ON CONFLICT (namespace, role, key) DO UPDATE SET json = excluded.json, text = excluded.text,"
    " bytes = excluded.bytes, expires_at = excluded.expires_at, saved_at = excluded.saved_at,"
    " cost_us = excluded.cost_us";

constexpr const char *delete_statement = //
    "DELETE FROM steward.%s AS t USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
    " pg_catalog.unnest($3)) AS r (namespace, role, key)"
    " WHERE t.namespace OPERATOR(pg_catalog.=) r.namespace AND t.role OPERATOR(pg_catalog.=) r.role"
    " AND t.key OPERATOR(pg_catalog.=) r.key";

constexpr const char *find_statement = //
    "SELECT r.number FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3))"
    " WITH ORDINALITY AS r (namespace, role, key, number) JOIN steward.%s AS t"
    " ON t.namespace OPERATOR(pg_catalog.=) r.namespace AND t.role OPERATOR(pg_catalog.=) r.role"
    " AND t.key OPERATOR(pg_catalog.=) r.key%s";

constexpr const char *delete_all_statement = //
    "DELETE FROM steward.%s AS t WHERE t.namespace OPERATOR(pg_catalog.=) $1";

/// The same where the memory knows that the rows are out of date: what others are writing stays.
constexpr const char *delete_free_statement = //
    "WITH free AS MATERIALIZED (SELECT t.namespace, t.role, t.key FROM steward.%1$s AS t, "
    "ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS r (namespace, role, "
    "key)"
    " WHERE t.namespace OPERATOR(pg_catalog.=) r.namespace AND t.role OPERATOR(pg_catalog.=) r.role"
    " AND t.key OPERATOR(pg_catalog.=) r.key FOR UPDATE OF t SKIP LOCKED)"
    " DELETE FROM steward.%1$s AS t USING free AS r"
    " WHERE t.namespace OPERATOR(pg_catalog.=) r.namespace AND t.role OPERATOR(pg_catalog.=) r.role"
    " AND t.key OPERATOR(pg_catalog.=) r.key";

constexpr const char *delete_all_free_statement = //
    "WITH free AS MATERIALIZED (SELECT t.namespace, t.role, t.key FROM steward.%1$s AS t"
    " WHERE t.namespace OPERATOR(pg_catalog.=) $1 FOR UPDATE OF t SKIP LOCKED)"
    " DELETE FROM steward.%1$s AS t USING free AS r"
    " WHERE t.namespace OPERATOR(pg_catalog.=) r.namespace AND t.role OPERATOR(pg_catalog.=) r.role"
    " AND t.key OPERATOR(pg_catalog.=) r.key";

constexpr const char *expire_statement = //
    "UPDATE steward.%s AS t SET expires_at = $4 WHERE t.namespace OPERATOR(pg_catalog.=) $1"
    " AND t.role OPERATOR(pg_catalog.=) $2 AND t.key OPERATOR(pg_catalog.=) $3";

/// So many keys go into one array of a statement.
constexpr std::size_t most_at_once = 10'000;

Datum text_datum(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

/// One column of some drafts.
class Array {
  public:
    explicit Array(std::size_t size)
        : values_(static_cast<Datum *>(palloc(sizeof(Datum) * size))),
          nulls_(static_cast<bool *>(palloc(sizeof(bool) * size))) {}

    void add(Datum value) { add(value, false); }
    void add(Datum value, bool is_null) {
        values_[size_] = value;
        nulls_[size_++] = is_null;
    }
    Datum datum(Oid type) const {
        int16 length = 0;
        bool by_value = false;
        char alignment = 0;
        get_typlenbyvalalign(type, &length, &by_value, &alignment);
        int sizes[] = {size_};
        int bounds[] = {1};
        return PointerGetDatum(
            construct_md_array(values_, nulls_, 1, sizes, bounds, type, length, by_value, alignment));
    }

  private:
    Datum *values_;
    bool *nulls_;
    int size_ = 0;
};

/// The names, roles and keys of those drafts that `is_wanted(draft)` chooses.
template <class Choice> struct Keys {
    Array spaces, roles, keys;

    Keys(std::span<const Draft> drafts, Choice is_wanted)
        : spaces(drafts.size()), roles(drafts.size()), keys(drafts.size()) {
        for (const Draft &draft : drafts)
            if (is_wanted(draft)) {
                spaces.add(text_datum(draft.space));
                roles.add(ObjectIdGetDatum(draft.role));
                keys.add(text_datum(draft.key));
            }
    }
};

bool has_value(const Draft &draft) {
    return draft.value.bytes != nullptr;
}

constexpr Oid key_types[] = {TEXTARRAYOID, OIDARRAYOID, TEXTARRAYOID};

void insert(std::span<const Draft> drafts, TimestampTz saved) {
    constexpr Oid types[] = {TEXTARRAYOID,  OIDARRAYOID,         TEXTARRAYOID,   JSONBARRAYOID, TEXTARRAYOID,
                             BYTEAARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZOID, INT8ARRAYOID};
    static Statement statement;
    statement.prepare(insert_statement, std::size(types), types);
    Keys const keys(drafts, has_value);
    Array json(drafts.size());
    Array text(drafts.size());
    Array bytes(drafts.size());
    Array expires(drafts.size());
    Array costs(drafts.size());
    for (const Draft &draft : drafts) {
        if (!has_value(draft))
            continue;
        Datum const value = PointerGetDatum(draft.value.bytes);
        json.add(value, draft.value.type != Type::json);
        text.add(value, draft.value.type != Type::text);
        bytes.add(value, draft.value.type != Type::bytes);
        expires.add(TimestampTzGetDatum(draft.expires), draft.expires == DT_NOEND);
        costs.add(Int64GetDatum(draft.cost));
    }
    Datum const values[] = {
        keys.spaces.datum(TEXTOID),    keys.roles.datum(OIDOID),   keys.keys.datum(TEXTOID),
        json.datum(JSONBOID),          text.datum(TEXTOID),        bytes.datum(BYTEAOID),
        expires.datum(TIMESTAMPTZOID), TimestampTzGetDatum(saved), costs.datum(INT8OID)};
    statement.run(values, SPI_OK_INSERT);
}

/// A statement that waits for those who write to the same rows, and one that does not: nobody who deletes
/// what is out of date anyway is kept waiting, or is part of a deadlock.
struct Removal {
    const char *table;
    Statement forms[2];
};
Removal from_table{"cache_table", {}};
Removal from_archive{"cache_archive", {}};

/// How many rows there were.
template <class Choice>
std::uint64_t remove(Removal &removal, std::span<const Draft> drafts, bool waits, Choice is_wanted) {
    if (std::none_of(drafts.begin(), drafts.end(), is_wanted))
        return 0;
    Statement &statement = removal.forms[waits];
    statement.prepare(psprintf(waits ? delete_statement : delete_free_statement, removal.table),
                      std::size(key_types), key_types);
    Keys const keys(drafts, is_wanted);
    Datum const values[] = {keys.spaces.datum(TEXTOID), keys.roles.datum(OIDOID), keys.keys.datum(TEXTOID)};
    statement.run(values, SPI_OK_DELETE);
    return SPI_processed;
}

/// Marks the drafts whose numbers a statement gives.
void mark(Statement &statement, const char *table, const char *locking, std::span<const Draft> drafts,
          bool is_held) {
    statement.prepare(psprintf(find_statement, table, locking), std::size(key_types), key_types);
    Keys const keys(drafts, [](const Draft &) { return true; });
    Datum const values[] = {keys.spaces.datum(TEXTOID), keys.roles.datum(OIDOID), keys.keys.datum(TEXTOID)};
    int const result = SPI_execute_snapshot(statement.plan, const_cast<Datum *>(values), nullptr,
                                            GetLatestSnapshot(), InvalidSnapshot, false, true, 0);
    if (result != SPI_OK_SELECT)
        elog(ERROR, "could not look for rows of the cache: %s", SPI_result_code_string(result));
    for (std::uint64_t i = 0; i < SPI_processed; ++i) {
        bool is_null = false;
        int64 const number =
            DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
        *drafts[static_cast<std::size_t>(number - 1)].is_held = is_held;
    }
}

} // namespace

bool may_write() noexcept {
    return !XactReadOnly && !IsInParallelMode() && !RecoveryInProgress();
}

void write_rows(std::span<const Draft> drafts, TimestampTz saved) {
    Oid const table = steward_table("cache_table");
    if (drafts.empty() || !OidIsValid(table))
        return;
    auto const remove_archived = [&] {
        remove(from_archive, drafts, true, [](const Draft &draft) { return draft.is_archived; });
    };
    as_owner(table, [&] {
        if (mutant == Mutant::archive_first)
            remove_archived();
        remove(from_table, drafts, true, [](const Draft &draft) { return !has_value(draft); });
        if (std::any_of(drafts.begin(), drafts.end(), has_value))
            insert(drafts, saved);
        // What comes up from the archive, or anew, is in one place only. Last: the statements before have
        // waited for whoever was moving a row there.
        if (mutant != Mutant::archive_first)
            remove_archived();
    });
}

void find_held(std::span<const Draft> drafts) {
    constexpr const char *tables[] = {"cache_table", "cache_archive"};
    static Statement looks[std::size(tables)];
    static Statement locks[std::size(tables)];
    Oid const table = steward_table("cache_table");
    if (drafts.empty() || !OidIsValid(table))
        return;
    as_owner(table, [&] {
        for (std::size_t i = 0; i < std::size(tables); ++i)
            mark(looks[i], tables[i], "", drafts, true);
        for (std::size_t i = 0; i < std::size(tables); ++i)
            mark(locks[i], tables[i], " FOR UPDATE OF t SKIP LOCKED", drafts, false);
    });
}

bool delete_row(const Namespace &space, const EntryKey &key) {
    Oid const table = steward_table("cache_table");
    if (!OidIsValid(table))
        return false;
    Draft const draft{space.name, role_of(space), key.text(), {}, DT_NOEND, 0, space.tiers.archive, nullptr};
    bool was_there = false;
    as_owner(table, [&] {
        auto const always = [](const Draft &) { return true; };
        bool const waits = !has_memory();
        was_there = remove(from_table, {&draft, 1}, waits, always) > 0;
        if (draft.is_archived)
            was_there = remove(from_archive, {&draft, 1}, waits, always) > 0 || was_there;
    });
    return was_there;
}

bool expire_row(const Namespace &space, const EntryKey &key, TimestampTz end) {
    constexpr Oid types[] = {TEXTOID, OIDOID, TEXTOID, TIMESTAMPTZOID};
    static Statement in_table;
    static Statement in_archive;
    Oid const table = steward_table("cache_table");
    if (!OidIsValid(table))
        return false;
    bool was_there = false;
    as_owner(table, [&] {
        Datum const values[] = {CStringGetTextDatum(space.name), ObjectIdGetDatum(role_of(space)),
                                text_datum(key.text()), TimestampTzGetDatum(end)};
        const char *const nulls = end == DT_NOEND ? "   n" : nullptr;
        in_table.prepare(psprintf(expire_statement, "cache_table"), std::size(types), types);
        in_table.run(values, SPI_OK_UPDATE, nulls);
        was_there = SPI_processed > 0;
        if (space.tiers.archive) {
            in_archive.prepare(psprintf(expire_statement, "cache_archive"), std::size(types), types);
            in_archive.run(values, SPI_OK_UPDATE, nulls);
            was_there = SPI_processed > 0 || was_there;
        }
    });
    return was_there;
}

void delete_rows_of(const char *space) {
    constexpr Oid types[] = {TEXTOID};
    static Removal removals[] = {{"cache_table", {}}, {"cache_archive", {}}};
    Oid const table = steward_table("cache_table");
    if (!OidIsValid(table))
        return;
    bool const waits = !has_memory();
    as_owner(table, [&] {
        Datum const values[] = {CStringGetTextDatum(space)};
        for (Removal &removal : removals) {
            Statement &statement = removal.forms[waits];
            statement.prepare(
                psprintf(waits ? delete_all_statement : delete_all_free_statement, removal.table),
                std::size(types), types);
            statement.run(values, SPI_OK_DELETE);
        }
    });
}

void delete_rows(const Namespace &space, std::span<const RowKey> keys) {
    Oid const table = steward_table("cache_table");
    if (keys.empty() || !OidIsValid(table))
        return;
    auto *const drafts = static_cast<Draft *>(palloc(sizeof(Draft) * std::min(keys.size(), most_at_once)));
    Oid const role = role_of(space);
    for (; !keys.empty(); keys = keys.subspan(std::min(keys.size(), most_at_once))) {
        std::size_t const count = std::min(keys.size(), most_at_once);
        for (std::size_t i = 0; i < count; ++i)
            drafts[i] = {space.name, role, keys[i].key, {}, DT_NOEND, 0, space.tiers.archive, nullptr};
        as_owner(table, [&] {
            auto const always = [](const Draft &) { return true; };
            remove(from_table, {drafts, count}, false, always);
            if (space.tiers.archive)
                remove(from_archive, {drafts, count}, false, always);
        });
    }
}

} // namespace steward::cache
