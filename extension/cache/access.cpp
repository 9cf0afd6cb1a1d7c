#include "extension/cache/access.hpp"

#include "extension/cache/dependent.hpp"
#include "extension/cache/lower.hpp"
#include "extension/cache/mutants.hpp"
#include "extension/cache/read.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

const char *name_of(Type type) noexcept {
    switch (type) {
    case Type::json:
        return "jsonb";
    case Type::text:
        return "text";
    case Type::bytes:
        return "bytea";
    default:
        return "any";
    }
}

Count hit_of(const Looked &looked) noexcept {
    if (looked.tier != Tier::memory)
        return looked.tier == Tier::table ? Count::table_hits : Count::archive_hits;
    return looked.value.bytes == nullptr ? Count::negative_hits : Count::hits;
}

Count saved_by(Tier tier) noexcept {
    if (tier == Tier::memory)
        return Count::saved_us;
    return tier == Tier::table ? Count::table_saved_us : Count::archive_saved_us;
}

void count_look(Namespace &space, const Looked &looked) {
    switch (looked.hit) {
    case core::Hit::none:
        count(space, Count::misses);
        return;
    case core::Hit::stale:
        count(space, Count::stale_hits);
        break;
    case core::Hit::fresh:
        count(space, hit_of(looked));
        break;
    }
    count(space, saved_by(looked.tier), looked.label.cost);
}

/// What of a pure namespace is in memory, whatever transaction asks.
Looked look_into_memory(const Namespace &space, const EntryKey &key, bool copy, bool &was_refused) {
    return read_entry(
        space, key, copy,
        [](const core::Entries &entries, core::Place place) {
            if (entries.at(place).stamps_size == 0)
                return true;
            Stamps stamps;
            stamps.read(entries, place);
            return stamps.hold();
        },
        was_refused);
}

/// What this transaction may use of what is there. Whatever the memory has under a key, be it of no use any
/// more, is newer than what lies below.
Looked look(const Namespace &space, const EntryKey &key, bool copy, bool &was_refused) {
    if (space.is_dependent)
        return is_held(space) ? look_up_dependent(space, key, copy, was_refused) : Looked{};
    Looked looked;
    if (is_held(space))
        looked = look_into_memory(space, key, copy, was_refused);
    bool const is_known = looked.was_there && mutant != Mutant::look_below_dead;
    if (looked.hit == core::Hit::none && !is_known && has_lower(space))
        looked = look_lower(space, key);
    return looked;
}

void add_words(Stamps &stamps, ArrayType *words) {
    Datum *elements = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(words, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            stamps.add(slot_of(TagKind::word, 0, view(DatumGetTextPP(elements[i]))));
}

} // namespace

EntryKey::EntryKey(const Namespace &space, std::string_view key)
    : text_(key), bytes_(reinterpret_cast<const std::byte *>(key.data())), size_(key.size()) {
    if (size_ > most_key_bytes)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("cache key is too long"),
                errdetail("It has %zu bytes, %zu are allowed.", size_, most_key_bytes),
                errhint("steward.cache_key(version, ...) makes a short key of any values."));
    if (!space.is_shared) {
        Oid const role = GetUserId();
        memcpy(own_, &role, sizeof role);
        memcpy(own_ + sizeof role, bytes_, size_);
        bytes_ = own_;
        size_ += sizeof role;
    }
    hash_ = hash_of({bytes_, size_}, space.held.incarnation);
}

Looked look_up(Namespace &space, const EntryKey &key) {
    bool was_refused = false;
    Looked const looked = look(space, key, true, was_refused);
    count_look(space, looked);
    if (was_refused)
        count(space, Count::refused);
    return looked;
}

Looked peek(const Namespace &space, const EntryKey &key) {
    bool was_refused = false;
    return look(space, key, false, was_refused);
}

/// Later than that there may be no such date: nor then, with `stale_for` added, which is a century at most.
constexpr core::Time longest_ttl = core::Time{100'000} * 365 * USECS_PER_DAY;

core::Time end_of(const Namespace &space, const Interval *ttl) {
    if (ttl == nullptr)
        return space.ttl == core::never ? core::never : now() + space.ttl;
    core::Time const time = microseconds(*ttl);
    if (time <= 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("ttl must be greater than zero"));
    return time > longest_ttl ? core::never : now() + time;
}

core::Item item_of(const Namespace &space, const EntryKey &key, const Value &value, core::Time expires,
                   std::uint32_t cost_us) {
    if (space.type != Type::any && value.bytes != nullptr && value.type != space.type)
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                errmsg("cache namespace \"%s\" holds values of type %s, not %s", space.name,
                       name_of(space.type), name_of(value.type)));
    core::Item item{key,
                    {},
                    {},
                    {expires, cost_us, space.held.generation},
                    space.held.pool,
                    static_cast<std::uint8_t>(value.type),
                    space.tiers.table ? core::Writeback::dirty : core::Writeback::clean};
    if (value.bytes == nullptr)
        item.type |= null_bit;
    else
        item.value = {reinterpret_cast<const std::byte *>(VARDATA_ANY(value.bytes)),
                      VARSIZE_ANY_EXHDR(value.bytes)};
    return item;
}

void require_fit(const Namespace &space, const core::Item &item) {
    if (is_held(space) && !store().fits(item))
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("value is too large for cache namespace \"%s\"", space.name),
                errdetail("It has %zu bytes.", item.value.size()),
                errhint("Raise max_bytes of the namespace, or steward.cache_memory of the server."));
}

Stamps stamps_of(const Namespace &space, const EntryKey &key, ArrayType *words) {
    Stamps stamps;
    if (space.is_dependent) {
        stamps.add(space.slot);
        stamps.add(key.slot());
        for (const Dependency &dependency : space.dependencies) {
            stamps.add(slot_of(dependency.by_key ? TagKind::bulk : TagKind::table, dependency.table));
            if (dependency.by_key)
                stamps.add(slot_of(TagKind::row, dependency.table, key.text()));
        }
    }
    if (words != nullptr)
        add_words(stamps, words);
    return stamps;
}

bool store_value(Namespace &space, const EntryKey &key, core::Item item, Stamps stamps) {
    if (!is_held(space))
        return keeps_values(space) && publish_now(space, key, item, stamps);
    bool const is_quiet = stamps.take();
    if (!space.is_dependent && is_quiet)
        return publish_now(space, key, item, stamps);
    // Whoever changes a definition changes the namespace: those who do not know yet are told by its stamp, or
    // by this.
    bool const is_kept =
        is_quiet && space.is_dependent && is_current() && store_dependent(space, key, item, stamps);
    count(space, is_kept ? Count::sets : Count::refused_sets);
    return is_kept;
}

bool publish_now(Namespace &space, const EntryKey &key, core::Item item, const Stamps &stamps) {
    bool is_kept = false;
    if (is_held(space)) {
        item.stamps = stamps.bytes();
        is_kept = stamps.hold() && store().put(item) == core::Put::stored;
        if (is_kept && item.writeback == core::Writeback::dirty)
            ask_to_save(space.held.pool);
    } else {
        // Nobody would tell a table that a tag has changed. What was there before is gone all the same.
        bool const is_for_table = stamps.all().empty() && (item.type & null_bit) == 0;
        if (!is_for_table)
            item.type |= null_bit;
        is_kept = store_lower(space, key, item) && is_for_table;
    }
    count(space, is_kept ? Count::sets : Count::refused_sets);
    return is_kept;
}

bool expire_value(Namespace &space, const EntryKey &key, core::Time end) {
    Looked const looked = peek(space, key); // which brings it up
    if (looked.hit == core::Hit::none)
        return false;
    if (looked.tier != Tier::memory || !is_held(space)) {
        core::Item const item = item_of(space, key, looked.value, end, looked.label.cost);
        if (!is_held(space) || !store().fits(item)) // it has not come up
            return expire_lower(space, key, end);
    }
    auto const writeback = space.tiers.table ? core::Writeback::dirty : core::Writeback::clean;
    bool const was_there = store().expire_at(space.held.pool, key, now(), end, writeback);
    if (was_there && space.tiers.table)
        ask_to_save(space.held.pool);
    return was_there;
}

bool remove_value(Namespace &space, const EntryKey &key) {
    if (space.is_dependent)
        return is_held(space) && remove_dependent(space, key);
    return remove_everywhere(space, key);
}

Datum datum_of(FunctionCallInfo fcinfo, const Value &value, Type wanted) {
    if (value.bytes == nullptr)
        PG_RETURN_NULL();
    if (value.type != wanted)
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                errmsg("cached value is of type %s, not %s", name_of(value.type), name_of(wanted)),
                errhint("Use the function that returns %s.", name_of(value.type)));
    PG_RETURN_POINTER(value.bytes);
}

} // namespace steward::cache
