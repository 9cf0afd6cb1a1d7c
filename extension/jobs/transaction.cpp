#include "extension/jobs/transaction.hpp"

#include "extension/jobs/run.hpp"
#include "worker/wake.hpp"

extern "C" {
#include "access/xact.h"
#include "storage/ipc.h"
}

namespace steward::jobs {

namespace {

struct Note {
    Line line;
    int priority;
    int64 position;
};

/// Notes of different lines and priorities; static, so that an abort has nothing to free.
struct Notes {
    static constexpr int room = 32;
    int count;
    bool overflow; ///< there are more than can be told apart
    Note notes[room];

    void add(const Line &line, int priority, int64 position) noexcept {
        for (Note &one : std::span(notes, static_cast<std::size_t>(count)))
            if (one.priority == priority && one.line == line) {
                one.position = std::min(one.position, position);
                return;
            }
        if (count == room)
            overflow = true;
        else
            notes[count++] = {line, priority, position};
    }
    bool empty() const noexcept { return count == 0; }
    void clear() noexcept {
        count = 0;
        overflow = false;
    }
};

constinit Notes ready{};   ///< by this transaction
constinit Notes claimed{}; ///< by this transaction
constinit Notes taken{};   ///< to be run by this session
bool watching = false;
bool is_held = false;

void set_back_kept(const Notes &notes) {
    if (notes.empty())
        return;
    if (notes.overflow)
        forget_cursors();
    else
        with_state(LW_EXCLUSIVE, [&](State &state) {
            for (const Note &one : std::span(notes.notes, static_cast<std::size_t>(notes.count)))
                set_back(state, find_cursors(state, one.line), one.priority, one.position);
        });
}

void set_back_all(Notes &notes) {
    set_back_kept(notes);
    notes.clear();
}

void end_transaction(XactEvent event) {
    switch (event) {
    case XACT_EVENT_COMMIT:
        claimed.clear();
        set_back_all(ready); // whoever looks from now on sees what was committed
        break;
    case XACT_EVENT_PREPARE: // COMMIT PREPARED has every session look again; what was claimed may be rolled
                             // back
        ready.clear();
        set_back_all(claimed);
        break;
    case XACT_EVENT_ABORT:
        ready.clear();
        if (is_held)
            set_back_all(claimed);
        else
            give_up_taken();
        break;
    default:
        break;
    }
}

void watch() {
    if (watching)
        return;
    RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); }, nullptr);
    RegisterSubXactCallback(
        [](SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
            if (event == SUBXACT_EVENT_ABORT_SUB) // and what stands of it may be undone later
                boundary([] { set_back_kept(claimed); });
        },
        nullptr);
    before_shmem_exit([](int, Datum) { boundary([] { give_up_taken(); }); }, 0);
    watching = true;
}

} // namespace

void give_up_taken() {
    set_back_all(claimed);
    set_back_all(taken);
    leave_run();
}

void ready_at_commit(const Line &line, int priority, int64 position) {
    (void)state(); // what cannot be noted must not be written
    watch();
    ready.add(line, priority, position);
}

void note_taken(const Line &line, int priority, int64 position, bool to_be_run) {
    watch();
    (to_be_run ? taken : claimed).add(line, priority, position);
}

void settle_taken(bool all_done) {
    for (const Note &one : std::span(taken.notes, static_cast<std::size_t>(taken.count)))
        (all_done ? claimed : ready).add(one.line, one.priority, one.position);
    if (taken.overflow)
        (all_done ? claimed : ready).overflow = true;
    taken.clear();
    leave_run();
}

void hold_taken(bool held) noexcept {
    is_held = held;
}

} // namespace steward::jobs
