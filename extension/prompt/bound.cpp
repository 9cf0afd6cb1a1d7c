// The SQL function that says how large a share may be which was only counted.
#include "core/error.hpp"
#include "core/stats/binomial.hpp"

#include "extension/boundary.hpp"

namespace steward::prompt {

namespace {

constexpr const char *component = "prompt";

} // namespace

/// (events, trials, confidence) -> share
STEWARD_FUNCTION(steward_share_upper_bound) {
    std::int64_t const events = PG_GETARG_INT64(0);
    std::int64_t const trials = PG_GETARG_INT64(1);
    double const confidence = PG_GETARG_FLOAT8(2);
    if (events < 0 || trials < events || !(confidence > 0 && confidence < 1))
        throw core::Error(core::ErrorKind::invalid_argument,
                          "0 <= events <= trials and 0 < confidence < 1 are needed");
    PG_RETURN_FLOAT8(core::probability_upper_bound(static_cast<std::uint64_t>(events),
                                                   static_cast<std::uint64_t>(trials), confidence));
}

} // namespace steward::prompt
