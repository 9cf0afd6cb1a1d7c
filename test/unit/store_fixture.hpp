// A store that threads share, as the tests of stores need it.
#pragma once

#include "core/cache/store.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <vector>

namespace steward::core::cache {

/// Locks of threads; counts the dirty entries that are lost.
class ThreadLocks final : public Locks {
  public:
    explicit ThreadLocks(std::size_t pools) : pools_(pools) {}

    void lock_pool(std::size_t pool) noexcept override { pools_[pool].lock(); }
    bool try_lock_pool(std::size_t pool) noexcept override { return pools_[pool].try_lock(); }
    void unlock_pool(std::size_t pool) noexcept override { pools_[pool].unlock(); }
    void lock_index(std::size_t part, bool exclusive) noexcept override {
        if (exclusive)
            index_[part].lock();
        else
            index_[part].lock_shared();
        is_exclusive_[part] = exclusive; // two readers write the same
    }
    void unlock_index(std::size_t part) noexcept override {
        if (is_exclusive_[part])
            index_[part].unlock();
        else
            index_[part].unlock_shared();
    }
    void lock_arena() noexcept override { arena_.lock(); }
    void unlock_arena() noexcept override { arena_.unlock(); }
    void loses(const Entries &entries, Place place) noexcept override {
        ++lost;
        if (on_loss)
            on_loss(entries, place);
    }

    std::atomic<std::size_t> lost = 0;
    std::function<void(const Entries &, Place)> on_loss; ///< set before there are threads

  private:
    std::vector<std::mutex> pools_;
    std::array<std::shared_mutex, index_parts> index_;
    std::array<std::atomic<bool>, index_parts> is_exclusive_{};
    std::mutex arena_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline Key key_of(std::string_view text) {
    return {std::hash<std::string_view>()(text), bytes_of(text)};
}

struct alignas(64) CacheLine {
    std::byte bytes[64];
};

struct Cache {
    static constexpr std::size_t pools = 4;

    explicit Cache(std::size_t bytes = 1 << 20) : memory(bytes / sizeof(CacheLine)), locks(pools) {
        auto const span = std::as_writable_bytes(std::span(memory));
        Store::format(span, pools);
        store.emplace(span, locks);
    }

    Put put(std::string_view key, std::string_view value, Time expires = never, std::uint16_t pool = 0,
            std::string_view stamps = {}) {
        return store->put({key_of(key),
                           bytes_of(stamps),
                           bytes_of(value),
                           {expires, 7, store->pool(pool).generation()},
                           pool,
                           1});
    }
    std::optional<std::string> get(std::string_view key, Time now = 0, std::size_t pool = 0) {
        std::string value;
        found = store->get(
            pool, key_of(key), now, [](const Entries &, Place) { return true; },
            [&](std::size_t size) {
                value.resize(size + 1); // never null
                return reinterpret_cast<std::byte *>(value.data());
            });
        if (found.hit == Hit::none)
            return std::nullopt;
        value.pop_back();
        return value;
    }
    bool remove(std::string_view key) { return store->remove(0, key_of(key), 0); }
    template <class Condition> std::size_t remove_if(Condition condition) {
        std::size_t removed = 0;
        for (std::size_t bucket = 0; bucket < store->buckets(); ++bucket)
            removed += store->remove_if(bucket, Cause::cleared, condition);
        return removed;
    }
    std::size_t sweep(Time now) {
        return remove_if(
            [&](const Entries &entries, Place place) { return store->is_dead(entries.at(place), now); });
    }

    std::vector<CacheLine> memory;
    ThreadLocks locks;
    std::optional<Store> store;
    Found found;
};

} // namespace steward::core::cache
