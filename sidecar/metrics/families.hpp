// The metrics that are values of the database under a name: which they are, and where they come from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sidecar/base/clock.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::metrics {

/// Asks each source. One that this database does not have, or this role may not ask, is left out, and asked
/// again after a minute.
class Families {
  public:
    explicit Families(bool with_aliases) : with_aliases_(with_aliases) {}

    void read(db::Session &session, std::string &text);

  private:
    struct Value {
        std::string labels[2];
        double value = 0;
    };
    using Values = std::map<std::string, std::vector<Value>>; // by what the source calls it

    void ask(db::Session &session, std::size_t source, Values &values);

    bool const with_aliases_;
    std::map<std::size_t, Clock::time_point> missing_until_;
};

} // namespace steward::sidecar::metrics
