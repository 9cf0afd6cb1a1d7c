#include "extension/cache/namespace.hpp"

#include "extension/cache/namespace_rows.hpp"
#include "extension/cache/sweep.hpp"
#include "extension/migration.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *table_name = "cache_namespace";
constexpr const char *dependency_table_name = "cache_dependency";

/// What this process knows of the table; plain data, and what it points to lies in the context.
struct Known {
    MemoryContext context;
    Oid table;
    Oid dependency_table;
    bool is_valid;
    std::uint64_t definitions; ///< how many changes others had made
    std::uint64_t loads;
    std::uint64_t changes; ///< that were heard of
    bool is_watching;
    bool has_counted;
    Incarnations settled; ///< before the rows were read
    std::span<Namespace> all;
    Namespace *last; ///< that was asked for
};
constinit Known known{};

/// What this transaction holds for namespaces that are gone if it aborts; the list lives as long as it does.
List *held_by_transaction = NIL;

/// The next transaction may make a namespace of the same name: it must not find what this one has stored.
void give_up_held() {
    List *const all = std::exchange(held_by_transaction, NIL);
    ListCell *cell = nullptr;
    foreach (cell, all)
        retire_held(*static_cast<const Held *>(lfirst(cell)));
}

void end_transaction(XactEvent event) {
    switch (event) {
    case XACT_EVENT_ABORT:
        give_up_held();
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
        held_by_transaction = NIL;
        for (Namespace &space : known.all)
            space.is_uncommitted = false;
        break;
    default:
        break;
    }
}

void watch_held() {
    RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); }, nullptr);
    RegisterSubXactCallback(
        [](SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
            if (event == SUBXACT_EVENT_ABORT_SUB) // what stays is held anew
                boundary([] { give_up_held(); });
        },
        nullptr);
}

void watch() {
    if (known.is_watching)
        return;
    watch_held();
    CacheRegisterRelcacheCallback(
        [](Datum, Oid relation) {
            if (relation == InvalidOid || relation == known.table || relation == known.dependency_table) {
                known.is_valid = false;
                ++known.changes;
            }
        },
        Datum{0});
    auto const forget_rights = [](Datum, int, uint32) {
        for (Namespace &space : known.all)
            space.known_role = InvalidOid;
    };
    CacheRegisterSyscacheCallback(AUTHOID, forget_rights, Datum{0});
    CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_rights, Datum{0});
    known.is_watching = true;
}

bool is_named(const Namespace &space, std::string_view name) noexcept {
    return strncmp(space.name, name.data(), name.size()) == 0 && space.name[name.size()] == '\0';
}

Namespace *find(std::string_view name) noexcept {
    auto const found = std::find_if(known.all.begin(), known.all.end(),
                                    [name](const Namespace &one) { return is_named(one, name); });
    return found == known.all.end() ? nullptr : &*found;
}

void retire_those_gone() {
    retire_unknown(known.settled, [](const char *name) { return find(name) != nullptr; });
}

void pass_on_counts();

/// Reads the table anew. What was known stands until the new rows are there.
void load() {
    Oid const oid = steward_table(table_name);
    if (!OidIsValid(oid))
        raise_missing_migration("cache");
    watch();
    known.table = oid;
    known.dependency_table = steward_table(dependency_table_name);
    std::uint64_t const changes = known.changes;
    std::uint64_t const definitions = has_memory() ? definition_changes().load() : 0;
    Incarnations const settled = has_memory() ? settled_pools() : Incarnations{};
    MemoryContext const fresh =
        AllocSetContextCreate(CurrentMemoryContext, "steward cache namespaces", ALLOCSET_SMALL_SIZES);
    MemoryContext const caller = MemoryContextSwitchTo(fresh);
    std::span<Namespace> const spaces = read_namespaces(known.table, known.dependency_table);
    MemoryContextSwitchTo(caller);
    MemoryContextSetParent(fresh, TopMemoryContext); // an error before has left nothing behind

    pass_on_counts();
    if (known.context != nullptr)
        MemoryContextDelete(known.context);
    known.context = fresh;
    known.settled = settled;
    known.all = spaces;
    known.last = nullptr;
    ++known.loads;
    known.definitions = definitions;
    known.is_valid = known.changes == changes; // what changed while it was read, was perhaps not read
    // Whoever has written sees what may be rolled back.
    if (has_memory() && !TransactionIdIsValid(GetTopTransactionIdIfAny()))
        retire_those_gone();
}

bool is_among(Oid role, std::span<const Oid> roles) {
    return std::any_of(roles.begin(), roles.end(), [role](Oid one) {
        return !OidIsValid(one) || one == role ||
               (SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(one)) && has_privs_of_role(role, one));
    });
}

void require_right(Namespace &space, Right right) {
    if (!has_right(space, right))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for cache namespace \"%s\"", space.name),
                errhint(right == Right::write
                            ? "Its owner grants it with steward.cache_grant(namespace, role, 'write')."
                            : "Its owner grants it with steward.cache_grant(namespace, role, 'read')."));
}

bool has_pool(const Namespace &space) noexcept {
    return space.held.incarnation != 0;
}

/// Whether somebody has taken the pool away that the namespace had. Its generation is read before: what is
/// stored with it finds itself out of date in a pool that is another's by then.
bool has_lost_pool(Namespace &space) noexcept {
    if (!has_pool(space))
        return false;
    space.held.generation = store().pool(space.held.pool).generation();
    const Holder &holder = holder_of(space.held.pool);
    return holder.incarnation != space.held.incarnation || holder.retired;
}

void hold(Namespace &space) {
    if (!has_memory() || has_pool(space))
        return;
    Wanted const wanted{
        MyDatabaseId,        space.name,
        !space.is_dependent, space.limits,
        space.stale_for,     space.is_uncommitted ? GetTopTransactionIdIfAny() : InvalidTransactionId};
    std::optional<Held> held = hold_pool(wanted);
    if (!held) {
        retire_those_gone();
        sweep();
        held = hold_pool(wanted);
    }
    if (!held)
        ereport(ERROR, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                errmsg("too many cache namespaces in this server"),
                errdetail("There is room in memory for %zu.", most_namespaces));
    space.held = *held;
    if (space.is_uncommitted && held->is_new) {
        MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
        auto *const copy = static_cast<Held *>(palloc(sizeof(Held)));
        *copy = *held;
        held_by_transaction = lappend(held_by_transaction, copy);
        MemoryContextSwitchTo(caller);
    }
}

[[noreturn]] void refuse_name(std::string_view name) {
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
            errmsg("cache namespace \"%.*s\" does not exist",
                   static_cast<int>(std::min<std::size_t>(name.size(), namespace_size - 1)), name.data()),
            errhint("Create it with steward.cache_create(namespace)."));
}

Namespace &find_or_refuse(std::string_view name) {
    Namespace *space = known.last;
    if (space == nullptr || !is_named(*space, name))
        space = find(name);
    if (space == nullptr)
        refuse_name(name);
    known.last = space;
    return *space;
}

Minute &minute_of(Holder &holder, std::int64_t number) noexcept {
    Minute &minute = holder.recent[static_cast<std::size_t>(number) % minutes];
    if (minute.number != number)
        minute = {number, 0, 0};
    return minute;
}

void pass_on(Namespace &space) {
    if (!space.is_counted)
        return;
    auto const of = [&](Count what) { return space.counts[static_cast<std::size_t>(what)]; };
    lock_pool(space.held.pool);
    Holder &holder = holder_of(space.held.pool);
    if (holder.incarnation == space.held.incarnation) {
        for (std::size_t i = 0; i < counts; ++i)
            holder.counts[i] += space.counts[i];
        Minute &minute = minute_of(holder, now() / USECS_PER_MINUTE);
        minute.hits += of(Count::hits) + of(Count::negative_hits) + of(Count::stale_hits) +
                       of(Count::table_hits) + of(Count::archive_hits);
        minute.misses += of(Count::misses);
    }
    unlock_pool(space.held.pool);
    space.counts = {};
    space.is_counted = false;
}

void pass_on_counts() {
    if (!known.has_counted)
        return;
    known.has_counted = false;
    for (Namespace &space : known.all)
        pass_on(space);
}

Namespace &namespace_named(std::string_view name) {
    if (!is_current())
        load();
    return find_or_refuse(name);
}

/// With a pool that is still its own, if it has one.
Namespace &namespace_with_pool(std::string_view name) {
    Namespace *space = &namespace_named(name);
    if (has_lost_pool(*space)) { // dropped, perhaps, by somebody whose message is still on its way
        load();
        space = &namespace_named(name);
    }
    return *space;
}

} // namespace

bool has_right(Namespace &space, Right right) {
    Oid const role = GetUserId();
    if (space.known_role != role) {
        bool const is_owner = has_privs_of_role(role, space.owner);
        bool const may_write = is_owner || is_among(role, space.writers);
        space.may = {may_write || is_among(role, space.readers), may_write};
        space.known_role = role;
    }
    return space.may[static_cast<std::size_t>(right)];
}

bool is_current() noexcept {
    return known.is_valid && (!has_memory() || definition_changes().load() == known.definitions);
}

std::uint64_t definition_loads() noexcept {
    return known.loads;
}

core::Time microseconds(const Interval &interval) noexcept {
    __int128 const days = interval.day + interval.month * __int128{DAYS_PER_MONTH};
    __int128 const all = interval.time + days * USECS_PER_DAY;
    return static_cast<core::Time>(std::clamp<__int128>(all, INT64_MIN, INT64_MAX));
}

std::span<const Namespace> known_namespaces() {
    if (!is_current())
        load();
    return known.all;
}

const Namespace *known_namespace(const char *name) {
    if (!is_current())
        load();
    return find(name);
}

Namespace &find_namespace(std::string_view name, Right right) {
    Namespace &space = namespace_with_pool(name);
    require_right(space, right);
    hold(space);
    return space;
}

Namespace &find_namespace(std::string_view name) {
    Namespace &space = namespace_with_pool(name);
    hold(space);
    return space;
}

Oid owner_of(std::string_view name) {
    return namespace_named(name).owner;
}

void count(Namespace &space, Count what, std::uint64_t more) noexcept {
    space.counts[static_cast<std::size_t>(what)] += more;
    if (space.is_counted || space.held.incarnation == 0)
        return;
    space.is_counted = true;
    known.has_counted = true;
    static bool const is_watching = [] {
        RegisterXactCallback(
            [](XactEvent event, void *) {
                if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
                    pass_on_counts();
            },
            nullptr);
        return true;
    }();
    (void)is_watching;
}

} // namespace steward::cache
