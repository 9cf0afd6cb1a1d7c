// Rows of the site's own tables that a process keeps, because scorers look them up by name.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "access/htup.h"
#include "access/tupdesc.h"
}

namespace steward {

/// A table of schema steward, and whether what this process keeps of it still holds. A trigger on the table
/// (lexicon_invalidate) sends a relation cache invalidation with each change, which reaches every process
/// before its next transaction. Both calls that may raise an error are plain C: while an object is alive they
/// go through guarded().
class SiteTable {
  public:
    /// `migration` is the change that makes the table.
    constexpr SiteTable(const char *name, const char *migration) noexcept
        : name_(name), migration_(migration) {}

    /// True if nothing that was kept may be used any more: the table has changed, row security decides anew
    /// each time, or another role asks, which may see other rows. To be asked before each use; true until
    /// start_over() is called.
    bool changed() const noexcept;

    /// From now on nothing holds any more.
    void forget() noexcept { invalidated_ = true; }

    /// The caller keeps nothing, and what it reads from now on holds until the table changes again. Raises
    /// 55000 if the table does not exist.
    void start_over();

    /// What is called for each row that was read; `into` is the caller's.
    using Visit = void (*)(HeapTuple row, TupleDesc columns, void *into);

    /// Reads the newest committed rows: runs `query` with the text parameter `name`, as the caller.
    void read(const char *query, std::string_view name, Visit visit, void *into);

  private:
    void invalidate(Oid relation) noexcept;
    bool is_current() const noexcept;

    const char *name_;
    const char *migration_;
    Oid relation_ = InvalidOid;
    Oid role_ = InvalidOid;          ///< who reads
    bool invalidated_ = true;        ///< the table has changed since start_over()
    bool watched_ = false;           ///< invalidations arrive
    bool row_security_ = false;      ///< what was read depends on more than the role
    LocalTransactionId only_in_ = 0; ///< if not 0, the one transaction in which what was read may be used
    uint64 only_at_ = 0;             ///< and there by the one snapshot by which it was read
};

} // namespace steward
