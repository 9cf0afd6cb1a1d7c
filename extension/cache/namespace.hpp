// Namespaces as table steward.cache_namespace defines them, and who may use them.
#pragma once

#include "extension/cache/tags.hpp"

namespace steward::cache {

/// The types that a value can have, as an entry names it. A namespace of `any` takes all of them.
enum class Type : std::uint8_t { any, json, text, bytes };

enum class Right : std::uint8_t { read, write };

/// What the values of a dependent namespace are computed from.
struct Dependency {
    Oid table;
    bool by_key; ///< of the table only the rows whose column is the key
};

/// A namespace as this process knows it. It holds until any definition changes: nobody keeps it beyond a
/// call.
struct Namespace {
    char name[namespace_size];
    Oid owner;
    bool is_dependent; ///< its values are computed from tables
    bool is_shared;    ///< between roles
    Type type;
    core::Time ttl; ///< never, if values do not end by themselves
    core::Time stale_for;
    core::Time negative_ttl;
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

/// The owner of a namespace. Raises 42704 if there is none of that name.
Oid owner_of(std::string_view name);

/// Counts something of a namespace; it is passed on when the transaction ends.
void count(Namespace &space, Count what, std::uint64_t more = 1) noexcept;

} // namespace steward::cache
