#include "extension/jobs/state.hpp"

extern "C" {
#include "common/hashfn.h"
#include "utils/acl.h"
#include "utils/timestamp.h"
}

namespace steward::jobs {

namespace {

constinit Shared<State> shared("steward jobs 1", [](void *memory) {
    auto *const state = static_cast<State *>(memory);
    state->boot = GetCurrentTimestamp();
});

} // namespace

SharedBlock &block() noexcept {
    return shared.block();
}

State &state() {
    if (!shared.block().available())
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the server has no room left for the queues of pg_steward"),
                errhint("Add pg_steward to shared_preload_libraries and restart the server."));
    return shared.get();
}

bool may_act_for(Oid owner) {
    return owner == GetUserId() || has_privs_of_role(GetUserId(), owner) ||
           has_bypassrls_privilege(GetUserId());
}

Line line_of(Oid owner, std::string_view queue, char runner) noexcept {
    auto const *const bytes = reinterpret_cast<const unsigned char *>(queue.data());
    return {MyDatabaseId, owner,
            hash_bytes_extended(bytes, static_cast<int>(queue.size()), static_cast<uint64>(runner))};
}

Cursors &find_cursors(State &state, const Line &line) noexcept {
    std::size_t const set = (line.queue ^ line.owner ^ line.database) % (most_lines / lines_in_set);
    std::span const places(state.cursors + set * lines_in_set, lines_in_set);
    Cursors *oldest = &places[0];
    for (Cursors &one : places) {
        if (one.line == line) {
            one.used = ++state.uses;
            return one;
        }
        if (one.used < oldest->used)
            oldest = &one;
    }
    *oldest = Cursors{line, ++state.uses, 0, 0, {}};
    for (int priority = 0; priority < priorities; ++priority) // nothing is known of it
        set_back(state, *oldest, priority, 1);
    return *oldest;
}

void set_back(State &state, Cursors &cursors, int priority, int64 position) noexcept {
    int64 &place = cursors.positions[static_cast<std::size_t>(priority)];
    place = std::min(place, position - 1);
    cursors.maybe |= 1U << priority;
    cursors.generation = ++state.generation; // what somebody read of the line before does not fit any more
}

void forget_cursors() {
    with_state(LW_EXCLUSIVE, [](State &state) {
        for (Cursors &one : state.cursors)
            for (int priority = 0; priority < priorities && one.line.database == MyDatabaseId; ++priority)
                set_back(state, one, priority, 1);
        state.refreshed = GetCurrentTimestamp();
    });
}

} // namespace steward::jobs
