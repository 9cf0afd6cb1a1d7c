#include "extension/cache/transaction.hpp"

#include "extension/cache/mutants.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "replication/logicalworker.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

enum class Phase : std::uint8_t { running, counted };

/// Plain data; what it points to lives as long as the transaction.
struct Transaction {
    Phase phase;
    bool is_used;
    std::uint64_t changed[tag_slots / 64]; ///< a bit for each slot
    std::uint64_t stamped[tag_slots / 64]; ///< slots that a pending value has a stamp of
    Slot *slots;                           ///< those that are changed
    std::size_t count;
    std::size_t room;
    HTAB *keys;
    Pending *newest;
};
constinit Transaction current{};

struct KeyId {
    std::uint64_t hash;
    std::uint64_t incarnation;
};
struct KeyPlace {
    KeyId id;
    Pending *newest;
};

bool bit(const std::uint64_t *bits, Slot slot) noexcept {
    return (bits[slot / 64] >> slot % 64 & 1) != 0;
}

void set_bit(std::uint64_t *bits, Slot slot) noexcept {
    bits[slot / 64] |= std::uint64_t{1} << slot % 64;
}

std::span<const Slot> changed_slots() noexcept {
    return {current.slots, current.count};
}

bool may_publish(const Pending &pending) noexcept {
    const Holder &holder = holder_of(pending.pool);
    return holder.incarnation == pending.incarnation && !holder.retired;
}

/// A change of its own counts once; anybody else's makes the value worthless.
void adjust_to_own_changes(Pending &pending) noexcept {
    for (Stamp &stamp : pending.stamps.all())
        if (is_changed_here(stamp.slot))
            ++stamp.generation;
}

void publish(const Pending &pending) noexcept {
    if (pending.level == 0 || !may_publish(pending))
        return;
    core::Key const key{pending.hash, pending.key};
    if (pending.is_removed) {
        store().remove(pending.pool, key, now());
        return;
    }
    if (!pending.stamps.hold())
        return;
    core::Item item{key, pending.stamps.bytes(), {}, pending.label, pending.pool, pending.type};
    if (pending.value != nullptr)
        item.value = {reinterpret_cast<const std::byte *>(VARDATA_ANY(pending.value)),
                      VARSIZE_ANY_EXHDR(pending.value)};
    store().put(item);
}

/// Oldest first, so that the newest of a key stays.
void publish_all() noexcept {
    Pending *oldest = nullptr;
    for (Pending *next = current.newest; next != nullptr;) {
        Pending *const older = next->older;
        next->older = oldest;
        oldest = next;
        next = older;
    }
    for (Pending *pending = oldest; pending != nullptr; pending = pending->older)
        publish(*pending);
}

/// Nobody may see what the transaction has changed before every slot has counted it.
void count_changes() {
    if (IsLogicalWorker() && TransactionIdIsValid(GetTopTransactionIdIfAny()))
        change_all_at_commit(); // it writes without the executor, so nobody knows which tables
    if (mutant == Mutant::change_at_call || mutant == Mutant::change_after_commit)
        return;
    for (Slot const slot : changed_slots())
        begin_change(slot);
    current.phase = Phase::counted;
    for (Pending *pending = current.newest; pending != nullptr; pending = pending->older)
        adjust_to_own_changes(*pending);
}

void end(void (*settle)(Slot)) {
    if (current.phase == Phase::counted)
        for (Slot const slot : changed_slots())
            settle(slot);
    if (current.newest != nullptr)
        memset(current.stamped, 0, sizeof current.stamped);
    for (Slot const slot : changed_slots())
        current.changed[slot / 64] = 0;
    current.phase = Phase::running;
    current.is_used = false;
    current.count = current.room = 0;
    current.slots = nullptr;
    current.keys = nullptr;
    current.newest = nullptr;
}

void prepare(Slot slot) {
    prepare_change(slot, U64FromFullTransactionId(GetTopFullTransactionIdIfAny()));
}

void end_transaction(XactEvent event) {
    if (!current.is_used && !(event == XACT_EVENT_PRE_COMMIT && IsLogicalWorker()))
        return;
    switch (event) {
    case XACT_EVENT_PRE_PREPARE:
        if (mutant != Mutant::ignore_prepared)
            count_changes();
        break;
    case XACT_EVENT_PRE_COMMIT:
        count_changes();
        break;
    case XACT_EVENT_COMMIT:
        if (mutant == Mutant::change_after_commit)
            for (Slot const slot : changed_slots()) {
                begin_change(slot);
                complete_change(slot);
            }
        publish_all();
        end([](Slot slot) { complete_change(slot); });
        break;
    case XACT_EVENT_PREPARE:
        end([](Slot slot) { prepare(slot); });
        break;
    case XACT_EVENT_ABORT:
        end([](Slot slot) { withdraw_change(slot); });
        break;
    default:
        break;
    }
}

/// Levels do not grow towards the older ones.
void end_subtransaction(SubXactEvent event) {
    int const level = GetCurrentTransactionNestLevel();
    if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
        return;
    for (Pending *pending = current.newest; pending != nullptr; pending = pending->older) {
        if (pending->level == 0)
            continue;
        if (pending->level < level)
            break;
        pending->level = event == SUBXACT_EVENT_ABORT_SUB ? 0 : level - 1;
    }
}

void drop_stamped(Slot slot) {
    for (Pending *pending = current.newest; pending != nullptr; pending = pending->older)
        if (!pending->is_removed && pending->stamps.has(slot))
            pending->level = 0;
}

void use_transaction() {
    watch_transactions();
    current.is_used = true;
}

/// The place for another slot, so that noting it cannot fail half-way.
void make_room() {
    if (current.count < current.room)
        return;
    std::size_t const room = std::max<std::size_t>(16, current.room * 2);
    auto *const slots = static_cast<Slot *>(MemoryContextAlloc(TopTransactionContext, room * sizeof(Slot)));
    std::copy_n(current.slots, current.count, slots);
    current.slots = slots;
    current.room = room;
}

void note_change(Slot slot) {
    use_transaction();
    if (is_changed_here(slot))
        return;
    make_room();
    current.slots[current.count++] = slot;
    set_bit(current.changed, slot);
    if (current.phase == Phase::counted) // what another library does when it hears of the commit
        begin_change(slot);
    if (mutant == Mutant::change_at_call) {
        begin_change(slot);
        complete_change(slot);
    }
}

HTAB *keys() {
    if (current.keys == nullptr) {
        HASHCTL control{};
        control.keysize = sizeof(KeyId);
        control.entrysize = sizeof(KeyPlace);
        control.hcxt = TopTransactionContext;
        current.keys =
            hash_create("steward cache pending", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    return current.keys;
}

Pending *new_pending(const Namespace &space, core::Key key) {
    use_transaction();
    KeyId const id{key.hash, space.held.incarnation};
    bool is_known = false;
    auto *const place = static_cast<KeyPlace *>(hash_search(keys(), &id, HASH_ENTER, &is_known));
    if (!is_known)
        place->newest = nullptr;
    auto *const pending = static_cast<Pending *>(palloc0(sizeof(Pending) + key.bytes.size()));
    auto *const bytes = reinterpret_cast<std::byte *>(pending + 1);
    std::copy(key.bytes.begin(), key.bytes.end(), bytes);
    pending->pool = space.held.pool;
    pending->incarnation = space.held.incarnation;
    pending->hash = key.hash;
    pending->key = {bytes, key.bytes.size()};
    pending->older_of_key = place->newest;
    return pending;
}

/// Only what is complete can be found.
void enlist(Pending *pending) {
    KeyId const id{pending->hash, pending->incarnation};
    auto *const place = static_cast<KeyPlace *>(hash_search(current.keys, &id, HASH_FIND, nullptr));
    pending->level = GetCurrentTransactionNestLevel();
    pending->older = current.newest;
    current.newest = pending;
    place->newest = pending;
    for (const Stamp &stamp : pending->stamps.all())
        set_bit(current.stamped, stamp.slot);
}

} // namespace

void watch_transactions() {
    static bool const is_watching = [] {
        RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); },
                             nullptr);
        RegisterSubXactCallback([](SubXactEvent event, SubTransactionId, SubTransactionId,
                                   void *) { boundary([&] { end_subtransaction(event); }); },
                                nullptr);
        return true;
    }();
    (void)is_watching;
}

void change_key_at_commit(Slot slot) {
    note_change(slot);
}

void change_all_at_commit(bool of_every_database) {
    for (std::size_t pool = 0; has_memory() && pool < most_namespaces; ++pool) {
        const Holder &holder = holder_of(pool);
        if (OidIsValid(holder.database) && (of_every_database || holder.database == MyDatabaseId))
            change_at_commit(slot_of(TagKind::space, 0, holder.name, holder.database));
    }
}

void change_at_commit(Slot slot) {
    note_change(slot);
    if (bit(current.stamped, slot))
        drop_stamped(slot);
}

bool is_changed_here(Slot slot) noexcept {
    return current.count > 0 && bit(current.changed, slot) && mutant != Mutant::ignore_own_changes;
}

const Pending *find_pending(const Namespace &space, const EntryKey &key) noexcept {
    if (current.keys == nullptr)
        return nullptr;
    core::Key const wanted = key;
    KeyId const id{wanted.hash, space.held.incarnation};
    auto const *const place = static_cast<KeyPlace *>(hash_search(current.keys, &id, HASH_FIND, nullptr));
    const Pending *pending = place == nullptr ? nullptr : place->newest;
    while (pending != nullptr && (pending->level == 0 || !std::ranges::equal(pending->key, wanted.bytes)))
        pending = pending->older_of_key;
    return pending;
}

void publish_at_commit(const Namespace &space, const EntryKey &key, const core::Item &item,
                       const Stamps &stamps) {
    MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
    Pending *const pending = new_pending(space, key);
    pending->label = item.label;
    pending->type = item.type;
    pending->stamps = stamps;
    if ((item.type & null_bit) == 0) {
        pending->value = static_cast<varlena *>(palloc(VARHDRSZ + item.value.size()));
        SET_VARSIZE(pending->value, VARHDRSZ + item.value.size());
        memcpy(VARDATA(pending->value), item.value.data(), item.value.size());
    }
    enlist(pending);
    MemoryContextSwitchTo(caller);
}

void remove_at_commit(const Namespace &space, const EntryKey &key) {
    MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
    Pending *const pending = new_pending(space, key);
    pending->is_removed = true;
    enlist(pending);
    MemoryContextSwitchTo(caller);
}

} // namespace steward::cache
