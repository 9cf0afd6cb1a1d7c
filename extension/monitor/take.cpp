// What all operations of the server have counted at a moment, as a value, and what came on top of such a
// value.
#include "extension/monitor/bytes.hpp"
#include "extension/rows.hpp"
#include "extension/statistics.hpp"

namespace steward {

namespace {

constexpr char format = 1;

struct Taken {
    std::string_view component;
    std::string_view operation;
    std::array<std::uint64_t, statuses> calls{};
    core::Durations durations;
};

std::uint64_t number(const pg_atomic_uint64 &shared_number) noexcept {
    return pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&shared_number));
}

void append_text(std::string &bytes, std::string_view text) {
    core::append_number(bytes, text.size());
    bytes += text;
}

void append_slot(std::string &bytes, const OperationSlot &slot) {
    append_text(bytes, slot.component);
    append_text(bytes, slot.operation);
    for (const pg_atomic_uint64 &calls : slot.calls)
        core::append_number(bytes, number(calls));
    core::Durations durations;
    durations.nanoseconds = number(slot.nanoseconds);
    for (std::size_t bucket = 0; bucket < core::duration_buckets; ++bucket)
        durations.buckets[bucket] = number(slot.buckets[bucket]);
    std::string packed;
    core::pack(durations, packed);
    append_text(bytes, packed);
}

[[noreturn]] void raise_strange_bytes() {
    throw core::Error(core::ErrorKind::invalid_argument, "these bytes are no counts of operations");
}

std::uint64_t take_known(std::string_view &bytes) {
    std::optional<std::uint64_t> const number = core::take_number(bytes);
    if (!number)
        raise_strange_bytes();
    return *number;
}

std::string_view take_text(std::string_view &bytes) {
    std::uint64_t const size = take_known(bytes);
    if (size > bytes.size())
        raise_strange_bytes();
    std::string_view const text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
}

struct AllTaken {
    std::uint64_t reset = 0;
    std::vector<Taken> operations;
};

AllTaken read_all(std::string_view bytes) {
    AllTaken all;
    if (bytes.empty())
        return all;
    if (bytes.front() != format)
        raise_strange_bytes();
    bytes.remove_prefix(1);
    all.reset = take_known(bytes);
    while (!bytes.empty()) {
        Taken &taken = all.operations.emplace_back();
        taken.component = take_text(bytes);
        taken.operation = take_text(bytes);
        for (std::uint64_t &calls : taken.calls)
            calls = take_known(bytes);
        std::optional<core::Durations> const durations = core::unpack(take_text(bytes));
        if (!durations)
            raise_strange_bytes();
        taken.durations = *durations;
    }
    return all;
}

/// What `now` has that `before` had not. Numbers only fall where they were set to zero.
void subtract(Taken &now, const AllTaken &before) noexcept {
    for (const Taken &old : before.operations) {
        if (old.operation != now.operation || old.component != now.component)
            continue;
        now.durations = core::since(old.durations, now.durations);
        for (std::size_t status = 0; status < statuses; ++status)
            now.calls[status] -= old.calls[status] <= now.calls[status] ? old.calls[status] : 0;
        return;
    }
}

Datum text_datum(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

Datum count_datum(std::uint64_t count) {
    return Int64GetDatum(static_cast<int64>(count));
}

} // namespace

STEWARD_FUNCTION_UNMEASURED(steward_operation_snapshot) {
    flush_measurement();
    const Statistics *const statistics = shared_statistics();
    bytea *value = nullptr;
    {
        std::string bytes(1, format);
        core::append_number(bytes, statistics == nullptr ? 0 : number(statistics->reset));
        std::uint32_t const used =
            statistics == nullptr ? 0 : pg_atomic_read_u32(const_cast<pg_atomic_uint32 *>(&statistics->used));
        pg_read_barrier();
        for (std::uint32_t i = 0; i < used; ++i)
            append_slot(bytes, statistics->slots()[i]);
        guarded([&] { value = monitor::bytea_of(bytes); });
    }
    PG_RETURN_BYTEA_P(value);
}

/// (before bytea, now bytea) -> a row for each operation that was called in between.
STEWARD_FUNCTION_UNMEASURED(steward_operation_since) {
    std::string_view const before_bytes = monitor::view(PG_GETARG_BYTEA_PP(0));
    std::string_view const now_bytes = monitor::view(PG_GETARG_BYTEA_PP(1));
    ResultRows const rows = start_rows(fcinfo);
    AllTaken before = read_all(before_bytes);
    AllTaken now = read_all(now_bytes);
    if (before.reset != now.reset)
        before.operations.clear();
    for (Taken &taken : now.operations) {
        subtract(taken, before);
        auto const [ok, errors, cancelled] = taken.calls;
        if (ok + errors + cancelled == 0 && taken.durations.count() == 0)
            continue;
        std::string packed;
        core::pack(taken.durations, packed);
        guarded([&, ok = ok, errors = errors, cancelled = cancelled] {
            rows.add([&] {
                return std::array{text_datum(taken.component),
                                  text_datum(taken.operation),
                                  count_datum(ok),
                                  count_datum(errors),
                                  count_datum(cancelled),
                                  PointerGetDatum(monitor::bytea_of(packed))};
            });
        });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
