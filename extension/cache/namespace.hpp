// Namespaces as table steward.cache_namespace defines them, and who may use them.
#pragma once

#include "extension/cache/tags.hpp"

namespace steward::cache {

/// The types that a value can have, as an entry names it. A namespace of `any` takes all of them.
enum class Type : std::uint8_t { any, json, text, bytes };

/// Which keys come back into memory after a start.
enum class Warm : std::uint8_t { none, popular, predicted };

enum class Right : std::uint8_t { read, write };

/// What the values of a dependent namespace are computed from.
struct Dependency {
    Oid table;
    bool by_key; ///< of the table only the rows whose column is the key
};

/// Where a namespace keeps its values.
struct Tiers {
    bool memory;
    bool table;
    bool archive; ///< besides the table

    bool operator==(const Tiers &) const = default;
};

/// A namespace as this process knows it. It holds until any definition changes: nobody keeps it beyond a
/// call.
struct Namespace {
    char name[namespace_size];
    Oid owner;
    bool is_dependent; ///< its values are computed from tables
    bool is_shared;    ///< between roles
    Type type;
    Tiers tiers;
    Warm warm;
    TimestampTz cleared; ///< what lies below the memory from before is another's
    core::Time ttl;      ///< never, if values do not end by themselves
    core::Time stale_for;
    core::Time negative_ttl;
    double price;      ///< of computing a value, in a unit of the user's
    double early_beta; ///< 0 for no early refreshes
    core::Limits limits;
    std::span<const Dependency> dependencies;
    Slot slot;                    ///< of the namespace itself
    Held held;                    ///< if has_memory()
    bool is_uncommitted;          ///< defined by this transaction
    std::span<const Oid> readers; ///< InvalidOid stands for everybody; the owner and the writers read as well
    std::span<const Oid> writers;
    Oid known_role; ///< who asked last, and what that role may
    std::array<bool, 2> may;
    Counts counts; ///< not yet passed on
    bool is_counted;
};

/// Whether what this process knows of the definitions still holds.
bool is_current() noexcept;

/// How often the definitions were read: whoever kept a Namespace while others were called compares.
std::uint64_t definition_loads() noexcept;

/// A month has 30 days.
core::Time microseconds(const Interval &interval) noexcept;

/// The namespace of that name. Raises 42704 if there is none, 55000 without the migration, and 42501 for want
/// of the right.
Namespace &find_namespace(std::string_view name, Right right);

/// Whether the caller has the right.
bool has_right(Namespace &space, Right right);

/// The same for the server itself, which needs no right.
Namespace &find_namespace(std::string_view name);

/// The namespace of that name, not held; null if there is none.
const Namespace *known_namespace(const char *name);

/// All of them, until the next call of a function of this file.
std::span<const Namespace> known_namespaces();

/// The owner of a namespace. Raises 42704 if there is none of that name.
Oid owner_of(std::string_view name);

/// Counts something of a namespace; it is passed on when the transaction ends.
void count(Namespace &space, Count what, std::uint64_t more = 1) noexcept;

} // namespace steward::cache
