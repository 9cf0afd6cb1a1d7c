#include "extension/fields/arguments.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
}

namespace steward::fields {

namespace {

[[noreturn]] void refuse_bytes() {
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid bytes of a solved field"));
    pg_unreachable();
}

Doubles new_array(int dimensions, std::size_t length, std::size_t numbers) {
    std::size_t const header = ARR_OVERHEAD_NONULLS(dimensions);
    std::size_t const size = header + numbers * sizeof(float8);
    auto *const array = static_cast<ArrayType *>(palloc0(size));
    SET_VARSIZE(array, size);
    array->ndim = dimensions;
    array->elemtype = FLOAT8OID;
    for (int i = 0; i < dimensions; ++i) {
        ARR_DIMS(array)[i] = static_cast<int>(length);
        ARR_LBOUND(array)[i] = 1;
    }
    return {array, {reinterpret_cast<double *>(ARR_DATA_PTR(array)), numbers}};
}

} // namespace

std::uint64_t steps_argument(std::int32_t steps) {
    if (steps < 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("number of steps must not be negative"));
    return static_cast<std::uint64_t>(steps);
}

Doubles new_doubles(std::size_t length) {
    return new_array(1, length, length);
}

Doubles new_square(std::size_t side) {
    return new_array(2, side, side * side);
}

std::span<const double> doubles_of(ArrayType *array, const char *what) {
    if (array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not contain nulls", what));
    return {reinterpret_cast<const double *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)))};
}

JsonbValue number_value(double number) {
    JsonbValue value;
    value.type = jbvNumeric;
    value.val.numeric =
        DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(float8out_internal(number)),
                                            ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    return value;
}

void add_member(JsonbParseState **state, const char *name, JsonbValue value) {
    JsonbValue key;
    key.type = jbvString;
    key.val.string.val = const_cast<char *>(name);
    key.val.string.len = static_cast<int>(strlen(name));
    pushJsonbValue(state, WJB_KEY, &key);
    pushJsonbValue(state, WJB_VALUE, &value);
}

bytea *new_bytes(const void *header, std::size_t header_size, const Doubles &first, const Doubles &second) {
    std::size_t const numbers = first.numbers.size_bytes();
    std::size_t const size = VARHDRSZ + header_size + 2 * numbers;
    auto *const bytes = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(bytes, size);
    memcpy(VARDATA(bytes), header, header_size);
    memcpy(VARDATA(bytes) + header_size, first.numbers.data(), numbers);
    memcpy(VARDATA(bytes) + header_size + numbers, second.numbers.data(), numbers);
    return bytes;
}

void Bytes::take(void *to, std::size_t size) {
    if (size > left_)
        refuse_bytes();
    memcpy(to, next_, size);
    next_ += size;
    left_ -= size;
}

void Bytes::end() const {
    if (left_ != 0)
        refuse_bytes();
}

} // namespace steward::fields
