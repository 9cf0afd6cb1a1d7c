// The value under a key, or else one that is computed: once, however many ask for it at the same time.
#pragma once

#include "extension/cache/access.hpp"

namespace steward::cache {

/// How a value is computed. Plain data.
struct Request {
    Namespace *space;
    Value (*compute)(const Request &);                        ///< with a snapshot of now; may raise errors
    const void *context;                                      ///< for compute()
    Stamps stamps;                                            ///< what the value will depend on
    Stamps (*find_stamps)(const Request &, const EntryKey &); ///< instead, when it is computed; or null
    const Interval *ttl;                                      ///< null for that of the namespace
};

/// What is there, unless it is to be computed anew; what was computed is kept if it can be.
Value fetch(const Request &request, const EntryKey &key);

} // namespace steward::cache
