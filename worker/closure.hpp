// Keeping our workers out of a database while something is done that needs it empty.
#pragma once

#include "extension/boundary.hpp"

namespace steward {

/// Lasts as long as the statement. The session's end, whatever its cause, opens the database as well.
class ClosedDatabase {
  public:
    /// Closes it and tells the workers in it to stop. Does nothing when too many are closed already.
    explicit ClosedDatabase(Oid database);
    ~ClosedDatabase();
    ClosedDatabase(const ClosedDatabase &) = delete;
    ClosedDatabase &operator=(const ClosedDatabase &) = delete;

    /// Waits until they are gone. Raises an error when it is cancelled: call it through guarded().
    void wait_until_empty() const;

  private:
    Oid database_;
};

} // namespace steward
