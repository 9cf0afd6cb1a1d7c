#include "worker/schedule.hpp"

namespace steward {

namespace {

const Candidate *find(Candidates candidates, Oid oid) noexcept {
    auto const place = std::lower_bound(candidates.begin(), candidates.end(), oid,
                                        [](const Candidate &one, Oid wanted) { return one.oid < wanted; });
    return place != candidates.end() && place->oid == oid ? &*place : nullptr;
}

/// The database after `last` that has no entry, going round; nullptr if all have one.
const Candidate *next_unlisted(const WorkerState &state, Candidates candidates, Oid last) noexcept {
    auto const is_unlisted = [&](const Candidate &one) { return find_database(state, one.oid) < 0; };
    auto const middle = std::upper_bound(candidates.begin(), candidates.end(), last,
                                         [](Oid oid, const Candidate &one) { return oid < one.oid; });
    auto place = std::find_if(middle, candidates.end(), is_unlisted);
    if (place != candidates.end())
        return &*place;
    place = std::find_if(candidates.begin(), middle, is_unlisted);
    return place != middle ? &*place : nullptr;
}

/// Room for databases that have no entry: where there is none left they take turns, one giving its place
/// away whenever it would be looked at without anybody having asked.
void admit(WorkerState &state, Candidates candidates, TimestampTz now) noexcept {
    static Oid last = InvalidOid;
    int listed = 0;
    for (Oid const oid : state.oids)
        listed += OidIsValid(oid) ? 1 : 0;
    if (listed >= static_cast<int>(candidates.size()))
        return;
    for (int i = 0; i < most_databases; ++i) {
        const DatabaseState &database = state.databases[i];
        bool const is_idle = !database.dirty && database.wanted == 0 && now >= database.next_due &&
                             running_in(state, state.oids[i]) == 0;
        if (OidIsValid(state.oids[i]) && (listed < most_databases || !is_idle))
            continue;
        const Candidate *const next = next_unlisted(state, candidates, last);
        if (next == nullptr)
            return;
        state.oids[i] = InvalidOid;
        (void)take_database(state, next->oid);
        last = next->oid;
    }
}

/// Ready for a worker of its own, or for one more beside those that run.
bool may_start(const WorkerState &state, int index, TimestampTz now, bool as_helper) noexcept {
    if (!OidIsValid(state.oids[index]) || !is_due(state.databases[index], now) ||
        is_closed(state, state.oids[index]))
        return false;
    int const running = running_in(state, state.oids[index]);
    return as_helper ? running > 0 && state.databases[index].wanted > 0 : running == 0;
}

/// The first entry after `last` that is ready, going round; databases without a worker come first.
int next_ready(const WorkerState &state, TimestampTz now, int last) noexcept {
    for (bool const as_helper : {false, true}) {
        for (int step = 1; step <= most_databases; ++step) {
            int const index = (last + step) % most_databases;
            if (may_start(state, index, now, as_helper))
                return index;
        }
    }
    return -1;
}

} // namespace

bool is_due(const DatabaseState &database, TimestampTz now) noexcept {
    return now >= database.not_before && (database.dirty || database.wanted > 0 || now >= database.next_due);
}

void update_table(WorkerState &state, Candidates candidates, TimestampTz now) noexcept {
    for (int i = 0; i < most_databases; ++i) {
        if (!OidIsValid(state.oids[i]))
            continue;
        DatabaseState &database = state.databases[i];
        const Candidate *const candidate = find(candidates, state.oids[i]);
        if (candidate == nullptr) {
            if (running_in(state, state.oids[i]) == 0)
                state.oids[i] = InvalidOid;
            continue;
        }
        // The clock may have been set back, or the time between two looks made shorter.
        database.next_due = std::min(database.next_due, now + naptime());
        database.not_before = std::min(database.not_before, now + longest_pause);
    }
    admit(state, candidates, now);
    for (const Candidate &candidate : candidates) {
        int const place = candidate.may_connect ? -1 : find_database(state, candidate.oid);
        if (place < 0)
            continue;
        DatabaseState &database = state.databases[place];
        database.presence = Presence::no_connect;
        database.dirty = false;
        database.wanted = 0;
        database.next_due = now + naptime();
    }
}

void skip_due(WorkerState &state, Presence why, TimestampTz now) noexcept {
    for (int i = 0; i < most_databases; ++i) {
        DatabaseState &database = state.databases[i];
        if (!OidIsValid(state.oids[i]) || !is_due(database, now) || running_in(state, state.oids[i]) > 0)
            continue;
        database.presence = why;
        database.dirty = false;
        database.wanted = 0;
        database.next_due = now + naptime();
    }
}

bool choose(WorkerState &state, TimestampTz now, Job &job) noexcept {
    static int last = 0;
    int const limit = std::min(worker_settings.max_workers, most_workers);
    int free = -1;
    int busy = 0;
    for (int i = 0; i < most_workers; ++i) {
        if (state.slots[i].phase != Phase::free)
            ++busy;
        else if (free < 0)
            free = i;
    }
    if (busy >= limit || free < 0)
        return false;
    int const index = next_ready(state, now, last);
    if (index < 0)
        return false;
    last = index;
    DatabaseState &database = state.databases[index];
    database.wanted = std::max(0, database.wanted - 1);
    database.next_due = now + naptime();
    job.database = state.oids[index];
    job.slot = free;
    job.ticket = ++state.tickets;
    state.slots[free] = WorkerSlot{};
    state.slots[free].database = job.database;
    state.slots[free].phase = Phase::starting;
    state.slots[free].ticket = job.ticket;
    return true;
}

TimestampTz next_time(const WorkerState &state, TimestampTz now) noexcept {
    TimestampTz next = DT_NOEND;
    for (int i = 0; i < most_databases; ++i) {
        if (!OidIsValid(state.oids[i]))
            continue;
        const DatabaseState &database = state.databases[i];
        bool const has_work = database.dirty || database.wanted > 0;
        TimestampTz const due =
            has_work ? database.not_before : std::max(database.next_due, database.not_before);
        // What is due already waits for a slot or for the end of a closure, which wake the launcher.
        if (due > now)
            next = std::min(next, due);
    }
    return next;
}

} // namespace steward
