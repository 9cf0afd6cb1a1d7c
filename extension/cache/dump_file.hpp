// What the file consists of that the cache leaves behind when the server ends.
#pragma once

#include "extension/cache/lower.hpp"

extern "C" {
#include "access/xlogdefs.h"
#include "port/pg_crc32c.h"
}

namespace steward::cache::dump {

constexpr std::uint32_t most_record = 1 << 30;

enum class Kind : std::uint32_t { head, space, entry, change, end };

struct Head {
    std::uint64_t magic;
    std::uint64_t system;
    XLogRecPtr checkpoint; ///< the last one: nobody has used the tables since
    TimestampTz written;
};

struct SpaceRecord {
    std::uint32_t pool;
    Oid database;
    core::Limits limits;
    core::Time stale_for;
    TimestampTz cleared;
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
    bool is_dirty;
};

/// What lies below the memory, of keys that fall on a slot, is out of date if it is from before.
struct ChangeRecord {
    TimestampTz outdated;
    std::uint16_t slot;
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

} // namespace steward::cache::dump
