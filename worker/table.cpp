// The table of entries against what the catalogs say.
#include "worker/schedule.hpp"

namespace steward {

namespace {

const Candidate *find(Candidates candidates, Oid oid) noexcept {
    auto const place = std::lower_bound(candidates.begin(), candidates.end(), oid,
                                        [](const Candidate &one, Oid wanted) { return one.oid < wanted; });
    return place != candidates.end() && place->oid == oid ? &*place : nullptr;
}

const RoleCandidate *find(RoleCandidates candidates, EntryKey key) noexcept {
    auto const place = std::lower_bound(
        candidates.begin(), candidates.end(), key,
        [](const RoleCandidate &one, EntryKey wanted) { return is_before(one.key, wanted); });
    return place != candidates.end() && place->key == key ? &*place : nullptr;
}

/// The database after `last` that has no entry, going round; nullptr if all have one.
const Candidate *next_unlisted(const WorkerState &state, Candidates candidates, Oid last) noexcept {
    auto const is_unlisted = [&](const Candidate &one) {
        return find_entry(state, {one.oid, InvalidOid}) < 0;
    };
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
    for (int i = duty_places.first; i < duty_places.end; ++i)
        listed += state.keys[i].is_valid() ? 1 : 0;
    if (listed >= static_cast<int>(candidates.size()))
        return;
    for (int i = duty_places.first; i < duty_places.end; ++i) {
        const EntryState &entry = state.entries[i];
        bool const is_idle = !entry.dirty && entry.wanted == 0 && now >= entry.next_due &&
                             workers_of(state, state.keys[i]) == 0;
        if (state.keys[i].is_valid() && (listed < most_databases || !is_idle))
            continue;
        const Candidate *const next = next_unlisted(state, candidates, last);
        if (next == nullptr)
            return;
        state.keys[i] = EntryKey{};
        (void)take_entry(state, {next->oid, InvalidOid});
        last = next->oid;
    }
}

/// Idle workers know nothing of what has changed about their role.
void dismiss_all(WorkerState &state, EntryKey key) noexcept {
    for (WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::idle && slot.key == key)
            dismiss(slot);
}

void refuse_database(WorkerState &state, Oid database, TimestampTz now) noexcept {
    EntryKey const key{database, InvalidOid};
    dismiss_all(state, key);
    int const place = find_entry(state, key);
    if (place < 0)
        return;
    EntryState &entry = state.entries[place];
    entry.presence = Presence::no_connect;
    entry.dirty = false;
    entry.wanted = 0;
    entry.next_due = now + naptime();
}

/// Whose work stays, but is not begun: that the role may work again is seen at the next round.
void refuse_role(EntryState &entry, Presence why, TimestampTz now) noexcept {
    entry.presence = why;
    entry.vetted = false;
    entry.wanted = 0;
    entry.not_before = now + naptime();
}

void admit_role(EntryState &entry, TimestampTz now) noexcept {
    if (entry.presence == Presence::no_role || entry.presence == Presence::no_connect) {
        entry.presence = Presence::unknown;
        entry.not_before = DT_NOBEGIN;
    }
    entry.not_before = std::min(entry.not_before, now + longest_pause);
    entry.vetted = true;
}

} // namespace

void update_duties(WorkerState &state, Candidates candidates, Oid login, TimestampTz now) noexcept {
    for (int i = duty_places.first; i < duty_places.end; ++i) {
        if (!state.keys[i].is_valid())
            continue;
        EntryState &entry = state.entries[i];
        if (find(candidates, state.keys[i].database) == nullptr) {
            dismiss_all(state, state.keys[i]);
            if (workers_of(state, state.keys[i]) == 0)
                state.keys[i] = EntryKey{};
            continue;
        }
        // The clock may have been set back, or the time between two looks made shorter.
        entry.next_due = std::min(entry.next_due, now + naptime());
        entry.not_before = std::min(entry.not_before, now + longest_pause);
    }
    for (WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::idle && !slot.key.is_role() && slot.login != login)
            dismiss(slot);
    admit(state, candidates, now);
    for (const Candidate &candidate : candidates)
        if (!candidate.may_connect)
            refuse_database(state, candidate.oid, now);
}

void update_roles(WorkerState &state, RoleCandidates candidates, TimestampTz now) noexcept {
    for (int i = role_places.first; i < role_places.end; ++i) {
        EntryKey const key = state.keys[i];
        EntryState &entry = state.entries[i];
        const RoleCandidate *const candidate = key.is_valid() ? find(candidates, key) : nullptr;
        if (candidate == nullptr) // it came after the look at the catalogs, and has its own round
            continue;
        if (candidate->verdict == Verdict::fit) {
            admit_role(entry, now);
        } else {
            refuse_role(entry,
                        candidate->verdict == Verdict::no_connect ? Presence::no_connect : Presence::no_role,
                        now);
            dismiss_all(state, key);
        }
        bool const has_work = candidate->verdict != Verdict::gone && (entry.dirty || entry.wanted > 0);
        if (!has_work && workers_of(state, key) == 0)
            state.keys[i] = EntryKey{};
    }
}

void skip_due(WorkerState &state, Presence why, TimestampTz now) noexcept {
    for (int i = duty_places.first; i < duty_places.end; ++i) {
        EntryState &entry = state.entries[i];
        if (!state.keys[i].is_valid() || !is_due(entry, now) || workers_of(state, state.keys[i]) > 0)
            continue;
        entry.presence = why;
        entry.dirty = false;
        entry.wanted = 0;
        entry.next_due = now + naptime();
    }
}

} // namespace steward
