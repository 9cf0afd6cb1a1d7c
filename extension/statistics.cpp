#include "extension/statistics.hpp"

#include <bit>
#include <ctime>

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "utils/timestamp.h"
}

namespace steward {

constinit Measurement measurement{};

namespace {

constexpr std::size_t size_of(std::uint32_t room) noexcept {
    return sizeof(Statistics) + room * sizeof(OperationSlot);
}

/// How many slots fit into what a server keeps spare, for which nobody has reserved room.
constexpr std::uint32_t spare_slots = 118;
static_assert(size_of(spare_slots) < 75000, "the server keeps little room spare: 100 kB for all libraries");

/// How many slots the block gets if this process makes it.
constinit std::uint32_t room = spare_slots;

/// Where libraries of one process find one another: how many slots there are if a preloaded one has said so.
std::uintptr_t &room_of_server() {
    return *reinterpret_cast<std::uintptr_t *>(find_rendezvous_variable("steward statistics room"));
}

/// The last error that passed a call of ours in this transaction. It outlives the abort of a subtransaction,
/// because an error that is raised once more passes no error context.
struct LastError {
    int sqlstate = 0;
    std::uint64_t time = 0;
} last_error;

/// A bit for each tally that is not empty.
constexpr std::size_t word_bits = 64;
std::array<std::uint64_t, operation_slots / word_bits + 1> dirty{};

void initialise(void *memory) {
    auto *const statistics = static_cast<Statistics *>(memory);
    pg_atomic_init_u64(&statistics->reset, static_cast<std::uint64_t>(GetCurrentTimestamp()));
    pg_atomic_init_u32(&statistics->used, 1);
    statistics->room = room;
    for (OperationSlot &slot : std::span(statistics->slots(), room)) {
        for (pg_atomic_uint64 &calls : slot.calls)
            pg_atomic_init_u64(&calls, 0);
        pg_atomic_init_u64(&slot.nanoseconds, 0);
        for (pg_atomic_uint64 &bucket : slot.buckets)
            pg_atomic_init_u64(&bucket, 0);
    }
    strlcpy(statistics->slots()->component, "other", component_size);
    strlcpy(statistics->slots()->operation, "other", operation_size);
}

constinit SharedBlock block("steward statistics 2", size_of(spare_slots), initialise);

Statistics &statistics_in_block() {
    return *static_cast<Statistics *>(block.memory());
}

/// A user who cancels, or an administrator who ends the session (as the leader of a cancelled parallel query
/// ends its workers), is no fault of the function.
Status failure() noexcept {
    return last_error.sqlstate == ERRCODE_QUERY_CANCELED || last_error.sqlstate == ERRCODE_ADMIN_SHUTDOWN
               ? Status::cancelled
               : Status::error;
}

void settle(const RunningCall &call, bool failed) noexcept {
    if (call.begun != 0) {
        std::uint64_t const end = failed && last_error.time > call.begun ? last_error.time : now_ns();
        count_duration(*call.tally, end - call.begun);
    }
    // Without an error of the transaction, operation_end was merely forgotten.
    count_call(*call.tally, failed || call.token == 0 ? failure() : Status::ok);
}

RunningCall *first_call() noexcept {
    return measurement.running.data();
}

/// A procedure may commit while it runs: what it has begun goes on.
RunningCall *first_to_end_at_commit() noexcept {
    if (!SPI_inside_nonatomic_context())
        return first_call();
    RunningCall *call = measurement.top;
    while (call > first_call() && call[-1].token == 0)
        --call;
    return call;
}

void at_transaction_end(XactEvent event, void *) noexcept {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PREPARE:
        settle_calls(first_to_end_at_commit(), false);
        break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
        settle_calls(first_call(), true);
        break;
    default:
        return;
    }
    for (RunningCall *call = first_call(); call < measurement.top; ++call)
        call->level = 1;
    measurement.level = 1;
    last_error = {};
    flush_measurement();
}

void at_subtransaction_end(SubXactEvent event, SubTransactionId, SubTransactionId, void *) noexcept {
    int const level = GetCurrentTransactionNestLevel();
    RunningCall *first = measurement.top;
    while (first > first_call() && first[-1].level >= level)
        --first;
    switch (event) {
    case SUBXACT_EVENT_START_SUB:
        measurement.level = level;
        return;
    case SUBXACT_EVENT_COMMIT_SUB:
        for (RunningCall *call = first; call < measurement.top; ++call)
            call->level = level - 1;
        break;
    case SUBXACT_EVENT_ABORT_SUB:
        settle_calls(first, true);
        break;
    default:
        return;
    }
    measurement.level = level - 1;
}

int find_slot(Statistics &statistics, std::uint32_t used, const char *component, const char *operation) {
    for (std::uint32_t i = 0; i < used; ++i) {
        const OperationSlot &slot = statistics.slots()[i];
        if (strcmp(slot.operation, operation) == 0 && strcmp(slot.component, component) == 0)
            return static_cast<int>(i);
    }
    return -1;
}

/// Under the lock of the block.
int take_slot(Statistics &statistics, const char *component, const char *operation, bool begun) {
    std::uint32_t const used = pg_atomic_read_u32(&statistics.used);
    int const found = find_slot(statistics, used, component, operation);
    if (found >= 0)
        return found;
    if (used == statistics.room || (begun && statistics.begun == statistics.room / 2))
        return 0;
    strlcpy(statistics.slots()[used].component, component, component_size);
    strlcpy(statistics.slots()[used].operation, operation, operation_size);
    statistics.begun += begun ? 1 : 0;
    pg_write_barrier(); // the names stand before anybody reads them
    pg_atomic_write_u32(&statistics.used, used + 1);
    return static_cast<int>(used);
}

void add(pg_atomic_uint64 &shared_number, std::uint64_t more) noexcept {
    if (more != 0)
        pg_atomic_fetch_add_u64(&shared_number, static_cast<std::int64_t>(more));
}

/// Each call of a status was the first one at some time, so a tally that is not marked is empty.
void pass_on(Tally &tally, OperationSlot &slot) noexcept {
    for (std::size_t status = 0; status < statuses; ++status)
        add(slot.calls[status], tally.calls[status]);
    add(slot.nanoseconds, tally.nanoseconds);
    for (; tally.touched != 0; tally.touched &= tally.touched - 1) {
        auto const bucket = static_cast<std::size_t>(std::countr_zero(tally.touched));
        add(slot.buckets[bucket], tally.buckets[bucket]);
        tally.buckets[bucket] = 0;
    }
    tally.calls = {};
    tally.nanoseconds = 0;
}

} // namespace

void note_error(void *) {
    int const sqlstate = geterrcode();
    switch (ERRCODE_TO_CATEGORY(sqlstate)) {
    case MAKE_SQLSTATE('0', '0', '0', '0', '0'):
    case MAKE_SQLSTATE('0', '1', '0', '0', '0'):
    case MAKE_SQLSTATE('0', '2', '0', '0', '0'):
        return; // a message or a warning
    default:
        last_error = {sqlstate, now_ns()};
    }
}

SharedBlock &statistics_block() noexcept {
    room = operation_slots;
    block.resize(size_of(room));
    room_of_server() = room;
    return block;
}

void adopt_statistics_room() {
    if (room_of_server() != 0) {
        room = static_cast<std::uint32_t>(room_of_server());
        block.resize(size_of(room));
    }
}

Statistics *shared_statistics() {
    return block.available() ? &statistics_in_block() : nullptr;
}

void set_sample_rate(double rate) noexcept {
    measurement.sampler.set_rate(rate);
}

void start_measurement() {
    if (measurement.top != nullptr)
        return;
    measurement.top = first_call();
    measurement.level = GetCurrentTransactionNestLevel();
    measurement.sampler.seed(static_cast<std::uint64_t>(GetCurrentTimestamp()) * 2654435761U +
                             static_cast<std::uint64_t>(MyProcPid));
    for (RunningCall &call : measurement.running)
        call.context.callback = note_error;
    RegisterXactCallback(at_transaction_end, nullptr);
    RegisterSubXactCallback(at_subtransaction_end, nullptr);
}

Tally *find_tally(const char *component, const char *operation, bool begun) {
    Statistics *const statistics = shared_statistics();
    if (statistics == nullptr)
        return &measurement.tallies.back();
    std::uint32_t const used = pg_atomic_read_u32(&statistics->used);
    pg_read_barrier();
    int const found = find_slot(*statistics, used, component, operation);
    if (found >= 0)
        return &measurement.tallies[static_cast<std::size_t>(found)];
    LWLockAcquire(block.lock(), LW_EXCLUSIVE);
    int const taken = take_slot(*statistics, component, operation, begun);
    LWLockRelease(block.lock());
    return &measurement.tallies[static_cast<std::size_t>(taken)];
}

void register_operation(Operation &operation) {
    start_measurement();
    operation.tally = find_tally(operation.component, operation.name, false);
}

std::uint64_t now_ns() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1000000000U + static_cast<std::uint64_t>(time.tv_nsec);
}

void count_duration(Tally &tally, std::uint64_t nanoseconds) noexcept {
    std::size_t const bucket = core::duration_bucket(nanoseconds);
    ++tally.buckets[bucket];
    tally.touched |= std::uint64_t{1} << bucket;
    tally.nanoseconds += nanoseconds;
}

void settle_calls(const RunningCall *first, bool failed) noexcept {
    while (measurement.top > first)
        settle(*--measurement.top, failed);
}

void mark_tally(const Tally &tally, std::uint64_t calls) noexcept {
    auto const place = static_cast<std::size_t>(&tally - measurement.tallies.data());
    dirty[place / word_bits] |= std::uint64_t{1} << place % word_bits;
    if (calls > 1)
        flush_measurement();
}

void flush_measurement() noexcept {
    dirty.back() &= (std::uint64_t{1} << operation_slots % word_bits) -
                    1; // without the one that has no slot: for the others the block is there
    for (std::size_t word = 0; word < dirty.size(); ++word)
        for (; dirty[word] != 0; dirty[word] &= dirty[word] - 1) {
            std::size_t const slot =
                word * word_bits + static_cast<std::size_t>(std::countr_zero(dirty[word]));
            pass_on(measurement.tallies[slot], statistics_in_block().slots()[slot]);
        }
}

} // namespace steward
