// SQL functions about strategies: how likely each of them is to be the best.
#include "core/learn/thompson.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

namespace steward {

namespace {

constexpr const char *component = "strategy";

/// Plain data in memory of the caller's context.
struct Numbers {
    float8 *begin;
    int count;
};

Numbers read_numbers(ArrayType *array) {
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("arrays of evidence must have one dimension and no nulls"));
    return {reinterpret_cast<float8 *>(ARR_DATA_PTR(array)),
            ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array))};
}

} // namespace

/// (successes, failures, costs, floor) -> the odds of each.
STEWARD_FUNCTION(steward_strategy_odds) {
    Numbers const successes = read_numbers(PG_GETARG_ARRAYTYPE_P(0));
    Numbers const failures = read_numbers(PG_GETARG_ARRAYTYPE_P(1));
    Numbers const costs = read_numbers(PG_GETARG_ARRAYTYPE_P(2));
    float8 const floor = PG_GETARG_FLOAT8(3);
    if (failures.count != successes.count || costs.count != successes.count)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("arrays of evidence must be of the same length"));
    if (!(floor >= 0.0 && floor <= 1.0))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("floor must lie between 0 and 1"));
    auto *const result = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<Size>(successes.count + 1)));
    {
        std::vector<core::Belief> beliefs;
        beliefs.reserve(static_cast<std::size_t>(successes.count));
        for (int i = 0; i < successes.count; ++i)
            beliefs.push_back({successes.begin[i], failures.begin[i], costs.begin[i]});
        std::vector<double> odds = core::thompson_odds(beliefs, core::Stop{on_interrupt});
        core::raise_to_floor(odds, floor);
        for (std::size_t i = 0; i < odds.size(); ++i)
            result[i] = Float8GetDatum(odds[i]);
    }
    PG_RETURN_ARRAYTYPE_P(construct_array(result, successes.count, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
                                          TYPALIGN_DOUBLE));
}

} // namespace steward
