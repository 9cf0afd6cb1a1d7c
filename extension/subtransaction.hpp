// A savepoint that lasts as long as a C++ scope.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

namespace steward {

/// Work that may fail without failing the transaction. Unless commit() is reached, leaving the scope
/// rolls the work back; only so may a PgError be caught and the function go on.
class Subtransaction {
  public:
    Subtransaction() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
        guarded([] { BeginInternalSubTransaction(nullptr); });
        MemoryContextSwitchTo(context_); // results outlive the subtransaction
    }
    ~Subtransaction() {
        if (open_)
            end(&RollbackAndReleaseCurrentSubTransaction);
    }
    Subtransaction(const Subtransaction &) = delete;
    Subtransaction &operator=(const Subtransaction &) = delete;

    void commit() {
        guarded([] { ReleaseCurrentSubTransaction(); });
        open_ = false;
        restore();
    }

  private:
    /// An error while rolling back can not be passed on from a destructor: it is reported, and the
    /// transaction's own abort cleans up.
    void end(void (*finish)()) noexcept {
        try {
            guarded([finish] { finish(); });
        } catch (const PgError &error) {
            elog(WARNING, "subtransaction could not be rolled back: %s", error.what());
        }
        restore();
    }
    void restore() noexcept {
        MemoryContextSwitchTo(context_);
        CurrentResourceOwner = owner_;
    }

    MemoryContext context_;
    ResourceOwner owner_;
    bool open_ = true;
};

} // namespace steward
