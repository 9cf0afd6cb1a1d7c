// SQL functions about fidelity: the composite of its components, its level and its trend.
#include "core/score/fidelity.hpp"

#include "extension/boundary.hpp"
#include "extension/json.hpp"
#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
}

namespace steward {

namespace {

constexpr const char *component = "fidelity";

/// So many are more than any site has; what is given is looked up among them one by one.
constexpr uint32 most_components = 1000;

/// Components in memory of the caller's context. Plain data: nothing is lost by a jump.
struct Components {
    core::FidelityComponent *begin;
    std::size_t count;

    std::span<core::FidelityComponent> all() const { return {begin, count}; }
};
static_assert(std::is_trivially_destructible_v<core::FidelityComponent>);

Datum text_datum(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

/// How many bytes of a name a message shows.
int clipped(std::string_view name) {
    return pg_mbcliplen(name.data(), static_cast<int>(name.size()), NAMEDATALEN - 1);
}

const char *direction_name(core::Direction direction) {
    return direction == core::Direction::up ? "up" : "down";
}

core::Direction read_direction(std::string_view name, const JsonbValue &value) {
    if (value.type == jbvString) {
        std::string_view const text{value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
        if (text == "up" || text == "down")
            return text == "up" ? core::Direction::up : core::Direction::down;
    }
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("direction of component \"%.*s\" must be up or down", clipped(name), name.data()));
    pg_unreachable();
}

core::FidelityComponent read_definition(std::string_view name, const JsonbValue &value) {
    constexpr const char *known = "A definition has a weight, and may have a minimum and a direction.";
    if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("definition of component \"%.*s\" must be a JSON object", clipped(name), name.data()),
                errdetail("It is a JSON %s.", json_type_name(value)));
    JsonbContainer *const members = value.val.binary.data;
    JsonbValue member;
    core::FidelityComponent read{.name = name, .weight = 0.0, .minimum = 0.0};
    if (getKeyJsonValueFromContainer(members, "weight", 6, &member) == nullptr)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("component \"%.*s\" has no weight", clipped(name), name.data()), errhint("%s", known));
    read.weight = number_option("weight", member);
    uint32 found = 1;
    if (getKeyJsonValueFromContainer(members, "minimum", 7, &member) != nullptr) {
        read.minimum = number_option("minimum", member);
        ++found;
    }
    if (getKeyJsonValueFromContainer(members, "direction", 9, &member) != nullptr) {
        read.direction = read_direction(name, member);
        ++found;
    }
    if (JsonContainerSize(members) != found)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("definition of component \"%.*s\" has unknown members", clipped(name), name.data()),
                errhint("%s", known));
    return read;
}

/// An empty object stands for the components of ACGS.
Components read_definitions(Jsonb *definitions) {
    require_object(definitions, "definitions");
    uint32 const given = JB_ROOT_COUNT(definitions);
    if (given > most_components)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("there may be %u components", most_components));
    std::size_t const room = std::max<std::size_t>(given, core::fidelity_defaults.size());
    auto *const begin =
        static_cast<core::FidelityComponent *>(palloc(room * sizeof(core::FidelityComponent)));
    std::size_t count = 0;
    if (given == 0)
        for (const core::FidelityComponent &original : core::fidelity_defaults)
            begin[count++] = original;
    each_member(definitions, [&](std::string_view name, const JsonbValue &value) {
        begin[count++] = read_definition(name, value);
    });
    return {begin, count};
}

/// A value that is null is one that is not known.
void read_values(Jsonb *values, const Components &components) {
    require_object(values, "components");
    each_member(values, [&](std::string_view name, const JsonbValue &value) {
        auto const all = components.all();
        auto const found = std::ranges::find(all, name, &core::FidelityComponent::name);
        if (found == all.end())
            ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("component \"%.*s\" of fidelity does not exist", clipped(name), name.data()));
        if (value.type == jbvNull)
            return;
        if (value.type != jbvNumeric)
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("value of component \"%.*s\" must be a JSON number", clipped(name), name.data()),
                    errdetail("It is a JSON %s.", json_type_name(value)));
        found->value = number_option(name, value);
    });
}

template <class Choose> Datum names_of(const Components &components, Choose chosen) {
    auto *const names = static_cast<Datum *>(palloc(sizeof(Datum) * components.count));
    int count = 0;
    for (const core::FidelityComponent &each : components.all())
        if (chosen(each))
            names[count++] = text_datum(each.name);
    return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum scores_of(const Components &components) {
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (const core::FidelityComponent &each : components.all()) {
        if (!each.value)
            continue;
        JsonbValue key;
        key.type = jbvString;
        key.val.string.val = const_cast<char *>(each.name.data());
        key.val.string.len = static_cast<int>(each.name.size());
        pushJsonbValue(&state, WJB_KEY, &key);
        JsonbValue score;
        score.type = jbvNumeric;
        score.val.numeric = DatumGetNumeric(
            DirectFunctionCall1(float8_numeric, Float8GetDatum(core::fidelity_component_score(each))));
        pushJsonbValue(&state, WJB_VALUE, &score);
    }
    return PointerGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

} // namespace

STEWARD_FUNCTION(steward_fidelity_score) {
    Components const components = read_definitions(PG_GETARG_JSONB_P(2));
    read_values(PG_GETARG_JSONB_P(0), components);
    std::optional<double> const score = core::fidelity_score(components.all(), PG_GETARG_BOOL(1));
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum values[] = {Float8GetDatum(score.value_or(0.0)),
                      score ? text_datum(core::fidelity_level(*score)) : Datum{0},
                      scores_of(components),
                      names_of(components, core::is_missing),
                      names_of(components, core::is_below_minimum),
                      text_datum(core::fidelity_formula_version)};
    bool const nulls[std::size(values)] = {!score, !score};
    PG_RETURN_DATUM(
        HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, const_cast<bool *>(nulls))));
}

STEWARD_FUNCTION(steward_fidelity_level) {
    float8 const score = PG_GETARG_FLOAT8(0);
    if (!(score >= 0.0 && score <= 1.0))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("score must lie between 0 and 1"));
    PG_RETURN_DATUM(text_datum(core::fidelity_level(score)));
}

/// Nulls in the array are left out; null if fewer than two scores are left.
STEWARD_FUNCTION(steward_fidelity_trend) {
    Datum *elements = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                      &elements, &nulls, &count);
    auto *const scores = static_cast<double *>(palloc(sizeof(double) * static_cast<std::size_t>(count + 1)));
    std::size_t known = 0;
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            scores[known++] = DatumGetFloat8(elements[i]);
    std::string_view const trend = core::fidelity_trend({scores, known});
    if (trend.empty())
        PG_RETURN_NULL();
    PG_RETURN_DATUM(text_datum(trend));
}

/// The components of ACGS.
STEWARD_FUNCTION(steward_fidelity_defaults) {
    ResultRows const rows = start_rows(fcinfo);
    for (const core::FidelityComponent &each : core::fidelity_defaults) {
        rows.add([&] {
            return std::array{text_datum(each.name), Float8GetDatum(each.weight),
                              Float8GetDatum(each.minimum), text_datum(direction_name(each.direction)),
                              text_datum(each.description)};
        });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
