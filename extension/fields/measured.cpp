#include "extension/fields/measured.hpp"

#include "extension/rows.hpp"

extern "C" {
#include "utils/float.h"
}

namespace steward {

namespace fields {

namespace {

constexpr double nanoseconds_per_second = 1e9;
constexpr double rate_unit = 1e3;

void initialise(void *memory) {
    for (SolverNumbers &solver : *static_cast<Numbers *>(memory)) {
        for (pg_atomic_uint64 &bucket : solver.buckets)
            pg_atomic_init_u64(&bucket, 0);
        pg_atomic_init_u64(&solver.nanoseconds, 0);
        for (SizeNumbers &size : solver.sizes) {
            pg_atomic_init_u32(&size.size, 0);
            for (pg_atomic_uint64 *const number :
                 {&size.solves, &size.steps, &size.nanoseconds, &size.newest_rate})
                pg_atomic_init_u64(number, 0);
        }
    }
}

constinit SharedBlock block("steward fields 1", sizeof(Numbers), initialise);

/// Of a size; takes a free place where it has none.
SizeNumbers &numbers_of(SolverNumbers &solver, std::uint32_t size) noexcept {
    for (SizeNumbers &numbers : std::span(solver.sizes).first(most_sizes)) {
        std::uint32_t found = pg_atomic_read_u32(&numbers.size);
        if (found == size || (found == 0 && pg_atomic_compare_exchange_u32(&numbers.size, &found, size)) ||
            found == size)
            return numbers;
    }
    return solver.sizes.back();
}

std::uint64_t number(pg_atomic_uint64 &shared) noexcept {
    return pg_atomic_read_u64(&shared);
}

void add(pg_atomic_uint64 &shared, std::uint64_t more) noexcept {
    pg_atomic_fetch_add_u64(&shared, static_cast<std::int64_t>(more));
}

Datum count_datum(std::uint64_t count) {
    return Int64GetDatum(static_cast<std::int64_t>(count));
}

Datum seconds_datum(std::uint64_t nanoseconds) {
    return Float8GetDatum(static_cast<double>(nanoseconds) / nanoseconds_per_second);
}

/// Plain C, as all that each_solved() calls.
void add_sizes(const ResultRows &rows, const char *name, SolverNumbers &solver) {
    for (SizeNumbers &of : solver.sizes) {
        if (number(of.solves) == 0)
            continue;
        std::uint32_t const size = pg_atomic_read_u32(&of.size);
        rows.add_nullable([&] {
            return std::array<NullableDatum, 6>{
                {{PointerGetDatum(cstring_to_text(name)), false},
                 {Int32GetDatum(static_cast<std::int32_t>(size)), size == 0},
                 {count_datum(number(of.solves)), false},
                 {count_datum(number(of.steps)), false},
                 {seconds_datum(number(of.nanoseconds)), false},
                 {Float8GetDatum(static_cast<double>(number(of.newest_rate)) / rate_unit),
                  number(of.newest_rate) == 0}}};
        });
    }
}

void add_histogram(const ResultRows &rows, const char *name, SolverNumbers &solver) {
    std::uint64_t solves = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        solves += number(solver.buckets[i]);
        rows.add([&] {
            return std::array{PointerGetDatum(cstring_to_text(name)),
                              Float8GetDatum(i < bounds.size() ? bounds[i] : get_float8_infinity()),
                              count_datum(solves), seconds_datum(number(solver.nanoseconds))};
        });
    }
}

template <class Each> void each_solver(Each each) {
    Numbers *const all = shared_numbers();
    for (std::size_t i = 0; all != nullptr && i < all->size(); ++i)
        each(solver_names[i], (*all)[i]);
}

} // namespace

Numbers *shared_numbers() noexcept {
    return block.available() ? static_cast<Numbers *>(block.memory()) : nullptr;
}

void count_solved(Solver solver, std::size_t size, std::uint64_t steps, std::uint64_t nanoseconds) noexcept {
    Numbers *const all = shared_numbers();
    if (all == nullptr)
        return;
    SolverNumbers &numbers = (*all)[static_cast<std::size_t>(solver)];
    double const seconds = static_cast<double>(nanoseconds) / nanoseconds_per_second;
    auto const bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
    add(numbers.buckets[bucket], 1);
    add(numbers.nanoseconds, nanoseconds);
    SizeNumbers &of = numbers_of(numbers, static_cast<std::uint32_t>(size));
    add(of.solves, 1);
    add(of.steps, steps);
    add(of.nanoseconds, nanoseconds);
    if (steps > 0)
        pg_atomic_write_u64(
            &of.newest_rate,
            static_cast<std::uint64_t>(rate_unit * static_cast<double>(steps) / std::max(seconds, 1e-9)));
}

namespace {

constexpr const char *component = "field";

} // namespace

STEWARD_FUNCTION(steward_field_stats) {
    ResultRows const rows = start_rows(fcinfo);
    each_solver([&](const char *name, SolverNumbers &solver) { add_sizes(rows, name, solver); });
    return 0; // the rows are in the tuplestore
}

STEWARD_FUNCTION(steward_field_histogram) {
    ResultRows const rows = start_rows(fcinfo);
    each_solver([&](const char *name, SolverNumbers &solver) { add_histogram(rows, name, solver); });
    return 0; // the rows are in the tuplestore
}

} // namespace fields

} // namespace steward
