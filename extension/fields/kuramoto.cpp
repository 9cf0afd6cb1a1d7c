// SQL functions that solve Kuramoto's oscillators.
#include "core/fields/kuramoto.hpp"

#include "extension/fields/arguments.hpp"
#include "extension/fields/measured.hpp"
#include "extension/json.hpp"
#include "extension/memory.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "utils/float.h"
}

namespace steward::fields {

namespace {

constexpr const char *component = "field";
/// Part of the keys of caches: another one wherever the same inputs may give other numbers.
constexpr const char *solver_version = "kuramoto-rk4-1";

constexpr std::array<const char *, 3> kinds{"lorentzian", "normal", "uniform"};

/// What stands in front of the numbers of oscillators that go to a cache.
struct Header {
    std::uint32_t format;
    std::uint32_t size;
    double r;
    double psi;
    double mean_r;
    double sync_time; ///< not a number: they were never synchronised
    double time;
};
constexpr std::uint32_t format = 0x3152554b;

struct Solved {
    Header header;
    Doubles phases;
    Doubles frequencies;
};

core::Frequencies kind_option(std::string_view name, const JsonbValue &value) {
    for (std::size_t i = 0; value.type == jbvString && i < kinds.size(); ++i)
        if (std::string_view(value.val.string.val, static_cast<std::size_t>(value.val.string.len)) ==
            kinds[i])
            return static_cast<core::Frequencies>(i);
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("invalid value of option \"%.*s\"", static_cast<int>(name.size()), name.data()),
            errhint("It is \"lorentzian\", \"normal\" or \"uniform\"."));
    pg_unreachable();
}

core::KuramotoParameters parameters_of(double coupling, Jsonb *document) {
    require_object(document, "parameters");
    core::KuramotoParameters parameters;
    parameters.coupling = coupling;
    each_member(document, [&](std::string_view name, const JsonbValue &value) {
        if (name == "dt")
            parameters.dt = number_option(name, value);
        else if (name == "spread")
            parameters.spread = number_option(name, value);
        else if (name == "omega")
            parameters.omega = number_option(name, value);
        else if (name == "synchronised")
            parameters.synchronised = number_option(name, value);
        else if (name == "frequencies")
            parameters.frequencies = kind_option(name, value);
        else
            refuse_option(name, "Options are dt, frequencies, spread, omega and synchronised.");
    });
    return parameters;
}

Solved new_solved(std::size_t size) {
    Solved solved{{}, new_doubles(size), new_doubles(size)};
    solved.header.format = format;
    solved.header.size = static_cast<std::uint32_t>(size);
    return solved;
}

/// `start` makes the oscillators that the steps begin with. `solved` has room for them.
template <class Start>
void solve(Solved &solved, const core::KuramotoParameters &parameters, std::uint64_t steps, Start start) {
    std::uint64_t const begun = now_ns();
    ContextResource memory;
    core::Oscillators oscillators(solved.header.size, parameters, &memory, on_interrupt);
    start(oscillators);
    auto const [mean, reached] = oscillators.advance(steps);
    auto const [r, psi] = oscillators.order();
    std::ranges::copy(oscillators.phases(), solved.phases.numbers.begin());
    std::ranges::copy(oscillators.frequencies(), solved.frequencies.numbers.begin());
    solved.header.r = r;
    solved.header.psi = psi;
    solved.header.mean_r = mean;
    solved.header.sync_time = reached.value_or(get_float8_nan());
    solved.header.time = static_cast<double>(steps) * parameters.dt;
    count_solved(Solver::kuramoto, solved.header.size, steps, now_ns() - begun);
}

/// From a number of oscillators, a coupling, parameters, a number of steps and a seed.
Solved solve_drawn(std::int32_t count, double coupling, Jsonb *document, std::int32_t steps_wanted,
                   std::int64_t seed) {
    core::KuramotoParameters const parameters = parameters_of(coupling, document);
    std::uint64_t const steps = steps_argument(steps_wanted);
    auto const size = static_cast<std::size_t>(std::max(count, 0));
    core::check(size, parameters); // before there is room for them
    Solved solved = new_solved(size);
    solve(solved, parameters, steps, [=](core::Oscillators &oscillators) { oscillators.draw(seed); });
    return solved;
}

Datum row_of(FunctionCallInfo fcinfo, const Solved &solved) {
    return one_row(fcinfo,
                   std::array{Float8GetDatum(solved.header.r), Float8GetDatum(solved.header.psi),
                              Float8GetDatum(solved.header.mean_r), Float8GetDatum(solved.header.sync_time),
                              PointerGetDatum(solved.phases.array), PointerGetDatum(solved.frequencies.array),
                              Float8GetDatum(solved.header.time),
                              PointerGetDatum(cstring_to_text(solver_version))},
                   {false, false, false, std::isnan(solved.header.sync_time)});
}

} // namespace

STEWARD_FUNCTION(steward_kuramoto_solve) {
    Solved const solved = solve_drawn(PG_GETARG_INT32(0), PG_GETARG_FLOAT8(1), PG_GETARG_JSONB_P(2),
                                      PG_GETARG_INT32(3), PG_GETARG_INT64(4));
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_kuramoto_continue) {
    std::span<const double> const phases = doubles_of(PG_GETARG_ARRAYTYPE_P(0), "phases");
    std::span<const double> const frequencies = doubles_of(PG_GETARG_ARRAYTYPE_P(1), "frequencies");
    core::KuramotoParameters const parameters = parameters_of(PG_GETARG_FLOAT8(2), PG_GETARG_JSONB_P(3));
    std::uint64_t const steps = steps_argument(PG_GETARG_INT32(4));
    if (phases.size() != frequencies.size())
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("there must be as many phases as frequencies"));
    core::check(phases.size(), parameters);
    Solved solved = new_solved(phases.size());
    solve(solved, parameters, steps,
          [=](core::Oscillators &oscillators) { oscillators.set(phases, frequencies); });
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_kuramoto_bytes) {
    Solved const solved = solve_drawn(PG_GETARG_INT32(0), PG_GETARG_FLOAT8(1), PG_GETARG_JSONB_P(2),
                                      PG_GETARG_INT32(3), PG_GETARG_INT64(4));
    PG_RETURN_BYTEA_P(new_bytes(&solved.header, sizeof(Header), solved.phases, solved.frequencies));
}

STEWARD_FUNCTION(steward_kuramoto_of_bytes) {
    Bytes bytes(PG_GETARG_BYTEA_PP(0));
    Header header;
    bytes.take(&header, sizeof header);
    if (header.format != format || header.size > core::most_oscillators)
        ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid bytes of solved oscillators"));
    Solved solved = new_solved(header.size);
    solved.header = header;
    bytes.take(solved.phases.numbers.data(), solved.phases.numbers.size_bytes());
    bytes.take(solved.frequencies.numbers.data(), solved.frequencies.numbers.size_bytes());
    bytes.end();
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_kuramoto_parameters) {
    core::KuramotoParameters const parameters = parameters_of(0, PG_GETARG_JSONB_P(0));
    core::check(1, parameters);
    JsonbParseState *state = nullptr;
    JsonbValue kind;
    kind.type = jbvString;
    kind.val.string.val = const_cast<char *>(kinds[static_cast<std::size_t>(parameters.frequencies)]);
    kind.val.string.len = static_cast<int>(strlen(kind.val.string.val));
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    add_member(&state, "dt", number_value(parameters.dt));
    add_member(&state, "frequencies", kind);
    add_member(&state, "spread", number_value(parameters.spread));
    add_member(&state, "omega", number_value(parameters.omega));
    add_member(&state, "synchronised", number_value(parameters.synchronised));
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

STEWARD_FUNCTION(steward_kuramoto_solver) {
    PG_RETURN_TEXT_P(cstring_to_text(solver_version));
}

} // namespace steward::fields
