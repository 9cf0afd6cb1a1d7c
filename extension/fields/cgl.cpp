// SQL functions that solve the complex Ginzburg-Landau equation.
#include "core/fields/cgl.hpp"

#include "extension/fields/arguments.hpp"
#include "extension/fields/measured.hpp"
#include "extension/json.hpp"
#include "extension/memory.hpp"
#include "extension/rows.hpp"

namespace steward::fields {

namespace {

constexpr const char *component = "field";
/// Part of the keys of caches: another one wherever the same inputs may give other numbers.
constexpr const char *solver_version = "cgl-etd2-1";

/// What stands in front of the numbers of a field that goes to a cache.
struct Header {
    std::uint32_t format;
    std::uint32_t side;
    double time;
    double amplitude;
    double deviation;
};
constexpr std::uint32_t format = 0x314c4743;

struct Solved {
    Header header;
    Doubles real;
    Doubles imaginary;
};

/// One of two names of a parameter.
void set_once(double &parameter, bool &is_set, std::string_view name, const JsonbValue &value, double sign) {
    if (is_set)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("option \"%.*s\" is there under another name, too", static_cast<int>(name.size()),
                       name.data()),
                errhint("alpha is c1, and beta is -c3."));
    is_set = true;
    parameter = sign * number_option(name, value);
}

core::CglParameters parameters_of(Jsonb *document) {
    require_object(document, "parameters");
    core::CglParameters parameters;
    bool has_c1 = false;
    bool has_c3 = false;
    each_member(document, [&](std::string_view name, const JsonbValue &value) {
        if (name == "c1" || name == "alpha")
            set_once(parameters.c1, has_c1, name, value, 1);
        else if (name == "c3" || name == "beta")
            set_once(parameters.c3, has_c3, name, value, name == "c3" ? 1 : -1);
        else if (name == "length")
            parameters.length = number_option(name, value);
        else if (name == "dt")
            parameters.dt = number_option(name, value);
        else if (name == "noise")
            parameters.noise = number_option(name, value);
        else
            refuse_option(name,
                          "Options are c1 (or alpha), c3 (or beta, which is -c3), length, dt and noise.");
    });
    return parameters;
}

Solved new_solved(std::size_t side) {
    Solved solved{{}, new_square(side), new_square(side)};
    solved.header.format = format;
    solved.header.side = static_cast<std::uint32_t>(side);
    return solved;
}

/// `start` makes the field that the steps begin with. `solved` has room for it.
template <class Start>
void solve(Solved &solved, const core::CglParameters &parameters, std::uint64_t steps, Start start) {
    std::uint64_t const begun = now_ns();
    ContextResource memory;
    core::CglField field(solved.header.side, parameters, &memory, on_interrupt);
    start(field);
    field.advance(steps);
    field.get(solved.real.numbers, solved.imaginary.numbers);
    auto const [mean, deviation] = field.amplitude();
    solved.header.time = static_cast<double>(steps) * parameters.dt;
    solved.header.amplitude = mean;
    solved.header.deviation = deviation;
    count_solved(Solver::cgl, field.side(), steps, now_ns() - begun);
}

/// From a size, parameters, a number of steps and a seed.
Solved solve_drawn(std::int32_t size, Jsonb *document, std::int32_t steps_wanted, std::int64_t seed) {
    core::CglParameters const parameters = parameters_of(document);
    std::uint64_t const steps = steps_argument(steps_wanted);
    auto const side = static_cast<std::size_t>(std::max(size, 0));
    core::check(side, parameters); // before there is room for it
    Solved solved = new_solved(side);
    solve(solved, parameters, steps, [=](core::CglField &field) { field.draw(seed); });
    return solved;
}

Datum row_of(FunctionCallInfo fcinfo, const Solved &solved) {
    return one_row(fcinfo,
                   std::array{PointerGetDatum(solved.real.array), PointerGetDatum(solved.imaginary.array),
                              Float8GetDatum(solved.header.time), Float8GetDatum(solved.header.amplitude),
                              Float8GetDatum(solved.header.deviation),
                              PointerGetDatum(cstring_to_text(solver_version))});
}

/// The side of a square of numbers; raises 2202E for another array.
std::size_t side_of(ArrayType *array) {
    if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[0] != ARR_DIMS(array)[1])
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("a field must have as many rows as columns"));
    return static_cast<std::size_t>(ARR_DIMS(array)[0]);
}

} // namespace

STEWARD_FUNCTION(steward_cgl_solve) {
    Solved const solved =
        solve_drawn(PG_GETARG_INT32(0), PG_GETARG_JSONB_P(1), PG_GETARG_INT32(2), PG_GETARG_INT64(3));
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_cgl_continue) {
    ArrayType *const real = PG_GETARG_ARRAYTYPE_P(0);
    ArrayType *const imaginary = PG_GETARG_ARRAYTYPE_P(1);
    core::CglParameters const parameters = parameters_of(PG_GETARG_JSONB_P(2));
    std::uint64_t const steps = steps_argument(PG_GETARG_INT32(3));
    std::size_t const side = side_of(real);
    if (side_of(imaginary) != side)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("real and imaginary parts must be of the same size"));
    std::span<const double> const reals = doubles_of(real, "re");
    std::span<const double> const imaginaries = doubles_of(imaginary, "im");
    core::check(side, parameters);
    Solved solved = new_solved(side);
    solve(solved, parameters, steps, [=](core::CglField &field) { field.set(reals, imaginaries); });
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_cgl_bytes) {
    Solved const solved =
        solve_drawn(PG_GETARG_INT32(0), PG_GETARG_JSONB_P(1), PG_GETARG_INT32(2), PG_GETARG_INT64(3));
    PG_RETURN_BYTEA_P(new_bytes(&solved.header, sizeof(Header), solved.real, solved.imaginary));
}

STEWARD_FUNCTION(steward_cgl_of_bytes) {
    Bytes bytes(PG_GETARG_BYTEA_PP(0));
    Header header;
    bytes.take(&header, sizeof header);
    if (header.format != format || header.side > core::most_side)
        ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid bytes of a solved field"));
    Solved solved = new_solved(header.side);
    solved.header = header;
    bytes.take(solved.real.numbers.data(), solved.real.numbers.size_bytes());
    bytes.take(solved.imaginary.numbers.data(), solved.imaginary.numbers.size_bytes());
    bytes.end();
    return row_of(fcinfo, solved);
}

STEWARD_FUNCTION(steward_cgl_parameters) {
    core::CglParameters const parameters = parameters_of(PG_GETARG_JSONB_P(0));
    core::check(core::least_side, parameters);
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    add_member(&state, "c1", number_value(parameters.c1));
    add_member(&state, "c3", number_value(parameters.c3));
    add_member(&state, "length", number_value(parameters.length));
    add_member(&state, "dt", number_value(parameters.dt));
    add_member(&state, "noise", number_value(parameters.noise));
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

STEWARD_FUNCTION(steward_cgl_solver) {
    PG_RETURN_TEXT_P(cstring_to_text(solver_version));
}

} // namespace steward::fields
