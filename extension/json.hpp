// Reading jsonb arguments. Plain C: nothing here makes or holds an object with a destructor.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace steward {

/// "string", "number", "object", ... for messages.
const char *json_type_name(const JsonbValue &value);

/// Raises 22023 unless `document` is an object; `what` names the argument.
void require_object(Jsonb *document, const char *what);

/// Raises 22023 unless `document` is an array; `what` names the argument.
void require_array(Jsonb *document, const char *what);

/// The value of an option as the type that it must have; raises 22023 if it has another.
bool boolean_option(std::string_view name, const JsonbValue &value);
double number_option(std::string_view name, const JsonbValue &value);

/// Raises 22023 for an option that does not exist; `known` is the hint.
[[noreturn]] void refuse_option(std::string_view name, const char *known);

/// Calls `visit(name, value)` for each member of an object. Nested containers arrive as jbvBinary.
template <class Visit> void each_member(Jsonb *object, Visit visit) {
    JsonbIterator *iterator = JsonbIteratorInit(&object->root);
    JsonbValue value;
    std::string_view name;
    for (;;) {
        check_interrupts();
        JsonbIteratorToken const token = JsonbIteratorNext(&iterator, &value, true);
        if (token == WJB_DONE)
            return;
        if (token == WJB_KEY)
            name = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
        else if (token == WJB_VALUE)
            visit(name, value);
    }
}

/// Calls `visit(value)` for each element of an array. Nested containers arrive as jbvBinary.
template <class Visit> void each_element(Jsonb *array, Visit visit) {
    JsonbIterator *iterator = JsonbIteratorInit(&array->root);
    JsonbValue value;
    for (;;) {
        check_interrupts();
        JsonbIteratorToken const token = JsonbIteratorNext(&iterator, &value, true);
        if (token == WJB_DONE)
            return;
        if (token == WJB_ELEM)
            visit(value);
    }
}

} // namespace steward
