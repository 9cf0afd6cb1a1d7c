// The file is read once and gone then, so that no crash finds an old one. It holds, each with its size before
// it:
//
//     head | namespace, entry or change ... | end, with a CRC-32C of all before
//
// Where it does not fit, by version, system or checksum, nothing is believed, what lies below the memory
// neither. One of a run before the last one tells what was out of date below, and no more.
#include "extension/cache/dump.hpp"

#include "extension/cache/dump_file.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

using namespace dump;

constexpr const char *file_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_steward_cache";
constexpr const char *new_file_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_steward_cache.new";
constexpr std::uint64_t magic = 0x3345484341435753; // "SWCACHE3"

shmem_startup_hook_type next_startup_hook = nullptr;

std::optional<ControlFileData> control_file() {
    bool is_good = false;
    ControlFileData *const control = get_controlfile(DataDir, &is_good);
    ControlFileData const copy = *control;
    pfree(control);
    return is_good ? std::optional(copy) : std::nullopt;
}

/// Whether the last checkpoint was that of a shutdown: after an immediate stop somebody may have died with a
/// lock in hand, and nobody knows what state the memory is in.
bool has_ended_well() {
    auto const control = control_file();
    return control && (control->state == DB_SHUTDOWNED || control->state == DB_SHUTDOWNED_IN_RECOVERY);
}

XLogRecPtr last_checkpoint() {
    auto const control = control_file();
    return control ? control->checkPoint : InvalidXLogRecPtr;
}

bool is_kept(std::size_t pool) noexcept {
    const Holder &holder = holder_of(pool);
    return OidIsValid(holder.database) && holder.is_pure && !holder.retired;
}

void write_spaces(Writer &writer) {
    for (std::size_t pool = 0; pool < most_namespaces; ++pool) {
        if (!is_kept(pool))
            continue;
        const core::Pool &of_store = store().pool(pool);
        SpaceRecord record{};
        record.pool = static_cast<std::uint32_t>(pool);
        record.database = holder_of(pool).database;
        record.limits = of_store.limits();
        record.stale_for = of_store.stale_for();
        record.cleared = pool_notes(pool).cleared;
        strlcpy(record.name, holder_of(pool).name, namespace_size);
        writer.record(Kind::space, record);
    }
}

std::uint16_t slot_of_entry(const core::Entry &entry, std::span<const std::byte> key) noexcept {
    const Holder &holder = holder_of(entry.node.pool);
    return lower_slot_of(holder.name, key, holder.database);
}

/// What is not kept, and is newer than what lies below: that is out of date.
void write_loss(Writer &writer, const core::Entries &entries, core::Place place) {
    const core::Entry &entry = entries.at(place);
    if (entry.writeback == core::Writeback::clean ||
        entry.label.generation != store().pool(entry.node.pool).generation())
        return;
    std::byte key[sizeof(Oid) + most_key_bytes];
    entries.read_key(place, key);
    writer.record(Kind::change, ChangeRecord{next_time(), slot_of_entry(entry, {key, entry.key_size})});
}

/// What bears a stamp depends on counters that the next start begins anew.
void write_entry(Writer &writer, Buffer &buffer, const core::Entries &entries, core::Place place,
                 core::Time time) {
    const core::Entry &entry = entries.at(place);
    if (!is_kept(entry.node.pool))
        return;
    std::byte *const bytes = buffer.of(std::max<std::size_t>(1, entry.key_size + entry.value_size));
    if (bytes == nullptr || entry.stamps_size > 0 || store().is_dead(entry, time)) {
        write_loss(writer, entries, place);
        return;
    }
    EntryRecord record{};
    record.expires = entry.label.expires == core::never ? DT_NOEND : timestamp_of(entry.label.expires);
    record.pool = entry.node.pool;
    record.cost = entry.label.cost;
    record.hits = entry.hits;
    record.key_size = entry.key_size;
    record.value_size = entry.value_size;
    record.type = entry.type;
    record.uses = entry.node.uses;
    record.line = entry.node.line;
    record.is_dirty = entry.writeback != core::Writeback::clean;
    entries.read_key(place, bytes);
    entries.read_value(place, bytes + entry.key_size);
    writer.begin(Kind::entry, sizeof record + entry.key_size + entry.value_size);
    writer.put(&record, sizeof record);
    writer.put(bytes, entry.key_size + entry.value_size);
}

void write_changes(Writer &writer) {
    for (std::size_t i = 0; i < lower_slots; ++i)
        if (TimestampTz const outdated = lower_slot(static_cast<std::uint16_t>(i)).outdated; outdated != 0)
            writer.record(Kind::change, ChangeRecord{outdated, static_cast<std::uint16_t>(i)});
}

bool write_all(FILE *file) {
    Writer writer(file);
    Buffer buffer;
    core::Time const time = now();
    writer.record(Kind::head, Head{magic, GetSystemIdentifier(), last_checkpoint(), next_time()});
    write_spaces(writer);
    write_changes(writer);
    for (std::size_t bucket = 0; bucket < store().buckets() && writer.is_good(); ++bucket)
        store().each(bucket, [&](const core::Entries &entries, core::Place place) {
            write_entry(writer, buffer, entries, place, time);
            return true;
        });
    return writer.end();
}

void complain(const char *what) {
    ereport(LOG, errcode_for_file_access(), errmsg("could not %s file \"%s\": %m", what, file_name));
}

void write_file() {
    FILE *const file = AllocateFile(new_file_name, PG_BINARY_W);
    if (file == nullptr) {
        complain("create");
        return;
    }
    bool const is_written = write_all(file);
    if (FreeFile(file) != 0 || !is_written)
        complain("write"); // what there is of it says at least that something is missing
    (void)durable_rename(new_file_name, file_name, LOG);
}

/// The whole file is looked at before anything of it is believed.
bool is_sound(FILE *file, Head &head) {
    Reader reader(file);
    Kind kind{};
    std::span<std::byte> bytes;
    if (!reader.next(kind, bytes) || kind != Kind::head || !read_record(bytes, head) || head.magic != magic ||
        head.system != GetSystemIdentifier())
        return false;
    while (reader.next(kind, bytes)) {
    }
    return kind == Kind::end && bytes.empty() && reader.has_sum();
}

using Pools = std::array<std::optional<Held>, most_namespaces>;

void take_space(const SpaceRecord &record, Pools &pools) {
    if (record.pool >= pools.size())
        return;
    pools[record.pool] = hold_pool({record.database, record.name, true, record.limits, record.stale_for});
    if (pools[record.pool])
        pool_notes(pools[record.pool]->pool).cleared = record.cleared;
}

/// One that is not taken makes those below out of date that are from before the file was written.
void take_entry(const EntryRecord &record, std::span<const std::byte> contents, const Pools &pools,
                bool is_believed, TimestampTz written) {
    if (record.pool >= pools.size() || !pools[record.pool] ||
        contents.size() != std::size_t{record.key_size} + record.value_size)
        return;
    const Held &held = *pools[record.pool];
    std::span const key = contents.first(record.key_size);
    core::Time const expires = record.expires == DT_NOEND ? core::never : time_of(record.expires);
    core::Item const item{{hash_of(key, held.incarnation), key},
                          {},
                          contents.subspan(record.key_size),
                          {expires, record.cost, held.generation},
                          held.pool,
                          record.type,
                          record.is_dirty ? core::Writeback::dirty : core::Writeback::clean};
    bool const is_back =
        is_believed && store().restore(item, {record.hits, record.uses, record.line}) == core::Put::stored;
    if (record.is_dirty && !is_back)
        outdate(lower_slot(lower_slot_of(holder_of(held.pool).name, key, holder_of(held.pool).database)),
                written);
    if (record.is_dirty) // of which the duties hear when they begin
        pool_notes(held.pool).is_save_asked = true;
}

std::int64_t take_all(FILE *file, const Head &head) {
    // Whoever had no memory has written to the tables alone.
    bool const is_of_last_run = has_ended_well() && head.checkpoint == last_checkpoint();
    Reader reader(file);
    Kind kind{};
    std::span<std::byte> bytes;
    Pools pools{};
    std::int64_t taken = 0;
    while (reader.next(kind, bytes)) {
        SpaceRecord space{};
        EntryRecord entry{};
        ChangeRecord change{};
        if (kind == Kind::space && read_record(bytes, space)) {
            take_space(space, pools);
        } else if (kind == Kind::entry && read_record(bytes, entry)) {
            take_entry(entry, bytes.subspan(sizeof entry), pools, is_of_last_run, head.written);
            ++taken;
        } else if (kind == Kind::change && read_record(bytes, change)) {
            outdate(lower_slot(change.slot), change.outdated);
        }
    }
    return taken;
}

/// There were dirty entries, and nobody knows of what.
void outdate_all() noexcept {
    for (std::size_t i = 0; i < lower_slots; ++i)
        outdate(lower_slot(static_cast<std::uint16_t>(i)), next_time());
}

void read_file() {
    FILE *const file = AllocateFile(file_name, PG_BINARY_R);
    if (file == nullptr) {
        if (errno != ENOENT)
            complain("open");
        return;
    }
    if (Head head{}; is_sound(file, head)) {
        rewind(file);
        std::int64_t const taken = take_all(file, head);
        ereport(DEBUG1, errmsg_internal("the cache begins with %lld values", static_cast<long long>(taken)));
    } else {
        ereport(LOG,
                errmsg("file \"%s\" is damaged, or of another server: the cache begins empty", file_name));
        outdate_all();
    }
    FreeFile(file);
    (void)durable_unlink(file_name, LOG);
}

void at_end(int code) {
    if (code == 0 && has_memory() && has_ended_well())
        write_file();
}

void at_start() {
    if (next_startup_hook != nullptr)
        next_startup_hook();
    if (IsUnderPostmaster || !has_memory())
        return;
    on_shmem_exit([](int code, Datum) { boundary([=] { at_end(code); }); }, Datum{0});
    read_file();
}

} // namespace

void keep_over_restarts() {
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = [] { boundary([] { at_start(); }); };
}

} // namespace steward::cache
