// Counts and times every call of a function that PostgreSQL calls: what STEWARD_FUNCTION puts around it.
//
// A call is pushed on a stack of the process and popped when it returns. An error of PostgreSQL jumps over
// the pop, so what is left on the stack when the (sub)transaction aborts are the calls that failed. Counts
// are kept in the process and go to shared memory when the transaction ends, and every 1,024 calls.
#pragma once

#include "core/stats/histogram.hpp"
#include "core/stats/sampler.hpp"

#include "extension/pg.hpp"

namespace steward {

enum class Status : std::uint8_t { ok, error, cancelled };
inline constexpr std::size_t statuses = 3;

/// How many operations are told apart in shared memory at most; what comes later is counted together.
inline constexpr int operation_slots = 280;
inline constexpr std::size_t component_size = 24; ///< with the zero byte at the end
inline constexpr std::size_t operation_size = 40;

/// What this process has measured of an operation and not yet passed on.
struct Tally {
    std::array<std::uint64_t, statuses> calls;
    std::uint64_t nanoseconds;
    std::uint64_t touched; ///< a bit for each bucket that is not 0
    std::array<std::uint32_t, core::duration_buckets> buckets;
};

/// A function that is measured, known by two names that every library version writes the same way.
struct Operation {
    const char *component;
    const char *name;
    Tally *tally = nullptr; ///< unknown before the first call
};

/// The name of an operation: that of its C function without the prefix of the extension.
consteval const char *operation_name(const char *function) {
    std::string_view name = function;
    constexpr std::string_view prefix = "steward_";
    if (name.starts_with(prefix))
        name.remove_prefix(prefix.size());
    if (name.empty() || name.size() >= operation_size)
        throw "the name does not fit into a slot of shared memory"; // ends the compilation
    return name.data();
}

/// A call that has begun and not ended.
struct RunningCall {
    ErrorContextCallback context; ///< notes the SQLSTATE of an error on its way out
    Tally *tally;
    std::uint64_t begun; ///< in nanoseconds, 0 if this call is not timed
    std::int64_t token;  ///< of operation_begin, 0 for a C function
    int level;           ///< of the subtransaction that it began in
};

/// What a process knows of its calls. Static memory, so that nothing needs to be freed and a jump loses
/// nothing.
struct Measurement {
    static constexpr std::size_t most_running = 128; ///< calls deeper than that count as successes

    RunningCall *top;     ///< where the next call goes
    int level;            ///< of the present subtransaction
    std::uint64_t pushes; ///< calls that have begun
    core::Sampler sampler{0.0};
    std::array<RunningCall, most_running> running;
    std::array<Tally, operation_slots + 1> tallies; ///< one for each slot, and one that nobody passes on
};

extern Measurement measurement;

/// Time that only moves forward. No system call on Linux.
std::uint64_t now_ns() noexcept;

/// Finds or takes the slot of an operation that this process calls for the first time. Never fails.
void register_operation(Operation &operation);

/// Counts how long a call took.
void count_duration(Tally &tally, std::uint64_t nanoseconds) noexcept;

/// Settles `first` and what began after it: failed if an error ended it.
void settle_calls(const RunningCall *first, bool failed) noexcept;

/// Passes the counts of this process on to shared memory. Raises no error.
void flush_measurement() noexcept;

/// The first call since the last flush tells the flush that there is something; the 1,024th one flushes.
void mark_tally(const Tally &tally, std::uint64_t calls) noexcept;

inline void count_call(Tally &tally, Status status) noexcept {
    std::uint64_t const calls = ++tally.calls[static_cast<std::size_t>(status)];
    if (calls % 1024 <= 1) [[unlikely]]
        mark_tally(tally, calls);
}

/// Puts a call on the stack; null if that is full.
inline RunningCall *push_call(Tally *tally, std::int64_t token) noexcept {
    RunningCall *const call = measurement.top;
    if (call == measurement.running.data() + Measurement::most_running) [[unlikely]]
        return nullptr;
    measurement.top = call + 1;
    ++measurement.pushes;
    call->tally = tally;
    call->level = measurement.level;
    call->token = token;
    call->begun = measurement.sampler.next() ? now_ns() : 0;
    return call;
}

inline RunningCall *begin_call(Operation &operation) {
    if (operation.tally == nullptr) [[unlikely]]
        register_operation(operation);
    RunningCall *const call = push_call(operation.tally, 0);
    if (call != nullptr) [[likely]] {
        call->context.previous = error_context_stack;
        error_context_stack = &call->context;
    }
    return call;
}

inline void end_call(RunningCall *call, const Operation &operation) noexcept {
    if (call != nullptr) [[likely]] {
        error_context_stack = call->context.previous;
        if (call->begun != 0)
            count_duration(*operation.tally, now_ns() - call->begun);
        if (measurement.top != call + 1) [[unlikely]]
            settle_calls(call + 1, false); // an error was caught further up without a subtransaction
        measurement.top = call;
    }
    count_call(*operation.tally, Status::ok);
}

/// Runs `body`, which PostgreSQL may leave by a jump, as a call of `operation`.
template <class Body> Datum measured([[maybe_unused]] Operation &operation, Body &&body) {
#ifdef STEWARD_WITHOUT_MEASUREMENT // for bench/statistics only
    return body();
#else
    RunningCall *const call = begin_call(operation);
    Datum const result = body();
    end_call(call, operation);
    return result;
#endif
}

} // namespace steward
