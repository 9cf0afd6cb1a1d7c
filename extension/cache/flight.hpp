// One computation of a key at a time, whoever needs it.
#pragma once

#include "extension/cache/access.hpp"

extern "C" {
#include "storage/lock.h"
}

namespace steward::cache {

/// The right to compute the value under a key. It is a lock of the server: whoever waits for it is seen by
/// the detector of deadlocks, and an abort gives it back. While one lives, errors pass by unwinding: what may
/// raise one, its own calls too, is called through guarded().
class Flight {
  public:
    /// Raises 40P01 if this session computes that key already: it would wait for itself.
    Flight(const Namespace &space, const EntryKey &key);
    ~Flight();
    Flight(const Flight &) = delete;
    Flight &operator=(const Flight &) = delete;

    /// Takes off if nobody else has.
    bool try_take();
    /// Takes off when the others have landed.
    void take();
    /// Lets the next one take off.
    void land();

  private:
    LOCKTAG tag_;
    const Flight *outer_; ///< the computation that this one is a part of
    bool is_taken_ = false;
};

} // namespace steward::cache
