#include "extension/json.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
}

namespace steward {

namespace {

const char *container_name(const JsonbContainer *container) {
    return JsonContainerIsObject(container) ? "object" : "array";
}

void require(bool fits, Jsonb *document, const char *what, const char *wanted) {
    if (fits)
        return;
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be a JSON %s", what, wanted),
            errdetail("It is a JSON %s.",
                      JB_ROOT_IS_SCALAR(document) ? "scalar" : container_name(&document->root)));
}

/// How many bytes of a name a message shows: a key may have megabytes.
int clipped(std::string_view name) {
    return pg_mbcliplen(name.data(), static_cast<int>(name.size()), NAMEDATALEN - 1);
}

[[noreturn]] void refuse_type(std::string_view name, const JsonbValue &value, const char *wanted) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("option \"%.*s\" must be a JSON %s", clipped(name), name.data(), wanted),
            errdetail("It is a JSON %s.", json_type_name(value)));
    pg_unreachable();
}

} // namespace

const char *json_type_name(const JsonbValue &value) {
    switch (value.type) {
    case jbvNull:
        return "null";
    case jbvString:
        return "string";
    case jbvNumeric:
        return "number";
    case jbvBool:
        return "boolean";
    case jbvBinary:
        return container_name(value.val.binary.data);
    default:
        return "value";
    }
}

void require_object(Jsonb *document, const char *what) {
    require(JB_ROOT_IS_OBJECT(document), document, what, "object");
}

void require_array(Jsonb *document, const char *what) {
    require(JB_ROOT_IS_ARRAY(document) && !JB_ROOT_IS_SCALAR(document), document, what, "array");
}

bool boolean_option(std::string_view name, const JsonbValue &value) {
    if (value.type != jbvBool)
        refuse_type(name, value, "boolean");
    return value.val.boolean;
}

double number_option(std::string_view name, const JsonbValue &value) {
    if (value.type != jbvNumeric)
        refuse_type(name, value, "number");
    return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric)));
}

void refuse_option(std::string_view name, const char *known) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("option \"%.*s\" does not exist", clipped(name), name.data()), errhint("%s", known));
    pg_unreachable();
}

} // namespace steward
