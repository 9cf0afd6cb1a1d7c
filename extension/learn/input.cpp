#include "core/learn/input.hpp"

#include "extension/learn/input.hpp"

#include "extension/json.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
}

namespace steward::learn {

namespace {

static_assert(std::is_trivially_destructible_v<core::NamedValue>, "an error may jump over it");

/// Values that are being collected. Plain data.
struct Collected {
    core::NamedValue *values;
    std::size_t count;
    std::size_t room;
};

void append(Collected &collected, const core::NamedValue &value) {
    if (collected.count == collected.room) {
        collected.room = std::max<std::size_t>(8, collected.room * 2);
        std::size_t const size = collected.room * sizeof(core::NamedValue);
        collected.values = static_cast<core::NamedValue *>(
            collected.values == nullptr ? palloc(size) : repalloc(collected.values, size));
    }
    new (collected.values + collected.count++) core::NamedValue(value);
}

std::string_view string_of(const JsonbValue &value) {
    return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
}

double number_of(const JsonbValue &value) {
    return DatumGetFloat8(
        DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
}

std::string_view join(std::string_view outer, std::string_view inner) {
    char *const name = psprintf("%.*s.%.*s", static_cast<int>(outer.size()), outer.data(),
                                static_cast<int>(inner.size()), inner.data());
    return name;
}

void collect(Collected &collected, std::string_view name, const JsonbValue &value);

void collect_container(Collected &collected, std::string_view name, JsonbContainer *container) {
    check_stack_depth();
    bool const is_object = JsonContainerIsObject(container);
    JsonbIterator *iterator = JsonbIteratorInit(container);
    JsonbValue value;
    std::string_view member = name;
    for (;;) {
        JsonbIteratorToken const token = JsonbIteratorNext(&iterator, &value, true);
        if (token == WJB_DONE)
            return;
        if (token == WJB_KEY)
            member = join(name, string_of(value));
        else if (token == WJB_ELEM || (token == WJB_VALUE && is_object))
            collect(collected, member, value);
    }
}

void collect(Collected &collected, std::string_view name, const JsonbValue &value) {
    check_interrupts();
    switch (value.type) {
    case jbvString:
        append(collected, {name, string_of(value), 0, false});
        break;
    case jbvNumeric:
        append(collected, {name, {}, number_of(value), true});
        break;
    case jbvBool:
        append(collected, {name, {}, value.val.boolean ? 1.0 : 0.0, true});
        break;
    case jbvBinary:
        collect_container(collected, name, value.val.binary.data);
        break;
    default:
        break;
    }
}

} // namespace

std::span<const core::NamedValue> values_of(Jsonb *object, const Layout &layout, std::string_view &text) {
    require_object(object, "input");
    Collected collected{};
    each_member(object, [&](std::string_view name, const JsonbValue &value) {
        if (!layout.text.empty() && name == layout.text) {
            if (value.type != jbvString && value.type != jbvNull)
                ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("member \"%.*s\" of the input must be a JSON string",
                               static_cast<int>(name.size()), name.data()),
                        errdetail("It is a JSON %s.", json_type_name(value)));
            if (value.type == jbvString)
                text = string_of(value);
        } else if (layout.has(name)) {
            collect(collected, name, value);
        }
    });
    return {collected.values, collected.count};
}

core::Input input_argument(FunctionCallInfo fcinfo, int n, const Layout &layout) {
    core::Input input{};
    if (get_fn_expr_argtype(fcinfo->flinfo, n) == JSONBOID) {
        input.values = values_of(PG_GETARG_JSONB_P(n), layout, input.text);
        return input;
    }
    if (layout.text.empty())
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model takes no text"),
                errhint("Give a JSON object of its values: '{...}'::jsonb."));
    input.text = text_argument(fcinfo, n);
    return input;
}

} // namespace steward::learn
