// SQL functions that show what was measured, and that measure functions which are not in C.
#include <limits>

#include "extension/boundary.hpp"
#include "extension/rows.hpp"
#include "extension/statistics.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "operations";
constexpr std::array<const char *, statuses> status_names{"ok", "error", "cancelled"};
constexpr double nanoseconds_per_second = 1e9;
constexpr double nanoseconds_per_millisecond = 1e6;

/// The numbers of an operation at one moment.
struct OperationNumbers {
    const OperationSlot *slot;
    std::array<std::uint64_t, statuses> calls;
    std::array<std::uint64_t, core::duration_buckets> buckets;
    std::uint64_t nanoseconds;
    std::uint64_t samples;
};

std::uint64_t number(const pg_atomic_uint64 &shared_number) {
    return pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&shared_number));
}

OperationNumbers read_numbers(const OperationSlot &slot) {
    OperationNumbers numbers{&slot, {}, {}, number(slot.nanoseconds), 0};
    for (std::size_t status = 0; status < statuses; ++status)
        numbers.calls[status] = number(slot.calls[status]);
    for (std::size_t bucket = 0; bucket < core::duration_buckets; ++bucket) {
        numbers.buckets[bucket] = number(slot.buckets[bucket]);
        numbers.samples += numbers.buckets[bucket];
    }
    return numbers;
}

/// Every operation that was called since the last reset, with what this session has not passed on yet. Plain
/// C.
template <class Each> void each_operation(Each each) {
    flush_measurement();
    const Statistics *const statistics = shared_statistics();
    if (statistics == nullptr)
        return;
    std::uint32_t const used = pg_atomic_read_u32(const_cast<pg_atomic_uint32 *>(&statistics->used));
    pg_read_barrier();
    for (std::uint32_t i = 0; i < used; ++i) {
        OperationNumbers const numbers = read_numbers(statistics->slots()[i]);
        if (numbers.calls != std::array<std::uint64_t, statuses>{} || numbers.samples != 0)
            each(numbers);
    }
}

Datum text_datum(const char *value) {
    return PointerGetDatum(cstring_to_text(value));
}

Datum count_datum(std::uint64_t count) {
    return Int64GetDatum(static_cast<std::int64_t>(count));
}

Datum quantile_ms(const OperationNumbers &numbers, double q) {
    return Float8GetDatum(core::duration_quantile(numbers.buckets, q) / nanoseconds_per_millisecond);
}

/// A name goes to sessions of any encoding and becomes a label of a metric: ASCII, and no longer than its
/// place.
void check_name(const char *what, const char *name, std::size_t size) {
    std::size_t const length = strlen(name);
    if (length > 0 && length < size && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length)
        return;
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid name of %s: \"%s\"", what, name),
            errhint("Use 1 to %d lower-case letters, digits and underscores.", static_cast<int>(size) - 1));
}

/// At the bottom of the error contexts, because the function that operation_begin was called from outlives
/// that call and ends without one of ours.
void watch_errors() {
    static ErrorContextCallback bottom{nullptr, note_error, nullptr};
    ErrorContextCallback **place = &error_context_stack;
    while (*place != nullptr && *place != &bottom)
        place = &(*place)->previous;
    *place = &bottom;
}

constexpr std::int64_t token_positions = 256;
static_assert(Measurement::most_running < token_positions);

} // namespace

STEWARD_FUNCTION_UNMEASURED(steward_operation_begin) {
    static std::int64_t serial = 0;
    const char *const of_component = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char *const operation = text_to_cstring(PG_GETARG_TEXT_PP(1));
    check_name("a component", of_component, component_size);
    check_name("an operation", operation, operation_size);
    start_measurement();
    watch_errors();
    std::int64_t const position = measurement.top - measurement.running.data();
    std::int64_t const token = ++serial * token_positions + position;
    Tally *const tally = find_tally(of_component, operation, true);
    RunningCall *const call = push_call(tally, token);
    if (call == nullptr)
        count_call(*tally, Status::ok); // too deep to know how it ends
    else if (strcmp(of_component, "duty") == 0)
        call->begun = now_ns(); // few, and each of them is asked for: not a share of them
    PG_RETURN_INT64(token);
}

/// Knows the call by its token. One that an abort has counted, or that found no place, is not there any more.
STEWARD_FUNCTION_UNMEASURED(steward_operation_end) {
    std::int64_t const token = PG_GETARG_INT64(0);
    const RunningCall *const call = measurement.running.data() + token % token_positions;
    if (token > 0 && call < measurement.top && call->token == token)
        settle_calls(call, false); // with those that began later and were not ended
    PG_RETURN_VOID();
}

STEWARD_FUNCTION(steward_operation_counts) {
    ResultRows const rows = start_rows(fcinfo);
    each_operation([&](const OperationNumbers &numbers) {
        for (std::size_t status = 0; status < statuses; ++status) {
            if (numbers.calls[status] == 0)
                continue;
            rows.add([&] {
                return std::array{text_datum(numbers.slot->component), text_datum(numbers.slot->operation),
                                  text_datum(status_names[status]), count_datum(numbers.calls[status])};
            });
        }
    });
    return 0; // the rows are in the tuplestore
}

STEWARD_FUNCTION(steward_operation_histogram) {
    ResultRows const rows = start_rows(fcinfo);
    each_operation([&](const OperationNumbers &numbers) {
        std::uint64_t observations = 0;
        for (std::size_t bucket = 0; bucket < core::duration_buckets; ++bucket) {
            observations += numbers.buckets[bucket];
            if (core::is_bucket_shown(bucket))
                rows.add([&] {
                    return std::array{
                        text_datum(numbers.slot->component), text_datum(numbers.slot->operation),
                        Float8GetDatum(core::bucket_seconds(bucket)), count_datum(observations)};
                });
        }
    });
    return 0; // the rows are in the tuplestore
}

STEWARD_FUNCTION(steward_operation_totals) {
    ResultRows const rows = start_rows(fcinfo);
    each_operation([&](const OperationNumbers &numbers) {
        rows.add([&] {
            return std::array{
                text_datum(numbers.slot->component), text_datum(numbers.slot->operation),
                count_datum(numbers.samples),
                Float8GetDatum(static_cast<double>(numbers.nanoseconds) / nanoseconds_per_second)};
        });
    });
    return 0; // the rows are in the tuplestore
}

/// What the view operation_stats shows. NaN stands where nothing was sampled.
STEWARD_FUNCTION(steward_operation_summary) {
    ResultRows const rows = start_rows(fcinfo);
    const Statistics *const statistics = shared_statistics();
    TimestampTz const reset = statistics == nullptr ? 0 : static_cast<TimestampTz>(number(statistics->reset));
    each_operation([&](const OperationNumbers &numbers) {
        auto const [ok, error, cancelled] = numbers.calls;
        double const mean = numbers.samples == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                 : static_cast<double>(numbers.nanoseconds) /
                                                       static_cast<double>(numbers.samples);
        rows.add([&, ok = ok, error = error, cancelled = cancelled] {
            return std::array{text_datum(numbers.slot->component),
                              text_datum(numbers.slot->operation),
                              count_datum(ok + error + cancelled),
                              count_datum(error),
                              count_datum(cancelled),
                              count_datum(numbers.samples),
                              Float8GetDatum(mean / nanoseconds_per_millisecond),
                              quantile_ms(numbers, 0.5),
                              quantile_ms(numbers, 0.95),
                              quantile_ms(numbers, 0.99),
                              TimestampTzGetDatum(reset)};
        });
    });
    return 0; // the rows are in the tuplestore
}

/// Sets all numbers to zero. What other sessions have not passed on yet comes afterwards.
STEWARD_FUNCTION(steward_operation_reset) {
    flush_measurement();
    Statistics *const statistics = shared_statistics();
    if (statistics == nullptr)
        PG_RETURN_VOID();
    for (OperationSlot &slot : std::span(statistics->slots(), statistics->room)) {
        for (pg_atomic_uint64 &calls : slot.calls)
            pg_atomic_write_u64(&calls, 0);
        pg_atomic_write_u64(&slot.nanoseconds, 0);
        for (pg_atomic_uint64 &bucket : slot.buckets)
            pg_atomic_write_u64(&bucket, 0);
    }
    pg_atomic_write_u64(&statistics->reset, static_cast<std::uint64_t>(GetCurrentTimestamp()));
    PG_RETURN_VOID();
}

} // namespace steward
