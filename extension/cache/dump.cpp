// The file is read once and gone then, so that no crash finds an old one. It holds, each with its size before
// it:
//
//     head | namespace or entry ... | end, with a CRC-32C of all before
//
// Whatever does not fit, by version, system or checksum, is as if there were no file.
#include "extension/cache/dump.hpp"

#include "extension/cache/memory.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *file_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_steward_cache";
constexpr const char *new_file_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_steward_cache.new";
constexpr std::uint64_t magic = 0x3145484341435753; // "SWCACHE1"
constexpr std::uint32_t most_record = 1 << 30;

shmem_startup_hook_type next_startup_hook = nullptr;

enum class Kind : std::uint32_t { head, space, entry, end };

struct Head {
    std::uint64_t magic;
    std::uint64_t system;
};

struct SpaceRecord {
    std::uint32_t pool;
    Oid database;
    core::Limits limits;
    core::Time stale_for;
    char name[namespace_size];
};

/// The key and the value follow.
struct EntryRecord {
    TimestampTz expires; ///< DT_NOEND for never
    std::uint32_t pool;
    std::uint32_t cost;
    std::uint32_t hits;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint8_t type;
    std::uint8_t uses;
    core::Line line;
};

/// Writes records. Raises no error: at the end of the server nobody could handle it.
class Writer {
  public:
    explicit Writer(FILE *file) noexcept : file_(file) { INIT_CRC32C(crc_); }

    void begin(Kind kind, std::size_t size) noexcept {
        put(&kind, sizeof kind);
        auto const bytes = static_cast<std::uint32_t>(size);
        put(&bytes, sizeof bytes);
    }
    void put(const void *bytes, std::size_t size) noexcept {
        COMP_CRC32C(crc_, bytes, size);
        is_good_ = is_good_ && fwrite(bytes, 1, size, file_) == size;
    }
    template <class Record> void record(Kind kind, const Record &record) noexcept {
        begin(kind, sizeof record);
        put(&record, sizeof record);
    }
    bool end() noexcept {
        begin(Kind::end, 0);
        pg_crc32c crc = crc_;
        FIN_CRC32C(crc);
        return is_good_ && fwrite(&crc, sizeof crc, 1, file_) == 1 && fflush(file_) == 0;
    }
    bool is_good() const noexcept { return is_good_; }

  private:
    FILE *file_;
    pg_crc32c crc_;
    bool is_good_ = true;
};

/// Memory that grows without raising an error.
class Buffer {
  public:
    ~Buffer() { free(bytes_); }
    std::byte *of(std::size_t size) noexcept {
        if (size > size_) {
            free(bytes_);
            bytes_ = static_cast<std::byte *>(malloc(size));
            size_ = bytes_ == nullptr ? 0 : size;
        }
        return bytes_;
    }

  private:
    std::byte *bytes_ = nullptr;
    std::size_t size_ = 0;
};

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
        strlcpy(record.name, holder_of(pool).name, namespace_size);
        writer.record(Kind::space, record);
    }
}

/// What bears a stamp depends on counters that the next start begins anew.
void write_entry(Writer &writer, Buffer &buffer, const core::Entries &entries, core::Place place) {
    const core::Entry &entry = entries.at(place);
    std::byte *const bytes = buffer.of(std::max<std::size_t>(1, entry.key_size + entry.value_size));
    if (bytes == nullptr || entry.stamps_size > 0 || !is_kept(entry.node.pool))
        return;
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
    entries.read_key(place, bytes);
    entries.read_value(place, bytes + entry.key_size);
    writer.begin(Kind::entry, sizeof record + entry.key_size + entry.value_size);
    writer.put(&record, sizeof record);
    writer.put(bytes, entry.key_size + entry.value_size);
}

bool write_all(FILE *file) {
    Writer writer(file);
    Buffer buffer;
    core::Time const time = now();
    writer.record(Kind::head, Head{magic, GetSystemIdentifier()});
    write_spaces(writer);
    for (std::size_t bucket = 0; bucket < store().buckets() && writer.is_good(); ++bucket)
        store().each(bucket, [&](const core::Entries &entries, core::Place place) {
            if (!store().is_dead(entries.at(place), time))
                write_entry(writer, buffer, entries, place);
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
    if (FreeFile(file) != 0 || !is_written) {
        complain("write");
        unlink(new_file_name);
        return;
    }
    (void)durable_rename(new_file_name, file_name, LOG);
}

/// Reads records, and sums up what was read.
class Reader {
  public:
    explicit Reader(FILE *file) noexcept : file_(file) { INIT_CRC32C(crc_); }

    /// The next one, into memory of this; false at the end, and where the file is not as it was written.
    bool next(Kind &kind, std::span<std::byte> &bytes) noexcept {
        std::uint32_t size = 0;
        if (!get(&kind, sizeof kind) || !get(&size, sizeof size) || size > most_record)
            return false;
        std::byte *const memory = buffer_.of(std::max<std::uint32_t>(1, size));
        bytes = {memory, size};
        return memory != nullptr && get(memory, size) && kind != Kind::end;
    }
    /// Whether the checksum follows that everything read so far has.
    bool has_sum() noexcept {
        pg_crc32c crc = crc_;
        FIN_CRC32C(crc);
        pg_crc32c written = 0;
        return fread(&written, sizeof written, 1, file_) == 1 && EQ_CRC32C(crc, written);
    }

  private:
    bool get(void *to, std::size_t size) noexcept {
        if (fread(to, 1, size, file_) != size)
            return false;
        COMP_CRC32C(crc_, to, size);
        return true;
    }

    FILE *file_;
    pg_crc32c crc_;
    Buffer buffer_;
};

template <class Record> bool read_record(std::span<const std::byte> bytes, Record &record) noexcept {
    if (bytes.size() < sizeof record)
        return false;
    memcpy(&record, bytes.data(), sizeof record);
    return true;
}

/// The whole file is looked at before anything of it is believed.
bool is_sound(FILE *file) {
    Reader reader(file);
    Kind kind{};
    std::span<std::byte> bytes;
    Head head{};
    if (!reader.next(kind, bytes) || kind != Kind::head || !read_record(bytes, head) || head.magic != magic ||
        head.system != GetSystemIdentifier())
        return false;
    while (reader.next(kind, bytes)) {
    }
    return kind == Kind::end && bytes.empty() && reader.has_sum();
}

using Pools = std::array<std::optional<Held>, most_namespaces>;

void take_space(const SpaceRecord &record, Pools &pools) {
    if (record.pool < pools.size())
        pools[record.pool] = hold_pool({record.database, record.name, true, record.limits, record.stale_for});
}

void take_entry(const EntryRecord &record, std::span<const std::byte> contents, const Pools &pools) {
    if (record.pool >= pools.size() || !pools[record.pool] ||
        contents.size() != std::size_t{record.key_size} + record.value_size)
        return;
    const Held &held = *pools[record.pool];
    std::span const key = contents.first(record.key_size);
    core::Time const expires = record.expires == DT_NOEND ? core::never : time_of(record.expires);
    core::Item const item{
        {hash_of(key, held.incarnation), key},   {},        contents.subspan(record.key_size),
        {expires, record.cost, held.generation}, held.pool, record.type};
    store().restore(item, {record.hits, record.uses, record.line});
}

std::int64_t take_all(FILE *file) {
    Reader reader(file);
    Kind kind{};
    std::span<std::byte> bytes;
    Pools pools{};
    std::int64_t taken = 0;
    while (reader.next(kind, bytes)) {
        SpaceRecord space{};
        EntryRecord entry{};
        if (kind == Kind::space && read_record(bytes, space)) {
            take_space(space, pools);
        } else if (kind == Kind::entry && read_record(bytes, entry)) {
            take_entry(entry, bytes.subspan(sizeof entry), pools);
            ++taken;
        }
    }
    return taken;
}

void read_file() {
    FILE *const file = AllocateFile(file_name, PG_BINARY_R);
    if (file == nullptr) {
        if (errno != ENOENT)
            complain("open");
        return;
    }
    if (is_sound(file)) {
        rewind(file);
        std::int64_t const taken = take_all(file);
        ereport(DEBUG1, errmsg_internal("the cache begins with %lld values", static_cast<long long>(taken)));
    } else {
        ereport(LOG,
                errmsg("file \"%s\" is damaged, or of another server: the cache begins empty", file_name));
    }
    FreeFile(file);
    (void)durable_unlink(file_name, LOG);
}

/// Whether the last checkpoint was that of a shutdown: after an immediate stop somebody may have died with a
/// lock in hand, and nobody knows what state the memory is in.
bool has_ended_well() {
    bool is_sound = false;
    ControlFileData const *const control = get_controlfile(DataDir, &is_sound);
    return is_sound && (control->state == DB_SHUTDOWNED || control->state == DB_SHUTDOWNED_IN_RECOVERY);
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
