// Arguments and results that both solvers have. Plain C: nothing here makes or holds an object with a
// destructor.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/jsonb.h"
}

namespace steward::fields {

/// The number of steps of an argument; raises 22023 if it is below zero.
std::uint64_t steps_argument(std::int32_t steps);

/// An array of doubles that is still to be filled, of one dimension, or of two with as many rows as columns.
struct Doubles {
    ArrayType *array;
    std::span<double> numbers;
};
Doubles new_doubles(std::size_t length);
Doubles new_square(std::size_t side);

/// The numbers of an array argument; raises 22004 if there is a null in it.
std::span<const double> doubles_of(ArrayType *array, const char *what);

/// A number as jsonb has it: with all digits that it takes to read it back.
JsonbValue number_value(double number);

/// Adds a member to the object that is being made.
void add_member(JsonbParseState **state, const char *name, JsonbValue value);

/// What goes to a cache: a header of plain numbers, and two arrays of one length.
bytea *new_bytes(const void *header, std::size_t header_size, const Doubles &first, const Doubles &second);

/// A value that lay in a cache, in parts: what is left of it after each. Raises XX001 where there is too
/// little.
class Bytes {
  public:
    explicit Bytes(bytea *all) : next_(VARDATA_ANY(all)), left_(VARSIZE_ANY_EXHDR(all)) {}
    void take(void *to, std::size_t size);
    void end() const;

  private:
    const char *next_;
    std::size_t left_;
};

} // namespace steward::fields
